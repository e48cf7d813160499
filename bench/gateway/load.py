"""A raw closed-loop client: so many connections, each asks again as soon as it has its answer.

`python bench/gateway/load.py URL_PORT KEY MODEL STREAM CONNECTIONS REQUESTS` prints one JSON line.
"""

import asyncio
import json
import sys
import time

import uvloop


class Client(asyncio.Protocol):
    """One connection that repeats one request."""

    def __init__(self, request: bytes, tally: "Tally") -> None:
        """Ask with `request` and count in `tally`."""
        self.request = request
        self.tally = tally
        self.is_stream = b'"stream": true' in request
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        """Ask once more, or leave when enough was asked."""
        if self.tally.started >= self.tally.wanted:
            self.transport.close()
            return
        self.tally.started += 1
        self.buffer.clear()
        self.began = time.perf_counter()
        self.has_first = False
        # Every question is another one, of the same length: no gateway may answer, or decide, from memory.
        number = (self.tally.first_number + self.tally.started) % 1_000_000
        question = self.request.replace(b"000000", b"%06d" % number)
        self.transport.write(question)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take what came; ask again when it is whole."""
        self.buffer += data
        if not self.has_first and (not self.is_stream or b'"content"' in self.buffer):
            self.has_first = True
            self.tally.first.append(time.perf_counter() - self.began)
        if self.is_stream:
            is_whole = self.buffer.endswith(b"0\r\n\r\n")
        else:
            head = self.buffer.find(b"\r\n\r\n")
            at = self.buffer.lower().find(b"content-length:")
            length = int(self.buffer[at + 15 : self.buffer.find(b"\r\n", at)]) if 0 <= at < head else -1
            is_whole = head >= 0 and length >= 0 and len(self.buffer) >= head + 4 + length
        if is_whole:
            self.finish()

    def finish(self) -> None:
        """Count an answer."""
        if not self.buffer.startswith(b"HTTP/1.1 200"):
            self.tally.errors += 1
            self.tally.sample = bytes(self.buffer[:400]).decode(errors="replace")
        elif self.is_stream and b"[DONE]" not in self.buffer:
            self.tally.errors += 1
        self.tally.events += self.buffer.count(b"data: {")
        self.tally.whole.append(time.perf_counter() - self.began)
        self.tally.finished += 1
        if self.tally.finished >= self.tally.wanted:
            self.tally.over.set()
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that is lost in the middle ends the run."""
        if exc is not None or self.tally.finished < self.tally.started - self.tally.connections:
            self.tally.errors += 1
            self.tally.over.set()


class Tally:
    """What was seen."""

    def __init__(self, wanted: int, connections: int, first_number: int = 0) -> None:
        """Begin at zero; questions are numbered from `first_number` on."""
        self.first_number = first_number
        self.wanted = wanted
        self.connections = connections
        self.started = self.finished = self.errors = self.events = 0
        self.first: list[float] = []
        self.whole: list[float] = []
        self.sample = ""
        self.over = asyncio.Event()


def percentile(values: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2) if ordered else -1.0


async def main(arguments: list[str]) -> None:
    """Run and print."""
    port, key, model, stream = int(arguments[0]), arguments[1], arguments[2], arguments[3] == "stream"
    connections, requests = int(arguments[4]), int(arguments[5])
    body = json.dumps(
        {
            "model": model,
            "stream": stream,
            "messages": [
                {"role": "system", "content": "你是一个有帮助的助手，请用简洁的中文回答问题。"},
                {
                    "role": "user",
                    "content": "请介绍一下服务提供者在内容标识方面的义务，并举一个例子说明。问题编号 000000。",
                },
            ],
        },
        ensure_ascii=False,
    ).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    tally = Tally(requests, connections, int(arguments[6]) if len(arguments) > 6 else 0)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(head.encode() + body, tally), "127.0.0.1", port)
    await asyncio.wait_for(tally.over.wait(), 240)
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "requests": tally.finished,
                "errors": tally.errors,
                "events": tally.events,
                "seconds": round(seconds, 2),
                "per_second": round(tally.finished / seconds, 1),
                "first_p50": percentile(tally.first, 0.5),
                "first_p95": percentile(tally.first, 0.95),
                "whole_p50": percentile(tally.whole, 0.5),
                "whole_p95": percentile(tally.whole, 0.95),
                "sample": tally.sample,
            }
        )
    )


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
