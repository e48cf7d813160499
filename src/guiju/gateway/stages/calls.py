"""Tool calls of an answer: held until they are whole, decided about as texts."""

import orjson

from guiju.gateway.errors import UpstreamGarbageError
from guiju.gateway.exchange import ChoiceOutput
from guiju.gateway.wire.fields import strings_in

_CALLS_MOST = 128  # more parallel calls than any model makes


def hold_call(choice: ChoiceOutput, call: object) -> None:
    """Hold a piece of a tool call until the choice is whole.

    Raises:
        UpstreamGarbageError: it is no tool call.
    """
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise _no_call()
    index = call.get("index", len(choice.calls))
    if type(index) is not int or not 0 <= index < _CALLS_MOST:
        raise _no_call()
    held = choice.calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
    for name, value in (("id", call.get("id")), *((key, function.get(key)) for key in ("name", "arguments"))):
        if isinstance(value, str):
            held[name] += value
        elif value is not None:
            raise _no_call()


def call_text(call: dict[str, str]) -> str:
    r"""Return everything a tool call says, escapes like `\\u6bd2` resolved, which would hide a term."""
    try:
        inside = strings_in(orjson.loads(call["arguments"]))
    except orjson.JSONDecodeError:
        inside = []
    return "\n".join((call["name"], call["arguments"], *inside))


def calls_as_sent(choice: ChoiceOutput, *, is_stream: bool) -> list[dict[str, object]]:
    """Return the tool calls of a choice in the OpenAI shape."""
    sent: list[dict[str, object]] = []
    for index, call in sorted(choice.calls.items()):
        function = {"name": call["name"], "arguments": call["arguments"]}
        entry: dict[str, object] = {"id": call["id"], "type": "function", "function": function}
        sent.append({"index": index, **entry} if is_stream else entry)
    return sent


def _no_call() -> UpstreamGarbageError:
    return UpstreamGarbageError(
        "模型服务发送的工具调用格式不正确；请运营方检查该服务。",
        "The model server sent a tool call that is none; the operator should check it.",
    )
