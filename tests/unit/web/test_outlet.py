"""The short way to the wire says, byte for byte, what the server itself would say."""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from guiju.web import outlet
from guiju.web.outlet import AsgiOutlet, DirectOutlet, Send, outlet_for

Make = Callable[[Send], outlet.Outlet]


def make_app(make: Make, *, pieces: list[bytes] | None, headers: outlet.Headers) -> Callable[..., object]:
    async def app(_scope: object, receive: Callable[..., object], send: Send) -> None:
        await receive()  # type: ignore[misc]
        out = make(send)
        if pieces is None:
            await out.whole(200, list(headers), b"whole body")
            return
        await out.start(200, list(headers))
        for piece in pieces:
            await out.piece(piece)
        await out.end()

    return app


def direct(send: Send) -> outlet.Outlet:
    found = outlet_for(send, [])
    assert isinstance(found, DirectOutlet)
    return found


async def said(app: Callable[..., object], request: bytes, *, times: int = 2) -> bytes:
    """Return what a server with `app` says to so many requests on one connection, without the date."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            http="httptools",
            server_header=False,
            date_header=False,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
                await asyncio.sleep(0.005)
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            for _ in range(times):
                writer.write(request)
            writer.write_eof() if b"close" in request else None
            answer = b""
            while True:
                try:
                    more = await asyncio.wait_for(reader.read(65536), 0.3)
                except TimeoutError:
                    break
                if not more:
                    break
                answer += more
            writer.close()
        finally:
            server.should_exit = True
            await serving
    return answer


REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
HEADERS: outlet.Headers = [(b"content-type", b"text/event-stream"), (b"x-aigc-label", b"{}")]


@pytest.mark.parametrize("pieces", [None, [], [b"data: a\n\n", b"", b"x" * 70_000]], ids=["whole", "none", "pieces"])
@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize("closes", [False, True])
async def test_both_ways_say_the_same(pieces: list[bytes] | None, more: bytes, *, closes: bool) -> None:
    request = REQUEST.replace(b"Host", more + b"Host")
    headers = [*HEADERS, (b"connection", b"close")] if closes else HEADERS
    ours = await said(make_app(direct, pieces=pieces, headers=headers), request)
    theirs = await said(make_app(AsgiOutlet, pieces=pieces, headers=headers), request)
    assert sorted(ours.lower().split(b"\r\n")) == sorted(theirs.lower().split(b"\r\n"))
    assert ours.count(b"HTTP/1.1 200") == (1 if closes or more else 2)
    assert ours.rpartition(b"\r\n\r\n")[2] == theirs.rpartition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "request_", [REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), REQUEST.replace(b"POST", b"GET")], ids=["1.0", "GET"]
)
async def test_what_is_not_known_to_be_the_same_goes_the_long_way(request_: bytes) -> None:
    taken: list[outlet.Outlet] = []

    def make(send: Send) -> outlet.Outlet:
        taken.append(outlet_for(send, HEADERS))
        return taken[-1]

    await said(make_app(make, pieces=None, headers=HEADERS), request_, times=1)
    assert isinstance(taken[0], AsgiOutlet)


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: x=1", b"a\nb", b"a\x00"])
async def test_a_header_that_would_break_the_head_never_goes_the_short_way(value: bytes) -> None:
    taken: list[outlet.Outlet] = []

    def make(send: Send) -> outlet.Outlet:
        taken.append(outlet_for(send, [(b"x-a", value)]))
        return taken[-1]

    answer = await said(make_app(make, pieces=None, headers=[(b"x-a", value)]), REQUEST, times=1)
    assert isinstance(taken[0], AsgiOutlet)
    assert b"set-cookie" not in answer.lower()


def test_a_server_whose_cycle_is_another_is_served_by_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_message: object) -> None:
        return

    assert isinstance(outlet_for(send, HEADERS), AsgiOutlet)
    monkeypatch.setattr(outlet, "_ATTRIBUTES", ("no_such_attribute",))
    outlet._is_known.cache_clear()
    cycle = object.__new__(RequestResponseCycle)
    assert isinstance(outlet_for(cast("Send", cycle.send), HEADERS), AsgiOutlet)
    outlet._is_known.cache_clear()
