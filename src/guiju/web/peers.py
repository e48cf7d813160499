"""Several workers, one /metrics: whichever is asked also asks the others, and says of each series whose it is."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from guiju.web.worker import Worker

_ASK_SECONDS = 2.0
_MOST_BYTES = 16 * 1024 * 1024
_OWN = b"own=1"
_SERIES = re.compile(r"^([A-Za-z_:][A-Za-z0-9_:]*)(\{(.*)\})? (.*)$")
_REQUEST = b"GET /metrics?own=1 HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class WorkersMetrics:
    """Answers /metrics for all workers; each series gets the label `worker`."""

    def __init__(self, worker: Worker, own: App) -> None:
        """Be asked in `worker`, whose own series `own` tells."""
        self._worker = worker
        self._own = own

    def answers(self, scope: Scope) -> bool:
        """Tell whether a request is for all of them."""
        return bool(scope["path"] == "/metrics" and scope["query_string"] != _OWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        texts = await asyncio.gather(*(self._of(number, scope, receive) for number in range(self._worker.count)))
        body = merged(dict(enumerate(texts))).encode()
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    async def _of(self, number: int, scope: Scope, receive: Receive) -> str | None:
        if number != self._worker.number:
            return await ask(self._worker.own_address(number))
        parts: list[bytes] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            parts.append(message.get("body", b""))

        await self._own({**scope, "method": "GET"}, receive, keep)
        return b"".join(parts).decode()


async def ask(address: Path) -> str | None:
    """Return what another worker tells about itself; None where it does not answer."""
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(address))
            try:
                writer.write(_REQUEST)
                answer = await reader.read(_MOST_BYTES)
                while part := await reader.read(_MOST_BYTES - len(answer)):
                    answer += part
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body.decode() if b" 200 " in head.split(b"\r\n", 1)[0] else None


def merged(texts: dict[int, str | None]) -> str:
    """Put the expositions of several workers together: one HELP and TYPE a metric, a label `worker` on each series."""
    comments: dict[str, list[str]] = {}
    series: dict[str, list[str]] = {}
    for worker, text in texts.items():
        name = ""
        for line in (text or "").splitlines():
            if line.startswith("# "):
                name = line.split(" ", 3)[2]
                kept = comments.setdefault(name, [])
                if line not in kept:
                    kept.append(line)
            elif found := _SERIES.match(line):
                labels = f'{found[3]},worker="{worker}"' if found[3] else f'worker="{worker}"'
                series.setdefault(name or found[1], []).append(f"{found[1]}{{{labels}}} {found[4]}")
    up = ["# HELP guiju_worker_up Whether a worker answered.", "# TYPE guiju_worker_up gauge"]
    up += [f'guiju_worker_up{{worker="{worker}"}} {int(text is not None)}' for worker, text in texts.items()]
    lines = [line for name, rows in series.items() for line in (*comments.get(name, ()), *rows)]
    return "\n".join((*lines, *up)) + "\n"
