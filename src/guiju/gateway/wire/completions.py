"""The older completions of OpenAI: a text goes on. Answers of model servers made conversations, and back again."""

from collections.abc import Mapping

import orjson

from guiju.gateway.errors import CallError
from guiju.gateway.wire.answer import DONE, error_event, taken_back


def as_conversation(answer: dict[str, object]) -> dict[str, object]:
    """Return a completion, or an event of one, in the chat-completions shape; what is none stays what it is."""
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return answer
    return {**answer, "choices": [_said(choice) for choice in choices]}


def _said(choice: object) -> object:
    if not isinstance(choice, dict) or not isinstance(choice.get("text"), str):
        return choice
    said = {"content": choice["text"]}
    return {**choice, "message": said, "delta": said, "logprobs": _tokens(choice.get("logprobs"))}


def _tokens(lists: object) -> object:
    """Return log probabilities, which come as lists side by side, token by token."""
    texts = lists.get("tokens") if isinstance(lists, dict) else None
    numbers = lists.get("token_logprobs") if isinstance(lists, dict) else None
    if not isinstance(texts, list) or not isinstance(numbers, list) or len(texts) != len(numbers):
        return None
    # The first token of a text that is echoed has none.
    pairs = [(text, 0.0 if number is None else number) for text, number in zip(texts, numbers, strict=True)]
    return {"content": [{"token": text, "logprob": number, "bytes": None} for text, number in pairs]}


class CompletionWriter:
    """Writes completions; see the interface."""

    def __init__(self, exchange_id: str, model: str, created: int) -> None:
        """Write for `exchange_id`; `created` is Unix time in seconds."""
        self._head = {"id": f"cmpl-{exchange_id}", "object": "text_completion", "created": created, "model": model}
        self._offsets: dict[int, int] = {}

    def delta(self, index: int, delta: dict[str, object]) -> bytes:
        """Write the text that a choice begins with, if any: a completion has no roles and no tools."""
        text = delta.get("content")
        return self.text(index, "content", text) if isinstance(text, str) and text else b""

    def text(self, index: int, field: str, text: str) -> bytes:  # noqa: ARG002 - the interface's
        """Write more text."""
        return self._event([{"index": index, "text": text, "logprobs": None, "finish_reason": None}])

    def probable(self, index: int, text: str, tokens: list[dict[str, object]]) -> bytes:
        """Write more text, with the log probabilities of tokens that have left."""
        lists = self._lists(index, tokens)
        return self._event([{"index": index, "text": text, "logprobs": lists, "finish_reason": None}])

    def retract(self, index: int, characters: Mapping[str, int]) -> bytes:
        """Write that the client must take text back: an empty text, which others pass over."""
        choice = {"index": index, "text": "", "logprobs": None, "finish_reason": None}
        return self._event([choice], {"guiju": taken_back(index, characters)})

    def finish(self, index: int, reason: str, extension: dict[str, object] | None) -> bytes:
        """Write the end of a choice."""
        choice = {"index": index, "text": "", "logprobs": None, "finish_reason": reason}
        return self._event([choice], {} if extension is None else {"guiju": extension})

    def end(self, usage: dict[str, object], *, is_wanted: bool) -> bytes:
        """Write the usage where it is wanted, and the end."""
        return self._event([], {"usage": usage}) + DONE if is_wanted and usage else DONE

    def whole(self, choices: list[dict[str, object]], usage: dict[str, object], extension: dict[str, object]) -> bytes:
        """Write a whole completion."""
        return orjson.dumps(
            {**self._head, "choices": [self._whole(choice) for choice in choices], "usage": usage, "guiju": extension}
        )

    def error(self, error: CallError, exchange_id: str) -> bytes:
        """Write an error into a stream that has begun."""
        return error_event(error, exchange_id)

    def _whole(self, choice: dict[str, object]) -> dict[str, object]:
        message, logprobs = choice["message"], choice.get("logprobs")
        assert isinstance(message, dict)  # noqa: S101 - the stages make it
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
        index = choice["index"]
        lists = self._lists(index, tokens) if isinstance(tokens, list) and isinstance(index, int) else None
        text = message.get("content") or ""
        return {"index": index, "text": text, "logprobs": lists, "finish_reason": choice["finish_reason"]}

    def _lists(self, index: int, tokens: list[dict[str, object]]) -> dict[str, object]:
        offset = self._offsets.get(index, 0)
        offsets: list[int] = []
        for token in tokens:
            offsets.append(offset)
            offset += len(str(token["token"]))
        self._offsets[index] = offset
        return {
            "tokens": [token["token"] for token in tokens],
            "token_logprobs": [token["logprob"] for token in tokens],
            "top_logprobs": None,
            "text_offset": offsets,
        }

    def _event(self, choices: list[dict[str, object]], more: dict[str, object] | None = None) -> bytes:
        return b"data: " + orjson.dumps({**self._head, "choices": choices, **(more or {})}) + b"\n\n"
