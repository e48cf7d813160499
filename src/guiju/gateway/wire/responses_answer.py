"""Answers in the shape of OpenAI's Responses API: items, and the events by which they grow."""

from collections.abc import Mapping, Sequence

import orjson

from guiju.gateway.errors import CallError
from guiju.gateway.wire.answer import taken_back
from guiju.gateway.wire.events import garbage
from guiju.gateway.wire.request import ChatRequest

_THOUGHTS = ("reasoning_content", "reasoning")
_INCOMPLETE: Mapping[str, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
Fields = dict[str, object]


class ResponsesWriter:
    """Writes one response; see the interface. Items are opened and closed as their texts come."""

    def __init__(self, exchange_id: str, request: ChatRequest, created: int) -> None:
        """Write for `exchange_id`; `created` is Unix time in seconds."""
        self._id = exchange_id
        self._head = _head(exchange_id, request, created)
        self._number = 0
        self._items: list[Fields] = []
        self._open = ""
        self._text: list[str] = []
        self._tokens: list[Fields] = []
        self._reason = "stop"
        self._extension: Fields | None = None

    def delta(self, index: int, delta: dict[str, object]) -> bytes:
        """Write the beginning of the response, or the functions that it calls."""
        if index:
            raise garbage()  # one response was asked for
        calls, text = delta.get("tool_calls"), delta.get("content")
        if isinstance(calls, list):
            return self._close() + b"".join(self._call(call) for call in calls)
        response = {**self._head, "status": "in_progress"}
        start = self._event("response.created", response=response)
        start += self._event("response.in_progress", response=response)
        return start + (self.text(0, "content", text) if isinstance(text, str) and text else b"")

    def text(self, index: int, field: str, text: str) -> bytes:
        """Write more text of the answer, or of the thoughts before it."""
        del index
        return self._more(text, [], is_thought=field in _THOUGHTS)

    def probable(self, index: int, text: str, tokens: list[dict[str, object]]) -> bytes:
        """Write more text, with the log probabilities of tokens that have left."""
        del index
        return self._more(text, tokens, is_thought=False)

    def retract(self, index: int, characters: Mapping[str, int]) -> bytes:
        """Write that the client must take text back: the response so far, which others pass over."""
        response = {**self._head, "status": "in_progress", "output": [*self._items]}
        return self._event("response.in_progress", response=response, guiju=taken_back(index, characters))

    def finish(self, index: int, reason: str, extension: dict[str, object] | None) -> bytes:
        """Close what is open; why it ended is told at the end."""
        del index
        self._reason, self._extension = reason, extension
        return self._close()

    def end(self, usage: dict[str, object], *, is_wanted: bool) -> bytes:
        """Write the whole response once more, with the tokens that the upstream counted."""
        del is_wanted  # always told here
        response = self._response(self._items, self._reason, usage, extension=self._extension or {})
        return self._event(f"response.{response['status']}", response=response)

    def whole(self, choices: list[dict[str, object]], usage: dict[str, object], extension: dict[str, object]) -> bytes:
        """Write a whole response."""
        if len(choices) != 1:
            raise garbage()  # one response was asked for
        message, logprobs = choices[0]["message"], choices[0].get("logprobs")
        assert isinstance(message, dict)  # noqa: S101 - the stages make it
        thoughts = [str(message[name]) for name in _THOUGHTS if message.get(name)]
        texts = [str(message[name]) for name in ("content", "refusal") if message.get(name)]
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
        items = [self._item(at, "reasoning", text) for at, text in enumerate(thoughts)]
        if texts:
            items.append(self._item(len(items), "message", "".join(texts), tokens=tokens or []))
        items += [self._function(len(items) + at, call) for at, call in enumerate(message.get("tool_calls") or ())]
        reason = str(choices[0]["finish_reason"])
        return orjson.dumps(self._response(items, reason, usage, extension=extension))

    def error(self, error: CallError, exchange_id: str) -> bytes:
        """Write an error into a stream that has begun."""
        payload = error.payload(exchange_id)
        told = payload["error"]
        assert isinstance(told, dict)  # noqa: S101 - our own
        return self._event("error", code=told["code"], message=told["message"], param=told["param"], error=told)

    def _more(self, text: str, tokens: list[Fields], *, is_thought: bool) -> bytes:
        kind = "reasoning" if is_thought else "message"
        out = self._into(kind)
        self._text.append(text)
        self._tokens += tokens
        place = self._place()
        if is_thought:
            return out + self._event("response.reasoning_text.delta", **place, content_index=0, delta=text)
        more = {"content_index": 0, "delta": text, "logprobs": tokens}
        return out + self._event("response.output_text.delta", **place, **more)

    def _into(self, kind: str) -> bytes:
        """Be in an item of a kind, which may have to be opened."""
        if self._open == kind:
            return b""
        out = self._close()
        self._open = kind
        begun = {**self._item(len(self._items), kind, ""), "status": "in_progress", "content": []}
        out += self._event("response.output_item.added", output_index=len(self._items), item=begun)
        return out + self._event(
            "response.content_part.added", **self._place(), content_index=0, part=_part(kind, "", [])
        )

    def _close(self) -> bytes:
        if not self._open:
            return b""
        kind, text, tokens, place = self._open, "".join(self._text), self._tokens, self._place()
        item = self._item(len(self._items), kind, text, tokens=tokens)
        if kind == "message":
            out = self._event("response.output_text.done", **place, content_index=0, text=text, logprobs=tokens)
        else:
            out = self._event("response.reasoning_text.done", **place, content_index=0, text=text)
        out += self._event("response.content_part.done", **place, content_index=0, part=_part(kind, text, tokens))
        self._open, self._text, self._tokens = "", [], []
        return out + self._done(item)

    def _call(self, call: Fields) -> bytes:
        at = len(self._items)
        item = self._function(at, call)
        place = {"item_id": item["id"], "output_index": at}
        begun = {**item, "arguments": "", "status": "in_progress"}
        out = self._event("response.output_item.added", output_index=at, item=begun)
        out += self._event("response.function_call_arguments.delta", **place, delta=item["arguments"])
        more = {"arguments": item["arguments"], "name": item["name"]}
        out += self._event("response.function_call_arguments.done", **place, **more)
        return out + self._done(item)

    def _done(self, item: Fields) -> bytes:
        self._items.append(item)
        return self._event("response.output_item.done", output_index=len(self._items) - 1, item=item)

    def _place(self) -> dict[str, object]:
        at = len(self._items)
        return {"item_id": self._item_id(self._open, at), "output_index": at}

    def _item_id(self, kind: str, at: int) -> str:
        prefix = {"message": "msg", "reasoning": "rs"}.get(kind, "fc")
        return f"{prefix}_{self._id}_{at}"

    def _item(self, at: int, kind: str, text: str, *, tokens: Sequence[Fields] = ()) -> Fields:
        item: Fields = {"id": self._item_id(kind, at), "type": kind, "status": "completed"}
        item["content"] = [_part(kind, text, [*tokens])]
        if kind == "message":
            return {**item, "role": "assistant"}
        return {**item, "summary": []}

    def _function(self, at: int, call: Fields) -> Fields:
        function = call["function"]
        assert isinstance(function, dict)  # noqa: S101 - the stages make it
        names = {"call_id": call["id"], "name": function["name"], "arguments": function["arguments"]}
        return {"id": self._item_id("", at), "type": "function_call", "status": "completed", **names}

    def _response(self, items: list[Fields], reason: str, usage: Fields, *, extension: Fields) -> Fields:
        response = {**self._head, "status": "completed", "output": items, "usage": _usage(usage), "guiju": extension}
        if reason in _INCOMPLETE:
            response |= {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[reason]}}
        return response

    def _event(self, name: str, /, **fields: object) -> bytes:
        number, self._number = self._number, self._number + 1
        data = orjson.dumps({"type": name, "sequence_number": number, **fields})
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _part(kind: str, text: str, tokens: list[Fields]) -> Fields:
    if kind == "reasoning":
        return {"type": "reasoning_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": tokens}


