"""Answers in the shape of Anthropic's Messages API."""

from collections.abc import Mapping

import orjson

from guiju.gateway.errors import CallError
from guiju.gateway.models import ChatReply
from guiju.gateway.wire.answer import taken_back
from guiju.gateway.wire.events import garbage

_STOP: Mapping[str, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_THOUGHTS = ("reasoning_content", "reasoning")
_KINDS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_SERVER_ERRORS = 500


class MessagesWriter:
    """Writes one message; see the interface. Blocks are opened and closed as their texts come."""

    def __init__(self, exchange_id: str, model: str) -> None:
        """Write for `exchange_id`."""
        self._head = {"id": f"msg_{exchange_id}", "type": "message", "role": "assistant", "model": model}
        self._open = ""
        self._block = -1
        self._reason = "stop"
        self._extension: dict[str, object] | None = None

    def delta(self, index: int, delta: dict[str, object]) -> bytes:
        """Write the beginning of the message, or the tools that it uses."""
        if index:
            raise garbage()  # one message was asked for
        calls, text = delta.get("tool_calls"), delta.get("content")
        if isinstance(calls, list):
            return b"".join(self._call(call) for call in calls)
        message: dict[str, object] = {
            **self._head,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_as_told({}),
        }
        start = _event("message_start", {"message": message})
        return start + (self.text(0, "content", text) if isinstance(text, str) and text else b"")

    def text(self, index: int, field: str, text: str) -> bytes:  # noqa: ARG002 - the interface's
        """Write more text of the answer, or of the thoughts before it."""
        is_thought = field in _THOUGHTS
        out = (
            self._into("thinking", {"thinking": "", "signature": ""})
            if is_thought
            else self._into("text", {"text": ""})
        )
        name = "thinking" if is_thought else "text"
        delta = {"type": f"{name}_delta", name: text}
        return out + _event("content_block_delta", {"index": self._block, "delta": delta})

    def probable(self, index: int, text: str, tokens: list[dict[str, object]]) -> bytes:  # noqa: ARG002 - nobody can ask for them here
        """Write more text; this dialect has no log probabilities."""
        return self.text(index, "content", text)

    def retract(self, index: int, characters: Mapping[str, int]) -> bytes:
        """Write that the client must take text back: a ping, which others pass over."""
        return _event("ping", {"guiju": taken_back(index, characters)})

    def finish(self, index: int, reason: str, extension: dict[str, object] | None) -> bytes:  # noqa: ARG002 - the interface's
        """Close what is open; why it ended is told at the end."""
        self._reason, self._extension = reason, extension
        return self._close()

    def end(self, usage: dict[str, object], *, is_wanted: bool) -> bytes:  # noqa: ARG002 - always told here
        """Write why it ended, the tokens that the upstream counted, and the end."""
        told: dict[str, object] = {
            "delta": {"stop_reason": _STOP.get(self._reason, "end_turn"), "stop_sequence": None},
            "usage": usage_as_told(usage),
        }
        if self._extension is not None:
            told["guiju"] = self._extension
        return _event("message_delta", told) + _event("message_stop", {})

    def whole(self, choices: list[dict[str, object]], usage: dict[str, object], extension: dict[str, object]) -> bytes:
        """Write a whole message."""
        if len(choices) != 1:
            raise garbage()  # one message was asked for
        message, reason = choices[0]["message"], str(choices[0]["finish_reason"])
        assert isinstance(message, dict)  # noqa: S101 - the stages make it
        content: list[dict[str, object]] = [
            {"type": "thinking", "thinking": message[name], "signature": ""} for name in _THOUGHTS if message.get(name)
        ]
        content += [{"type": "text", "text": message[name]} for name in ("content", "refusal") if message.get(name)]
        content += [
            {"type": "tool_use", "id": call["id"], **_named_input(call)} for call in message.get("tool_calls") or ()
        ]
        return orjson.dumps(
            {
                **self._head,
                "content": content,
                "stop_reason": _STOP.get(reason, "end_turn"),
                "stop_sequence": None,
                "usage": usage_as_told(usage),
                "guiju": extension,
            }
        )

    def error(self, error: CallError, exchange_id: str) -> bytes:
        """Write an error into a stream that has begun."""
        return b"event: error\ndata: " + _error_body(error.payload(exchange_id), error.status) + b"\n\n"

    def _call(self, call: dict[str, object]) -> bytes:
        function = call["function"]
        assert isinstance(function, dict)  # noqa: S101 - the stages make it
        start = self._into("tool_use", {"id": call["id"], "name": function["name"], "input": {}})
        delta = {"type": "input_json_delta", "partial_json": orjson.dumps(_named_input(call)["input"]).decode()}
        return start + _event("content_block_delta", {"index": self._block, "delta": delta}) + self._close()

    def _into(self, kind: str, fields: dict[str, object]) -> bytes:
        """Be in a block of a kind, which may have to be opened."""
        if self._open == kind:
            return b""
        closed = self._close()
        self._block += 1
        self._open = kind
        return closed + _event("content_block_start", {"index": self._block, "content_block": {"type": kind, **fields}})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._block})


def usage_as_told(usage: dict[str, object]) -> dict[str, object]:
    """Return the upstream's counts under this dialect's names; what it did not count is 0."""
    told: dict[str, object] = {
        "input_tokens": usage.get("prompt_tokens", 0),
        "output_tokens": usage.get("completion_tokens", 0),
    }
    details = usage.get("prompt_tokens_details")
    if isinstance(details, dict) and "cached_tokens" in details:
        told["cache_read_input_tokens"] = details["cached_tokens"]
    return told


def shaped_error(reply: ChatReply) -> ChatReply:
    """Return an error of the OpenAI shape in Anthropic's."""
    payload = orjson.loads(reply.body)
    return ChatReply(reply.status, reply.headers, _error_body(payload, reply.status))


def _error_body(payload: dict[str, object], status: int) -> bytes:
    error = payload["error"]
    assert isinstance(error, dict)  # noqa: S101 - our own
    kind = _KINDS.get(status) or ("api_error" if status >= _SERVER_ERRORS else "invalid_request_error")
    told: dict[str, object] = {
        "type": "error",
        "error": {"type": kind, "message": error["message"], "param": error.get("param"), "code": error.get("code")},
        "request_id": error.get("exchange_id"),
    }
    if "guiju" in payload:
        told["guiju"] = payload["guiju"]
    return orjson.dumps(told)


def _named_input(call: dict[str, object]) -> dict[str, object]:
    """Return the tool's name and input; arguments that are no object, which this dialect asks for, stand in one."""
    function = call["function"]
    assert isinstance(function, dict)  # noqa: S101 - the stages make it
    try:
        given = orjson.loads(str(function["arguments"]) or "{}")
    except orjson.JSONDecodeError:
        given = function["arguments"]
    return {"name": function["name"], "input": given if isinstance(given, dict) else {"arguments": given}}


def _event(name: str, fields: dict[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))
