"""`POST /v1/responses`: OpenAI's Responses API, without a memory: what is said must stand in each request."""

from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.dialects.translation import (
    Conversation,
    Fields,
    choice_at,
    list_at,
    object_at,
    picked,
    text_at,
    unmoderated,
    unsupported,
)
from guiju.gateway.models import ChatCall
from guiju.gateway.wire.fields import check_types, parse_body, wrong
from guiju.gateway.wire.request import ChatRequest
from guiju.gateway.wire.responses_answer import ResponsesWriter

_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "instructions": (str,),
    "stream": (bool,),
    "store": (bool,),
    "background": (bool,),
    "max_output_tokens": (int,),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "tools": (list,),
    "parallel_tool_calls": (bool,),
    "text": (dict,),
    "reasoning": (dict,),
    "include": (list,),
    "metadata": (dict,),
}
_SAME = {
    "model": "model",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "parallel_tool_calls": "parallel_tool_calls",
    "stream": "stream",
    "user": "user",
    "safety_identifier": "safety_identifier",
    "documents": "documents",
}
_LOGPROBS = "message.output_text.logprobs"
_INCLUDES = (_LOGPROBS, "reasoning.encrypted_content")
# Fields that say how OpenAI's own servers should work, and that no model server of another kind could follow.
_IGNORED = frozenset(
    (
        "metadata",
        "service_tier",
        "truncation",
        "prompt_cache_key",
        "prompt_cache_retention",
        "stream_options",
        "top_logprobs",
    )
)
_READ = frozenset((*_SAME, "input", "instructions", "tools", "tool_choice", "text", "reasoning", "include", "store"))
_STATEFUL = ("previous_response_id", "conversation", "prompt", "background", "store")
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


class ResponsesDialect(OpenAIShaped):
    """OpenAI's responses."""

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        check_types(fields, _TYPES)
        _check_state(fields)
        for name in fields.keys() - _READ - _IGNORED - set(_STATEFUL):
            raise unsupported(name[:40], "不支持这个字段；请去掉。", "this field is not supported; leave it out.")
        talk = Conversation(reading)
        if fields.get("instructions"):
            talk.say("system", [{"type": "text", "text": fields["instructions"]}])
        _input(talk, fields.get("input"), reading.limits.messages)
        given = picked(fields, _SAME) | _tools(fields) | _form(fields.get("text")) | _wishes(fields)
        if given.get("stream"):
            given["stream_options"] = {"include_usage": True}
        return talk.request(given)

    def writer(self, exchange_id: str, request: ChatRequest, created: int) -> ResponsesWriter:
        """Write responses."""
        return ResponsesWriter(exchange_id, request, created)


def _check_state(fields: Fields) -> None:
    """Refuse what would need a memory; the entries of the ledger are evidence, and not a store for clients."""
    for name in _STATEFUL:
        if fields.get(name) not in (None, False):
            raise unsupported(
                name,
                "网关不保存对话；请去掉此字段，并在 input 中带上全部上下文（store 请设为 false）。",
                "the gateway keeps no conversations; leave it out and send the whole context in input (store: false).",
            )


def _wishes(fields: Fields) -> Fields:
    given: Fields = {}
    reasoning = fields.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("effort") is not None:
        given["reasoning_effort"] = text_at(reasoning["effort"], "reasoning.effort")
    for at, wish in enumerate(list_at(fields.get("include") or [], "include")):
        if choice_at(wish, f"include[{at}]", _INCLUDES) == _LOGPROBS:
            given["logprobs"] = True
    return given


def _input(talk: Conversation, given: object, most: int) -> None:
    if isinstance(given, str):
        talk.say("user", [{"type": "text", "text": given}])
        return
    items = list_at(given, "input")
    if not 0 < len(items) <= most:
        raise wrong("input", f"文本，或 1 到 {most} 项的数组", f"a text or an array of 1 to {most} items")
    for at, item in enumerate(items):
        _item(talk, object_at(item, f"input[{at}]"), f"input[{at}]")


