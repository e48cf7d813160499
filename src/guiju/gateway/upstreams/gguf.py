"""A model file (GGUF) run in this process by llama.cpp: the extra `guiju[local]`. One answer at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llama_cpp import Llama

from guiju.gateway.upstreams.interface import Event, UpstreamCall
from guiju.gateway.upstreams.threaded import ThreadedSource

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 1024
_PLAIN_FORMAT = "chatml"  # for a file that does not say how it wants to be spoken to
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop", "response_format")


class LocalModel:
    """A GGUF file. It is loaded at the first question, in the thread that answers; later ones wait for their turn."""

    kind = "gguf"

    def __init__(self, name: str, path: Path, *, context_tokens: int = CONTEXT_TOKENS) -> None:
        """Answer as `name` with the model in the file `path`, within a context of `context_tokens`."""
        self.name = name
        self._path = path
        self._context_tokens = context_tokens
        self._thread = ThreadPoolExecutor(1, f"gguf-{name}")
        self._llama: Llama | None = None

    def models(self) -> tuple[str, ...]:
        """Return the one model."""
        return (self.name,)

    async def complete(self, call: UpstreamCall) -> Event:
        """Answer whole; an answer that nobody waits for any more is stopped at its next token."""
        source = await self.open(call)
        text: list[str] = []
        reason: object = None
        try:
            while (events := await source.read()) is not None:
                for event in events:
                    delta, reason = _told(event, reason)
                    text.append(delta)
        finally:
            await source.close()
        message = {"role": "assistant", "content": "".join(text)}
        return {"choices": [{"index": 0, "message": message, "finish_reason": reason or "stop"}]}

    async def open(self, call: UpstreamCall) -> ThreadedSource:
        """Begin an answer; returns when its turn has come and its first token is there."""
        source = ThreadedSource(self.name)
        self._thread.submit(source.produce, lambda: self._chunks(call))
        try:
            await source.begun()
        except BaseException:
            await source.close()
            raise
        return source

    async def is_healthy(self) -> bool:
        """Say whether the file is there."""
        return self._path.is_file()

    async def close(self) -> None:
        """Let no further question in and give the memory back."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._llama = None

    def _chunks(self, call: UpstreamCall) -> Iterator[Event]:
        if self._llama is None:
            self._llama = Llama(str(self._path), n_ctx=self._context_tokens, verbose=False)
            if "tokenizer.chat_template" not in self._llama.metadata:
                self._llama.chat_format = _PLAIN_FORMAT
        self._llama.reset()  # what an earlier conversation left behind must not colour this one: same seed, same answer
        fields = call.request.fields
        asked = fields.get("max_completion_tokens", fields.get("max_tokens"))
        most = min(asked, self._context_tokens) if isinstance(asked, int) and asked > 0 else ANSWER_TOKENS
        messages = [{"role": turn.role, "content": turn.text} for turn in call.request.turns]
        wishes = {name: fields[name] for name in _SAMPLING if fields.get(name) is not None}
        chunks: Iterator[Event] = self._llama.create_chat_completion(messages, max_tokens=most, stream=True, **wishes)
        return chunks


def _told(event: Event, reason: object) -> tuple[str, object]:
    """Return the text of a chunk, and why the answer ended where it says so."""
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    delta = choice.get("delta") if isinstance(choice, dict) else None
    text = delta.get("content") if isinstance(delta, dict) else None
    return text if isinstance(text, str) else "", choice.get("finish_reason") or reason
