"""A transcription server: OpenAI's `POST /v1/audio/transcriptions` on a real socket, misbehaving on demand."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Transcription:
    """What the server says, and what it was asked.

    Attributes:
        text: what it claims to have heard.
        manner: `well`, `error`, `garbage`, `endless`, `silent` or `no_text`.
    """

    text: str = "今天天气很好"
    manner: str = "well"
    url: str = ""
    asked: list[dict[str, bytes]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@contextmanager
def transcription_server() -> Iterator[Transcription]:
    """Run the server."""
    told = Transcription()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.keys.append(self.headers.get("Authorization", ""))
            told.asked.append({"path": self.path.encode(), **_fields(body, self.headers["Content-Type"])})
            status, answer = _answer(told)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(told: Transcription) -> tuple[int, bytes]:
    if told.manner == "silent":
        time.sleep(2)
    if told.manner == "error":
        return 500, b'{"error": {"message": "out of memory"}}'
    if told.manner == "garbage":
        return 200, b"\xff not json"
    if told.manner == "endless":
        return 200, b'{"text": "' + b"a" * 5_000_000 + b'"}'
    if told.manner == "no_text":
        return 200, b'{"text": 7}'
    return 200, json.dumps({"text": told.text}, ensure_ascii=False).encode()


def _fields(body: bytes, kind: str) -> dict[str, bytes]:
    boundary = kind.partition("boundary=")[2].encode()
    found: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary):
        head, _, value = part.partition(b"\r\n\r\n")
        if name := re.search(rb'name="(\w+)"', head):
            found[name.group(1).decode()] = value.removesuffix(b"\r\n")
    return found
