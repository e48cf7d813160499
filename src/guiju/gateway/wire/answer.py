"""Answers in the OpenAI shape, written as bytes; the parts that repeat in every event are written once an exchange."""

from collections.abc import Mapping
from functools import cached_property

import orjson

from guiju.gateway.errors import CallError

DONE = b"data: [DONE]\n\n"
_TEXT_END = b'},"logprobs":null,"finish_reason":null}]}\n\n'


class AnswerWriter:
    """Writes one exchange's events or its whole answer, under our id and the public model name."""

    def __init__(self, exchange_id: str, model: str, created: int) -> None:
        """Write for `exchange_id`; `created` is Unix time in seconds."""
        self._head = {"id": f"chatcmpl-{exchange_id}", "created": created, "model": model}
        self._starts: dict[tuple[int, str], bytes] = {}

    @cached_property
    def _event(self) -> bytes:
        return b"data: " + orjson.dumps({**self._head, "object": "chat.completion.chunk"})[:-1]

    def text(self, index: int, field: str, text: str) -> bytes:
        """Write an event that adds `text` to `field` of a choice; an unpaired surrogate cannot occur in parsed JSON."""
        start = self._starts.get((index, field))
        if start is None:
            start = self._event + b',"choices":[{"index":%d,"delta":{"%s":' % (index, field.encode())
            self._starts[index, field] = start
        return start + orjson.dumps(text) + _TEXT_END

    def probable(self, index: int, text: str, tokens: list[dict[str, object]]) -> bytes:
        """Write an event that adds `text` to the content, with the log probabilities of tokens that have left."""
        choice = {"index": index, "delta": {"content": text}, "logprobs": {"content": tokens, "refusal": None}}
        return self._with(orjson.dumps({"choices": [{**choice, "finish_reason": None}]}))

    def delta(self, index: int, delta: dict[str, object]) -> bytes:
        """Write an event with any delta."""
        choices = [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None}]
        return self._with(orjson.dumps({"choices": choices}))

    def retract(self, index: int, characters: Mapping[str, int]) -> bytes:
        """Write that the client must take text back: an empty delta, which others pass over."""
        choices = [{"index": index, "delta": {}, "logprobs": None, "finish_reason": None}]
        return self._with(orjson.dumps({"choices": choices, "guiju": taken_back(index, characters)}))

    def finish(self, index: int, reason: str, extension: dict[str, object] | None) -> bytes:
        """Write the last event of a choice; `extension` is the `guiju` object."""
        choices = [{"index": index, "delta": {}, "logprobs": None, "finish_reason": reason}]
        more: dict[str, object] = {"choices": choices}
        if extension is not None:
            more["guiju"] = extension
        return self._with(orjson.dumps(more))

    def end(self, usage: dict[str, object], *, is_wanted: bool) -> bytes:
        """Write the usage event that `stream_options.include_usage` asks for, and the end."""
        return self._with(orjson.dumps({"choices": [], "usage": usage})) + DONE if is_wanted and usage else DONE

    def whole(self, choices: list[dict[str, object]], usage: dict[str, object], extension: dict[str, object]) -> bytes:
        """Write the whole answer."""
        return orjson.dumps(
            {**self._head, "object": "chat.completion", "choices": choices, "usage": usage, "guiju": extension}
        )

    def error(self, error: CallError, exchange_id: str) -> bytes:
        """Write an error into a stream that has begun; OpenAI's clients raise it."""
        return error_event(error, exchange_id)

    def _with(self, more: bytes) -> bytes:
        return self._event + b"," + more[1:] + b"\n\n"


def taken_back(index: int, characters: Mapping[str, int]) -> dict[str, object]:
    """Return the `guiju` object of the event that takes text back; counted in Unicode code points."""
    return {"event": "retract", "choice": index, "characters": dict(characters)}


def error_event(error: CallError, exchange_id: str) -> bytes:
    """Write an error as an event of the OpenAI shape."""
    return b"data: " + error.body(exchange_id) + b"\n\n"


def plain_usage(usage: object) -> dict[str, object]:
    """Return the counts of an upstream's usage object, whatever else it holds."""
    if not isinstance(usage, dict):
        return {}
    counts: dict[str, object] = {}
    for key in ("prompt_tokens", "completion_tokens", "total_tokens"):
        value = usage.get(key)
        if type(value) is int and 0 <= value < 2**40:
            counts[key] = value
    for key in ("prompt_tokens_details", "completion_tokens_details"):
        details = usage.get(key)
        if isinstance(details, dict):
            counts[key] = {
                name: value for name, value in details.items() if type(value) is int and name.isascii() and value >= 0
            }
    return counts