def _usage(usage: Fields) -> Fields:
    """Return the upstream's counts under this dialect's names; what it did not count is 0."""
    told: Fields = {
        "input_tokens": usage.get("prompt_tokens", 0),
        "output_tokens": usage.get("completion_tokens", 0),
        "total_tokens": usage.get("total_tokens", 0),
    }
    for name, details, counted in (
        ("input_tokens_details", "prompt_tokens_details", "cached_tokens"),
        ("output_tokens_details", "completion_tokens_details", "reasoning_tokens"),
    ):
        found = usage.get(details)
        told[name] = {counted: found.get(counted, 0) if isinstance(found, dict) else 0}
    return told


def _head(exchange_id: str, request: ChatRequest, created: int) -> Fields:
    fields = request.fields
    tools = fields.get("tools")
    functions = [tool["function"] for tool in tools] if isinstance(tools, list) else []
    choice = fields.get("tool_choice", "auto")
    return {
        "id": f"resp_{exchange_id}",
        "object": "response",
        "created_at": created,
        "model": request.model,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": fields.get("parallel_tool_calls", True),
        "temperature": fields.get("temperature"),
        "top_p": fields.get("top_p"),
        "max_output_tokens": fields.get("max_tokens"),
        "tools": [{"type": "function", "strict": None, **function} for function in functions],
        "tool_choice": {"type": "function", **choice["function"]} if isinstance(choice, dict) else choice,
        "previous_response_id": None,
        "store": False,
        "usage": None,
    }
