"""The endpoints besides chat completions, as a model server answers them: with `text`, `medium` or `answer`."""

import asyncio
import base64
import json
import re
from typing import Any, Protocol

_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nContent-Length: {length}\r\n\r\n"
_HEAD_SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
_PART = re.compile(rb'name="([^"]+)"(?:; filename="([^"]*)")?\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL)


class Saying(Protocol):
    """What a test set."""

    text: str
    medium: bytes
    medium_url: str
    answer: dict[str, Any] | None


def form_fields(raw: bytes) -> dict[str, Any]:
    """Return the fields of a multipart body; a file as its name and bytes."""
    found: dict[str, Any] = {}
    for name, filename, content in _PART.findall(raw):
        found[name.decode()] = (filename.decode(), content) if filename else content.decode()
    return found


async def other_endpoint(writer: asyncio.StreamWriter, path: str, body: dict[str, Any], says: Saying) -> None:
    """Answer one request."""
    name = path.removeprefix("/v1/")
    if says.answer is not None:
        await _send(writer, "application/json", json.dumps(says.answer, ensure_ascii=False).encode())
    elif name == "completions":
        await _completions(writer, body, says.text)
    elif name == "embeddings":
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        rows: list[Any] = [{"object": "embedding", "index": at, "embedding": [0.25, -1.0]} for at in range(len(inputs))]
        answer: dict[str, Any] = {
            "object": "list",
            "data": rows,
            "model": "m",
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
        await _send(writer, "application/json", json.dumps(answer).encode())
    elif name.startswith("images/"):
        medium = {"b64_json": base64.b64encode(says.medium).decode()}
        row = {"url": says.medium_url} if says.medium_url else medium
        answer = {"created": 1, "data": [{**row, "revised_prompt": says.text}]}
        await _send(writer, "application/json", json.dumps(answer, ensure_ascii=False).encode())
    elif name == "audio/speech":
        await _send(writer, "audio/wav", says.medium)
    elif name.startswith("audio/"):
        await _transcript(writer, body, says.text)
    else:
        answer = {"results": [{"text": says.text, "score": 0.5}]}
        await _send(writer, "application/json", json.dumps(answer, ensure_ascii=False).encode())


async def _completions(writer: asyncio.StreamWriter, body: dict[str, Any], text: str) -> None:
    said = f"{body['prompt']}{text}" if body.get("echo") else text
    lists: dict[str, Any] = {
        "tokens": list(said),
        "token_logprobs": [-0.5] * len(said),
        "top_logprobs": None,
        "text_offset": [],
    }
    if not body.get("stream"):
        choice = {"text": said, "index": 0, "logprobs": lists if body.get("logprobs") else None}
        answer = {"id": "up", "choices": [{**choice, "finish_reason": "stop"}], "usage": _USAGE}
        await _send(writer, "application/json", json.dumps(answer, ensure_ascii=False).encode())
        return
    writer.write(_HEAD_SSE.encode())
    events: list[dict[str, Any]] = [
        {"choices": [{"text": piece, "index": 0, "logprobs": None, "finish_reason": None}]} for piece in said
    ]
    events += [{"choices": [{"text": "", "index": 0, "finish_reason": "stop"}]}, {"choices": [], "usage": _USAGE}]
    for data in (*(json.dumps(event, ensure_ascii=False) for event in events), "[DONE]"):
        line = f"data: {data}\n\n".encode()
        writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _transcript(writer: asyncio.StreamWriter, body: dict[str, Any], text: str) -> None:
    form = body.get("response_format", "json")
    if form == "verbose_json":
        segments = [{"id": at, "start": at, "end": at + 1, "text": piece} for at, piece in enumerate(text)]
        answer = {"task": "transcribe", "language": "zh", "duration": 1.5, "text": text, "segments": segments}
        await _send(writer, "application/json", json.dumps(answer, ensure_ascii=False).encode())
    elif form == "json":
        await _send(writer, "application/json", json.dumps({"text": text}, ensure_ascii=False).encode())
    elif form == "srt":
        half = len(text) // 2
        cues = [
            f"{at + 1}\n00:00:0{at},000 --> 00:00:0{at + 1},000\n{part}\n"
            for at, part in enumerate((text[:half], text[half:]))
        ]
        await _send(writer, "application/x-subrip", "\n".join(cues).encode())
    else:
        await _send(writer, "text/plain; charset=utf-8", text.encode())


async def _send(writer: asyncio.StreamWriter, mime: str, data: bytes) -> None:
    writer.write(_HEAD.format(mime=mime, length=len(data)).encode() + data)
    await writer.drain()
