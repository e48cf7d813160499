"""One process that serves the house: the gateway's door for `/v1` and the probes, the browser's door for the rest."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from http import HTTPStatus
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from guiju.bootstrap import FirstRun, House, build_house
from guiju.gateway.service import Gateway
from guiju.kit.clock import BEIJING
from guiju.kit.errors import GuijuError
from guiju.kit.logging import set_up_logging
from guiju.ledger.models import Draft
from guiju.settings import Settings
from guiju.supervision.state_names import StateName
from guiju.web.console_app import console_app
from guiju.web.gateway_app import GatewayApp, settle_memory, share_memory_between_threads, trim_now_and_then
from guiju.web.labels_door import LabelsDoor
from guiju.web.peers import WorkersMetrics
from guiju.web.worker import Worker

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 10

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Server(uvicorn.Server):
    """A server that leaves signals to `serve`: uvicorn would raise them again before the house had stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class Closing:
    """What SIGTERM sets in motion: no new calls, those under way finish, then the port closes; twice, and all end now.

    The port stays open meanwhile, so that probes and callers hear that the house is closing.
    """

    def __init__(self, server: Server, gateway: Gateway, seconds: float) -> None:
        """Close `server` once `gateway` has drained, after `seconds` at the latest."""
        self._server = server
        self._gateway = gateway
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """Begin to close; asked twice, end what is under way."""
        if self._task is None:
            self._task = asyncio.create_task(self._close())
        else:
            self._gateway.cut()

    async def _close(self) -> None:
        _log.info("closing", extra={"seconds": self._seconds})
        if not await self._gateway.drain(self._seconds):
            _log.warning("calls did not finish in time and were ended")
        self._server.should_exit = True


class FrontDoor:
    """Sends each request to the door that serves its path."""

    def __init__(self, house: House, worker: Worker | None = None) -> None:
        """Open both doors to `house`; beside other workers, /metrics tells of all of them."""
        self._gateway = GatewayApp(house.gateway, LabelsDoor(house))
        self._all = WorkersMetrics(worker, self._gateway) if worker is not None else None
        self.browser = console_app(house)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request; it is handed on, not awaited, so that the hot path has no frame of ours in it."""
        if scope["type"] == "http" and self._all is not None and self._all.answers(scope):
            return self._all(scope, receive, send)
        if scope["type"] == "http" and self._gateway.serves(scope["path"]):
            return self._gateway(scope, receive, send)
        return self.browser(scope, receive, send)


async def inspect_portal(house: House, browser: Starlette) -> None:
    """Look at the chat page as a visitor would, and tell supervision what it shows."""
    page = await _visit(browser, "/")
    words = [
        house.law.parameter(f"gb-45438/explicit/{element}", house.clock.now().astimezone(BEIJING).date()).value
        for element in ("artificial-intelligence-element", "generation-element")
    ]
    is_marked = all(any(word in page for word in group) for group in words if isinstance(group, tuple))
    house.readings.portal[StateName.PORTAL_CHAT_MARK] = bool(page) and is_marked
    paths = {route.path for route in browser.routes if isinstance(route, Route)}
    house.readings.portal[StateName.PORTAL_OBJECTION_LINK] = "/objections/{exchange_id}" in paths


async def _visit(app: ASGIApp, path: str) -> str:
    """Return what a GET of `path` shows; "" for anything but a page."""
    status, parts = 0, []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    await app(scope, receive, send)
    return b"".join(parts).decode(errors="replace") if status == HTTPStatus.OK else ""


def reload_policy(house: House) -> None:
    """Take the policy and the keyword library anew, as SIGHUP asks; on an error the old ones stay in force."""
    try:
        policy = house.moderation.reload()
        house.ledger.append(Draft("policy.reloaded", "system", f"policy:{policy.hash}", policy_hash=policy.hash))
        _log.info("policy reloaded", extra={"policy_hash": policy.hash})
    except GuijuError as error:
        _log.error("policy not reloaded, the old one stays: %s", error, extra={"code": error.code})


def greet(settings: Settings, first: FirstRun) -> None:
    """Print where the house answers, and, once, the first key and password."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    address = f"http://{settings.host}:{settings.port}"
    lines = [
        "",
        f"{bold}规矩 Guiju{plain}",
        f"  对话 chat            {address}/",
        f"  控制台 console       {address}/console",
        f"  API                  {address}/v1/chat/completions",
    ]
    if first.api_key:
        lines.append(f"  首个 API 密钥（只显示这一次）/ first API key, shown once:  {bold}{first.api_key}{plain}")
    if first.owner_password:
        lines.append(
            "  首个控制台账号（只显示这一次）/ first console account, shown once:  "
            f"{bold}owner{plain} / {bold}{first.owner_password}{plain}"
        )
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


async def serve(settings: Settings) -> None:
    """Build, start, serve until SIGTERM or SIGINT, and stop in order.

    Raises:
        GuijuError: the house cannot be built or started.
    """
    worker = Worker.of(os.environ)
    house = build_house(settings)
    await house.start()
    try:
        front_door = FrontDoor(house, worker)
        await inspect_portal(house, front_door.browser)
        first = await asyncio.to_thread(house.first_run) if worker is None or worker.greets else None
        server = Server(
            uvicorn.Config(
                front_door,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                interface="asgi3",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
        )
        closing = Closing(server, house.gateway, settings.drain_seconds)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, closing.leave)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, reload_policy, house))
        if first is not None:
            greet(settings, first)
        settle_memory()
        trimming = asyncio.create_task(trim_now_and_then())
        if worker is None:
            await server.serve()
        else:
            worker.watch_life(closing.leave)
            loop.call_soon(worker.say_ready)
            await server.serve(sockets=worker.sockets())
        trimming.cancel()
    finally:
        await house.stop()


def main() -> int:
    """Serve as the environment says; return the exit status."""
    share_memory_between_threads()
    settings = Settings()
    set_up_logging(settings.log_level)
    try:
        uvloop.run(serve(settings))
    except GuijuError as error:
        print(f"{error.zh}\n{error.en}", file=sys.stderr)  # noqa: T201 - the answer to whoever typed the command
        return 2
    except KeyboardInterrupt:
        return 0
    return 0
