"""A client that keeps its connection and takes nothing: after a while it counts as gone, and the model server stops."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
from tests.flows.gateway.house import House, house_in

from guiju.gateway.models import Limits
from guiju.web.gateway_app import GatewayApp


async def ask_and_take(house: House, pieces: int) -> list[dict[str, Any]]:
    """Ask for a stream as a server does, take `pieces` of it, and then nothing more."""
    body = orjson.dumps(house.request(stream=True))
    taken: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.get_running_loop().create_future()  # the connection stays
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        if len(taken) > pieces:
            await asyncio.get_running_loop().create_future()
        taken.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": [(b"authorization", f"Bearer {house.key}".encode())],
    }
    await GatewayApp(house.gateway)(scope, receive, send)
    return taken


async def test_it_is_given_up_and_what_it_took_is_evidenced(tmp_path: Path, sqlite_url: str) -> None:
    async with house_in(tmp_path, sqlite_url, limits=Limits(send_seconds=0.1)) as house:
        house.upstream.text, house.upstream.pause_seconds = "从前有一个故事。" * 100, 0.002
        taken = await asyncio.wait_for(ask_and_take(house, 5), 10)
        assert taken[-1]["more_body"]
        closed = await house.closing()
        assert closed["outcome"] == "client_left"
        await asyncio.wait_for(house.upstream.seen[0].is_over.wait(), 5)
        assert house.upstream.seen[0].events_sent < 800
        assert house.gateway.metrics.value("guiju_exchanges_open") == 0


async def test_one_that_takes_its_time_but_takes_is_not(tmp_path: Path, sqlite_url: str) -> None:
    async with house_in(tmp_path, sqlite_url, limits=Limits(send_seconds=0.2)) as house:
        house.upstream.text, house.upstream.pause_seconds = "慢慢来。" * 10, 0.02
        taken = await asyncio.wait_for(ask_and_take(house, 10_000), 20)
        assert not taken[-1]["more_body"]
        assert (await house.closing())["outcome"] == "answered"
