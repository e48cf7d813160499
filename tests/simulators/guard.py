"""Guard models on a real socket: each wire format with the shapes that the real servers send, and every way to fail.

A text with `BAD` in it is judged unsafe, one with `DOUBTFUL` controversial; the model name says which format a chat
model speaks. `trouble` makes it misbehave: `500`, `hang`, `nonsense`, `cut`, `drop`, `huge`, `redirect`.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

BAD, DOUBTFUL = "坏词", "疑词"


@dataclass
class GuardSimulator:
    """Answers `POST /v1/chat/completions`, `/v1/moderations` and `/v1/guard`."""

    trouble: str = ""
    pause_seconds: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answer: str | None = None
    port: int = 0
    most_at_once: int = 0
    _at_once: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def texts(self) -> list[str]:
        """Return what was to be judged, in the order of the questions."""
        return [_text_of(body) for body in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1]
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.asked.append(body)
        self.keys.append(headers.get("authorization", ""))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(self.pause_seconds)
        self._at_once -= 1
        return await self._answer(path, body, writer)

    async def _answer(self, path: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        if self.trouble == "hang":
            await asyncio.sleep(3600)
        if self.trouble == "drop":
            return False
        status, content = 200, self._content(path, body)
        if self.trouble == "500":
            status, content = 500, b'{"error": {"message": "CUDA out of memory", "type": "server_error"}}'
        elif self.trouble == "redirect":
            status, content = 307, b""
        elif self.trouble == "huge":
            content = b'{"choices": [{"message": {"content": "' + b"x" * 2_000_000 + b'"}}]}'
        length = len(content)
        if self.trouble == "cut":
            content = content[: length // 2]
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nLocation: /x\r\nContent-Length: {length}"
        writer.write(f"{head}\r\n\r\n".encode())
        writer.write(content)
        await writer.drain()
        return self.trouble != "cut"

    def _content(self, path: str, body: dict[str, Any]) -> bytes:
        text = _text_of(body)
        label = "unsafe" if BAD in text else "controversial" if DOUBTFUL in text else "safe"
        if path == "/v1/moderations":
            return json.dumps(_moderations(label, is_nonsense=self.trouble == "nonsense")).encode()
        if path == "/v1/guard":
            return _tokens(text, label, is_nonsense=self.trouble == "nonsense", is_short=self.answer == "unfinished")
        said = self.answer or ("I'm sorry, but I can't help with that." if self.trouble == "nonsense" else None)
        message = {"role": "assistant", "content": said or _said(body, text, label)}
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312},
            }
        ).encode()


def _text_of(body: dict[str, Any]) -> str:
    if "input" in body:
        return str(body["input"])
    last = str(body["messages"][-1]["content"])
    if body["model"] == "prompted":
        return str(json.loads(last)["text"])
    return last.rsplit("\nB: ", 1)[-1] if body["model"] == "shieldlm" else last


def _said(body: dict[str, Any], text: str, label: str) -> str:
    model = str(body["model"])
    is_answer = body["messages"][-1]["role"] == "assistant"
    if model == "qwen3guard":
        category = "None" if label == "safe" else "Violent, Unethical Acts" if "多" in text else "Violent"
        return f"Safety: {label.title()}\nCategories: {category}" + ("\nRefusal: No" if is_answer else "")
    if model == "shieldlm":
        word = {"safe": "安全", "unsafe": "不安全", "controversial": "有争议"}[label]
        return f"[答案] {word}\n[分析] B的回复……"
    if model == "llama-guard":
        return "\n\nsafe" if label == "safe" else "\n\nunsafe\nS1,S10"
    asked = json.loads(body["messages"][-1]["content"])
    risks = [] if label == "safe" else ["A.1-f"]
    return json.dumps({"id": asked["id"], "verdict": label, "risks": risks, "score": 0.75}, ensure_ascii=False)


def _moderations(label: str, *, is_nonsense: bool) -> dict[str, Any]:
    if is_nonsense:
        return {"results": [{"flagged": "yes"}]}
    score = {"safe": 0.0003, "controversial": 0.45, "unsafe": 0.97}[label]
    flags = {"violence": label == "unsafe", "hate": False, "self-harm/intent": False}
    scores = {"violence": score, "hate": 0.00001, "self-harm/intent": 2.1e-6}
    return {
        "id": "modr-1",
        "model": "omni-moderation-latest",
        "results": [{"flagged": label == "unsafe", "categories": flags, "category_scores": scores}],
    }


def _tokens(text: str, label: str, *, is_nonsense: bool, is_short: bool) -> bytes:
    """One level for each token: a lone unsafe token in the middle of what is safe, as the model is known to give."""
    level = label.title()
    levels = ["Safe", "Unsafe", "Safe", level, level] if len(text) % 2 else ["Safe", level, level]
    if is_nonsense:
        levels = ["Fine"]
    lines = [{"risk_level": levels[:2], "category": ["Violent"] * len(levels[:2])}]
    lines.append({"risk_level": levels[2:], "category": ["Violent"] * len(levels[2:])})
    content = "\n".join(json.dumps(line) for line in lines)
    return (content if is_short else content + '\n{"done": true}\n').encode()
