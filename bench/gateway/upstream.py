"""A fast model server for measuring: raw uvloop, answers made beforehand.

`python bench/gateway/upstream.py PORT`. The model name chooses the manner: `burst` sends 200 events back to back,
`paced` one every 20 ms; without `stream` the answer is one JSON of about 900 bytes.
"""

import asyncio
import json
import sys

import uvloop

EVENTS = 200
PAUSE_SECONDS = 0.02
_WORDS = "本办法所称生成式人工智能技术是指具有文本图片音频视频等内容生成能力的模型及相关技术提供者应当依法承担责任"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "bench",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    data = b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_PIECES = [_event({"content": _WORDS[at % 40 : at % 40 + 3]}) for at in range(EVENTS)]
_END = _event({}, "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_BURST = _HEAD + b"".join(_PIECES) + _END
_ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": (_WORDS * 5)[:220]},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 220, "total_tokens": 240},
    },
    ensure_ascii=False,
).encode()
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_ANSWER) + _ANSWER
_MODELS = b'{"object":"list","data":[{"id":"burst"},{"id":"paced"},{"id":"whole"}]}'
_LIST = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_MODELS) + _MODELS


class Server(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        """Send what the request asks for."""
        write = self.transport.write  # type: ignore[attr-defined]
        if head.startswith(b"get"):
            write(_LIST)
        elif b'"stream":true' not in body.replace(b" ", b""):
            write(_WHOLE)
        elif b"paced" in body:
            write(_HEAD)
            self.pace(0)
        else:
            write(_BURST)

    def pace(self, at: int) -> None:
        """Send the next event, and the one after it in 20 ms."""
        if self.transport.is_closing():
            return
        if at == EVENTS:
            self.transport.write(_END)  # type: ignore[attr-defined]
            return
        self.transport.write(_PIECES[at])  # type: ignore[attr-defined]
        asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.pace, at + 1)


async def main(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