def _item(talk: Conversation, item: Fields, where: str) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        role = _ROLES[choice_at(item.get("role"), f"{where}.role", tuple(_ROLES))]
        talk.say(role, _content(talk, item.get("content"), f"{where}.content"))
    elif kind == "function_call":
        function = {key: text_at(item.get(key), f"{where}.{key}") for key in ("name", "arguments")}
        call: Fields = {
            "id": text_at(item.get("call_id"), f"{where}.call_id"),
            "type": "function",
            "function": function,
        }
        _call(talk, call)
    elif kind == "function_call_output":
        output = _content(talk, item.get("output"), f"{where}.output", takes_media=False)
        call_id = text_at(item.get("call_id"), f"{where}.call_id")
        talk.say("tool", output or [{"type": "text", "text": ""}], tool_call_id=call_id)
    elif kind != "reasoning":  # the model's earlier thoughts are not sent on
        raise unmoderated(kind, where)


def _call(talk: Conversation, call: Fields) -> None:
    """Add a call to what the model said just before, or as something said of its own."""
    last = talk.messages[-1] if talk.messages else None
    if last is None or last["role"] != "assistant":
        talk.say("assistant", [], tool_calls=[call])
        return
    calls = last.setdefault("tool_calls", [])
    assert isinstance(calls, list)  # noqa: S101 - made above
    calls.append(call)


def _content(talk: Conversation, content: object, where: str, *, takes_media: bool = True) -> list[Fields]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts: list[Fields] = []
    for at, part in enumerate(list_at(content, where)):
        place = f"{where}[{at}]"
        fields = object_at(part, place)
        kind = fields.get("type")
        if kind in {"input_text", "output_text"}:
            parts.append({"type": "text", "text": text_at(fields.get("text"), f"{place}.text")})
        elif kind == "refusal":
            parts.append({"type": "text", "text": text_at(fields.get("refusal"), f"{place}.refusal")})
        elif kind == "input_image" and takes_media and fields.get("image_url") is not None:
            url = text_at(fields["image_url"], f"{place}.image_url")
            detail = fields.get("detail")
            parts.append(talk.picture(url, f"{place}.image_url", None if detail is None else text_at(detail, place)))
        else:
            raise unmoderated(kind, place)
    return parts


def _tools(fields: Fields) -> Fields:
    given: Fields = {}
    tools: list[Fields] = []
    for at, tool in enumerate(list_at(fields.get("tools") or [], "tools")):
        where = f"tools[{at}]"
        row = object_at(tool, where)
        if row.get("type") != "function":
            raise unsupported(
                f"{where}.type", "不支持由服务端运行的工具。", "tools that the server itself runs are not supported."
            )
        text_at(row.get("name"), f"{where}.name")
        names = ("name", "description", "parameters", "strict")
        tools.append({"type": "function", "function": {key: row[key] for key in names if row.get(key) is not None}})
    if tools:
        given["tools"] = tools
    choice = fields.get("tool_choice")
    if isinstance(choice, dict):
        choice_at(choice.get("type"), "tool_choice.type", ("function",))
        name = text_at(choice.get("name"), "tool_choice.name")
        given["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif choice is not None:
        given["tool_choice"] = choice_at(choice, "tool_choice", ("auto", "required", "none"))
    return given


def _form(text: object) -> Fields:
    """Return the form that the answer must have, where one is asked for."""
    form = text.get("format") if isinstance(text, dict) else None
    if form is None:
        return {}
    told = object_at(form, "text.format")
    kind = choice_at(told.get("type"), "text.format.type", ("text", "json_object", "json_schema"))
    if kind != "json_schema":
        return {"response_format": {"type": kind}}
    schema = {key: told[key] for key in ("name", "schema", "strict", "description") if told.get(key) is not None}
    return {"response_format": {"type": kind, "json_schema": schema}}
