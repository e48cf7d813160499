"""`POST /v1/messages`: Anthropic's Messages API, against any model server that speaks the OpenAI protocol."""

from dataclasses import replace

import orjson

from guiju.gateway.dialects.interface import Reading
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
from guiju.gateway.models import ChatCall, ChatReply
from guiju.gateway.wire.fields import check_types, parse_body, wrong
from guiju.gateway.wire.messages_answer import MessagesWriter, shaped_error
from guiju.gateway.wire.request import ChatRequest

_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "max_tokens": (int,),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "top_k": (int,),
    "stop_sequences": (list,),
    "metadata": (dict,),
    "tools": (list,),
    "tool_choice": (dict,),
}
_SAME = {
    "model": "model",
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
    "stream": "stream",
    "documents": "documents",
}
# Fields that say how Anthropic's own servers should work, and that no model server of another kind could follow.
_IGNORED = frozenset(("thinking", "service_tier", "inference_geo", "cache_control", "betas"))
_READ = frozenset((*_SAME, "messages", "system", "metadata", "tools", "tool_choice", "output_config"))
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


class MessagesDialect:
    """Anthropic's messages."""

    input_field = "messages"

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        return self._read(parse_body(call.body, reading.limits.depth), reading)

    def _read(self, fields: Fields, reading: Reading) -> ChatRequest:
        check_types(fields, _TYPES)
        for name in fields.keys() - _READ - _IGNORED:
            raise unsupported(name[:40], "不支持这个字段；请去掉。", "this field is not supported; leave it out.")
        if "max_tokens" not in fields:
            raise wrong("max_tokens", "一个整数（必填）", "an integer; it is required")
        talk = Conversation(reading)
        talk.say("system", _system(fields.get("system")))
        messages = list_at(fields.get("messages"), "messages")
        if not 0 < len(messages) <= reading.limits.messages:
            most = reading.limits.messages
            raise wrong("messages", f" 1 到 {most} 条消息的数组", f"an array of 1 to {most} messages")
        for at, message in enumerate(messages):
            _message(talk, object_at(message, f"messages[{at}]"), f"messages[{at}]")
        given = picked(fields, _SAME) | _tools(fields) | _form(fields.get("output_config")) | _user(fields)
        if given.get("stream"):
            given["stream_options"] = {"include_usage": True}
        return talk.request(given)

    def writer(self, exchange_id: str, request: ChatRequest, created: int) -> MessagesWriter:  # noqa: ARG002 - messages have no time
        """Write messages."""
        return MessagesWriter(exchange_id, request.model)

    def shaped(self, reply: ChatReply) -> ChatReply:
        """Return an error in Anthropic's shape."""
        return shaped_error(reply)


def _user(fields: Fields) -> Fields:
    metadata = fields.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return {} if user is None else {"user": text_at(user, "metadata.user_id")}


class CountDialect(MessagesDialect):
    """`POST /v1/messages/count_tokens`: the same body without an answer's length."""

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        request = self._read({**fields, "max_tokens": 1, "stream": False}, reading)
        return replace(request, is_stream=False)


def _system(system: object) -> list[Fields]:
    if system is None or isinstance(system, str):
        return [{"type": "text", "text": system}] if system else []
    return [_text(block, f"system[{at}]") for at, block in enumerate(list_at(system, "system"))]


def _text(block: object, where: str) -> Fields:
    fields = object_at(block, where)
    if fields.get("type") != "text":
        raise unmoderated(fields.get("type"), where)
    return {"type": "text", "text": text_at(fields.get("text"), f"{where}.text")}


def _message(talk: Conversation, message: Fields, where: str) -> None:
    role = choice_at(message.get("role"), f"{where}.role", ("user", "assistant"))
    content = message.get("content")
    if isinstance(content, str):
        talk.say(role, [{"type": "text", "text": content}])
        return
    blocks = [
        (object_at(block, f"{where}.content[{at}]"), f"{where}.content[{at}]")
        for at, block in enumerate(list_at(content, f"{where}.content"))
    ]
    if role == "user":
        _users(talk, blocks)
    else:
        _assistants(talk, blocks)


