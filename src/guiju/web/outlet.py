"""How an answer gets onto the wire: as ASGI messages, or, where the server is known, straight to its transport.

ASGI asks for a dictionary and a coroutine a piece, and the server looks through every header for characters that cannot
stand in one. Our headers are our own, and a streamed answer has hundreds of pieces: a tenth of an event's CPU.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from uvicorn.protocols.http import httptools_impl

Headers = list[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ATTRIBUTES = (
    *("transport", "flow", "disconnected", "keep_alive", "response_started", "response_complete"),
    *("default_headers", "message_event", "on_response", "scope", "waiting_for_100_continue", "chunked_encoding"),
)


class Outlet(Protocol):
    """Sends one answer."""

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer that is there."""
        ...

    async def start(self, status: int, headers: Headers) -> None:
        """Begin an answer that comes in pieces."""
        ...

    async def piece(self, data: bytes) -> None:
        """Send a piece, once the client has taken enough of what went before."""
        ...

    async def end(self) -> None:
        """Say that all pieces are sent."""
        ...


class AsgiOutlet:
    """For any server."""

    def __init__(self, send: Send) -> None:
        """Send by `send`."""
        self._send = send

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer that is there."""
        headers.append((b"content-length", b"%d" % len(body)))
        await self.start(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Headers) -> None:
        """Begin an answer that comes in pieces."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(self, data: bytes) -> None:
        """Send a piece."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """Say that all pieces are sent."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class DirectOutlet:
    """For uvicorn's own cycle of a request over HTTP/1.1, whose state is kept as its `send` would keep it."""

    def __init__(self, cycle: Any) -> None:  # noqa: ANN401 - uvicorn exports no type for it
        """Send through `cycle`, to which nothing was sent yet."""
        self._cycle = cycle

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send head and body in one write."""
        headers.append((b"content-length", b"%d" % len(body)))
        await self._put(self._head(status, headers) + body)
        self._complete()

    async def start(self, status: int, headers: Headers) -> None:
        """Begin an answer that comes in pieces."""
        self._cycle.chunked_encoding = True
        await self._put(self._head(status, [*headers, (b"transfer-encoding", b"chunked")]))

    async def piece(self, data: bytes) -> None:
        """Send a chunk."""
        if data:
            await self._put(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """Send the last chunk."""
        await self._put(b"0\r\n\r\n")
        self._complete()

    async def _put(self, data: bytes) -> None:
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if not cycle.disconnected:
            cycle.transport.write(data)

    def _head(self, status: int, headers: Headers) -> bytes:
        cycle = self._cycle
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        lines = [httptools_impl.STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == b"connection" and value == b"close":
                cycle.keep_alive = False
        if not cycle.keep_alive and (b"connection", b"close") not in headers:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _complete(self) -> None:
        cycle = self._cycle
        if cycle.disconnected:
            return
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


@functools.cache
def _is_known(kind: Any) -> bool:  # noqa: ANN401 - of a class that uvicorn exports no type for
    """Whether objects of a class are cycles whose state is kept as we know it."""
    if kind is not httptools_impl.RequestResponseCycle:
        return False
    try:
        source = inspect.getsource(kind.__init__)
    except OSError:
        return False
    return all(f"self.{name}" in source for name in _ATTRIBUTES)


def outlet_for(send: Send, headers: Headers) -> Outlet:
    """Return how to send an answer with `headers`: directly where that is known to be the same."""
    cycle: Any = getattr(send, "__self__", None)
    kind: Any = type(cycle)
    if not _is_known(kind) or cycle.response_started or cycle.access_log:
        return AsgiOutlet(send)
    if cycle.scope["method"] != "POST" or cycle.scope["http_version"] != "1.1":
        return AsgiOutlet(send)
    told = b"".join([value for _, value in headers]).decode("latin-1")
    return DirectOutlet(cycle) if told.isprintable() else AsgiOutlet(send)
