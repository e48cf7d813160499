"""A model server that speaks the OpenAI protocol on a real socket and misbehaves on demand.

What it does is asked for by the model name, so that one server serves every test: `pieces`, `stall`, `die` …
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.endpoints import form_fields, other_endpoint

_HEAD_JSON = "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
_HEAD_SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Seen:
    """One request as it came, and what became of its connection."""

    body: dict[str, Any]
    headers: dict[str, str]
    path: str = ""
    raw: bytes = b""
    events_sent: int = 0
    client_closed: bool = False
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class UpstreamSimulator:
    """Answers `POST /v1/chat/completions` with `text`, in the manner that the model name says."""

    def __init__(self) -> None:
        self.text = "你好，这是一个回答。"
        self.pause_seconds = 0.0
        self.busy_seconds = 0
        self.pieces: list[str] | None = None
        self.events: list[object] = []
        self.whole: dict[str, Any] | None = None
        self.models = ["m"]
        self.medium = b""
        self.medium_url = ""
        self.answer: dict[str, Any] | None = None
        self.seen: list[Seen] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._asked = asyncio.Event()
        self._held: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in self._held:
                task.cancel()
            await asyncio.gather(*self._held, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def asked(self) -> None:
        """Wait until a request has come."""
        await self._asked.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._held.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._held.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        if head[0].startswith("GET"):
            await _json(writer, 200, {"data": [{"id": name} for name in self.models]})
            return True
        path = head[0].split(" ")[1]
        is_json = "multipart" not in headers.get("content-type", "")
        seen = Seen(json.loads(raw) if is_json else form_fields(raw), headers, path, raw)
        self.seen.append(seen)
        self._asked.set()
        if not path.endswith("/chat/completions") and seen.body["model"] == "m":
            await other_endpoint(writer, path, seen.body, self)
            seen.is_over.set()
            return True
        manner = getattr(self, f"_do_{seen.body['model'].replace('-', '_')}", self._do_pieces)
        watch = asyncio.create_task(_watch(reader, seen))
        try:
            return bool(await manner(writer, seen))
        except ConnectionError:
            seen.client_closed = True
            return False
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            seen.is_over.set()

    def _pieces(self) -> list[str]:
        return self.pieces or list(self.text)

    async def _do_pieces(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send the text one character an event; or whole, when no stream is wanted."""
        if not seen.body.get("stream"):
            await _json(writer, 200, self.whole or _answer(self.text))
            return True
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk(piece) for piece in self._pieces()])
        await self._send(writer, seen, [_chunk("", "stop"), {"choices": [], "usage": _USAGE}])
        await _part(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _do_events(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send `events` as they are."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, self.events)
        await _part(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _do_stall(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send two events and keep silent."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), _chunk("的")])
        await _hold(seen, 30)
        return False

    async def _do_silent(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Accept and never answer."""
        del writer
        await _hold(seen, 30)
        return False

    async def _do_slow(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Let the first byte wait for half a second."""
        await asyncio.sleep(0.5)
        return await self._do_pieces(writer, seen)

    async def _do_die(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send two events and drop the connection."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), _chunk("的")])
        writer.transport.abort()
        return False

    async def _do_end_early(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """End the body properly, without a finish reason and without [DONE]."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), _chunk("的")])
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _do_mid_event(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Drop the connection in the middle of an event, or of a whole answer."""
        if not seen.body.get("stream"):
            data = json.dumps(_answer(self.text)).encode()
            writer.write(_HEAD_JSON.format(status=200, length=len(data)).encode() + data[: len(data) // 2])
        else:
            writer.write(_HEAD_SSE.encode())
            await self._send(writer, seen, [_chunk("好"), _chunk("的")])
            await _part(writer, b'data: {"id": "up", "choices": [{"index": 0, "del')
        await writer.drain()
        writer.close()
        return False

    async def _do_half_utf8(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send the first byte of a character of three, then the end of the event."""
        cut = json.dumps(_chunk("好") if seen.body.get("stream") else _answer("好"), ensure_ascii=False).encode()
        cut = cut.replace("好".encode(), "好".encode()[:1])
        if not seen.body.get("stream"):
            writer.write(_HEAD_JSON.format(status=200, length=len(cut)).encode() + cut)
            await writer.drain()
            return True
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), _chunk("的")])
        await _part(writer, b"data: " + cut + b"\n\n")
        await _hold(seen, 2)
        return False

    async def _do_wrong_type(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Answer with a page."""
        del seen
        return await _text(writer, 200, "<html><body>login, please</body></html>")

    async def _do_flood(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send 100 MB."""
        if not seen.body.get("stream"):
            writer.write(_HEAD_JSON.format(status=200, length=100 * 2**20).encode())
            for _ in range(1600):
                writer.write(b" " * 65536)
                await writer.drain()
            return False
        writer.write(_HEAD_SSE.encode())
        event = {**_chunk("长"), "padding": "x" * 65536}
        for _ in range(1600):
            await self._send(writer, seen, [event])
        return False

    async def _do_half_close(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send two events, then shut the sending side only."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), _chunk("的")])
        writer.write_eof()
        await _hold(seen, 2)
        return False

    async def _do_garbage(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send one event and then no JSON."""
        if not seen.body.get("stream"):
            return await _text(writer, 200, "<html>no json</html>")
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好")])
        await _part(writer, b"data: {broken\n\n")
        await _hold(seen, 2)
        return False

    async def _do_wrong_shape(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send JSON that is no answer."""
        if not seen.body.get("stream"):
            await _json(writer, 200, {"choices": "none"})
            return True
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [{"choices": [{"index": -1, "delta": []}]}])
        await _hold(seen, 2)
        return False

    async def _do_error_500(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        del seen
        return await _text(writer, 500, "Traceback (most recent call last): secret")

    async def _do_busy(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Say 429 with a Retry-After, or answer when there is nothing to wait for."""
        if not self.busy_seconds:
            return await self._do_pieces(writer, seen)
        data = b'{"error": {"message": "secret", "code": "rate_limit_exceeded"}}'
        head = _HEAD_JSON.format(status=429, length=len(data)).replace("\r\n\r\n", "\r\n")
        writer.write(f"{head}Retry-After: {self.busy_seconds}\r\n\r\n".encode() + data)
        await writer.drain()
        return True

    async def _do_error_400(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        del seen
        await _json(writer, 400, {"error": {"message": "secret text", "code": "context_length_exceeded"}})
        return True

    async def _do_huge(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send far more than any answer is."""
        if not seen.body.get("stream"):
            await _json(writer, 200, _answer("长" * 500_000))
            return True
        writer.write(_HEAD_SSE.encode())
        for _ in range(2000):
            await self._send(writer, seen, [_chunk("长" * 500)])
        return False

    async def _do_endless_line(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Send one line that never ends."""
        del seen
        writer.write(_HEAD_SSE.encode())
        for _ in range(200):
            await _part(writer, b"data: " + b"x" * 65536)
        return False

    async def _do_mid_error(self, writer: asyncio.StreamWriter, seen: Seen) -> bool:
        """Report an error in the middle of a stream."""
        writer.write(_HEAD_SSE.encode())
        await self._send(writer, seen, [_chunk("好"), {"error": {"message": "secret"}}])
        await _hold(seen, 2)
        return False

    async def _send(self, writer: asyncio.StreamWriter, seen: Seen, events: list[Any]) -> None:
        for event in events:
            if seen.client_closed:
                raise ConnectionResetError
            await _part(writer, b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
            seen.events_sent += 1
            if self.pause_seconds:
                await asyncio.sleep(self.pause_seconds)


_USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def _chunk(text: str, finish_reason: str | None = None, index: int = 0) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    return {"id": "up", "choices": [{"index": index, "delta": delta, "finish_reason": finish_reason}]}


def _answer(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"id": "up", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": _USAGE}


async def _watch(reader: asyncio.StreamReader, seen: Seen) -> None:
    if not await reader.read(1):
        seen.client_closed = True


async def _hold(seen: Seen, seconds: float) -> None:
    """Keep silent, at most until the client has closed."""
    for _ in range(int(seconds * 100)):
        if seen.client_closed:
            return
        await asyncio.sleep(0.01)


async def _part(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def _json(writer: asyncio.StreamWriter, status: int, value: object) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    writer.write(_HEAD_JSON.format(status=status, length=len(data)).encode() + data)
    await writer.drain()


async def _text(writer: asyncio.StreamWriter, status: int, text: str) -> bool:
    data = text.encode()
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    )
    await writer.drain()
    return True


@asynccontextmanager
async def running_upstream() -> AsyncIterator[UpstreamSimulator]:
    simulator = UpstreamSimulator()
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()