def _users(talk: Conversation, blocks: list[tuple[Fields, str]]) -> None:
    """Take what a user sent: the results of tools come first, each a message of its own."""
    parts: list[Fields] = []
    for block, where in blocks:
        kind = block.get("type")
        if kind == "tool_result":
            call = text_at(block.get("tool_use_id"), f"{where}.tool_use_id")
            talk.say("tool", _result(block.get("content"), f"{where}.content"), tool_call_id=call)
        elif kind == "image":
            parts.append(_picture(talk, block, where))
        else:
            parts.append(_text(block, where))
    talk.say("user", parts)


def _result(content: object, where: str) -> list[Fields]:
    if content is None or isinstance(content, str):
        return [{"type": "text", "text": content or ""}]
    return [_text(block, f"{where}[{at}]") for at, block in enumerate(list_at(content, where))]


def _picture(talk: Conversation, block: Fields, where: str) -> Fields:
    source = object_at(block.get("source"), f"{where}.source")
    kind = choice_at(source.get("type"), f"{where}.source.type", ("base64", "url"))
    if kind == "url":
        return talk.picture(text_at(source.get("url"), f"{where}.source.url"), f"{where}.source.url")
    mime = text_at(source.get("media_type"), f"{where}.source.media_type")
    data = text_at(source.get("data"), f"{where}.source.data")
    return talk.picture(f"data:{mime};base64,{data}", f"{where}.source.data")


def _assistants(talk: Conversation, blocks: list[tuple[Fields, str]]) -> None:
    """Take what the model said before; its thoughts are not sent on."""
    parts: list[Fields] = []
    calls: list[Fields] = []
    for block, where in blocks:
        kind = block.get("type")
        if kind == "tool_use":
            name = text_at(block.get("name"), f"{where}.name")
            arguments = orjson.dumps(object_at(block.get("input"), f"{where}.input")).decode()
            function = {"name": name, "arguments": arguments}
            calls.append({"id": text_at(block.get("id"), f"{where}.id"), "type": "function", "function": function})
        elif kind not in {"thinking", "redacted_thinking"}:
            parts.append(_text(block, where))
    if calls:
        talk.say("assistant", parts, tool_calls=calls)
    else:
        talk.say("assistant", parts)


def _tools(fields: Fields) -> Fields:
    given: Fields = {}
    tools = [_tool(object_at(tool, f"tools[{at}]"), f"tools[{at}]") for at, tool in enumerate(_listed(fields, "tools"))]
    if tools:
        given["tools"] = tools
    choice = fields.get("tool_choice")
    if isinstance(choice, dict):
        kind = choice_at(choice.get("type"), "tool_choice.type", ("auto", "any", "none", "tool"))
        if kind == "tool":
            name = text_at(choice.get("name"), "tool_choice.name")
            given["tool_choice"] = {"type": "function", "function": {"name": name}}
        else:
            given["tool_choice"] = _CHOICES[kind]
        if choice.get("disable_parallel_tool_use") is True:
            given["parallel_tool_calls"] = False
    return given


def _listed(fields: Fields, name: str) -> list[object]:
    return list_at(fields[name], name) if fields.get(name) is not None else []


def _tool(tool: Fields, where: str) -> Fields:
    if tool.get("type") not in {None, "custom"}:
        raise unsupported(
            f"{where}.type", "不支持由服务端运行的工具。", "tools that the server itself runs are not supported."
        )
    function: Fields = {
        "name": text_at(tool.get("name"), f"{where}.name"),
        "parameters": object_at(tool.get("input_schema"), f"{where}.input_schema"),
    }
    if tool.get("description") is not None:
        function["description"] = text_at(tool["description"], f"{where}.description")
    return {"type": "function", "function": function}


def _form(config: object) -> Fields:
    """Return the form that the answer must have, where one is asked for."""
    form = config.get("format") if isinstance(config, dict) else None
    if form is None:
        return {}
    schema = object_at(form, "output_config.format")
    choice_at(schema.get("type"), "output_config.format.type", ("json_schema",))
    given = object_at(schema.get("schema"), "output_config.format.schema")
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": given}}}
