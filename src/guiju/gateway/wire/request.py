"""Hostile bytes become a typed request, or a clear error."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import orjson

from guiju.gateway.errors import MalformedRequestError, UnsupportedContentError
from guiju.gateway.models import Limits, Turn
from guiju.gateway.wire.media import KINDS, MediaPart, Refusing, no_media, read_media_part

# A string (closed or cut off at the end), or one bracket. Every quantifier is possessive: no input makes it backtrack.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_OPENING = frozenset((b"[", b"{"))
_CLOSING = frozenset((b"]", b"}"))
_ROLES = frozenset(("system", "developer", "user", "assistant", "tool", "function"))
_MODEL_CHARACTERS = 200
_USER_CHARACTERS = 512
# Fields that are read on their own or whose words a model never sees. Every text in any other field is moderated as
# input, known field or not: a server may have a field of its own (a chat template, documents) that reaches the model.
_PLAIN_FIELDS = frozenset(
    (
        *("messages", "model", "user", "safety_identifier", "metadata", "store", "stream", "stream_options"),
        *("modalities", "reasoning_effort", "service_tier", "prompt_cache_key", "verbosity"),
        *("n", "seed", "temperature", "top_p", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs"),
        *("presence_penalty", "frequency_penalty", "logit_bias", "parallel_tool_calls"),
    )
)
# Fields about the end user, which the model server has no need of.
_PERSONAL_FIELDS = ("user", "safety_identifier", "metadata", "store")
_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "presence_penalty": _NUMBER,
    "frequency_penalty": _NUMBER,
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "seed": (int,),
    "stop": (str, list),
    "tools": (list,),
    "functions": (list,),
    "response_format": (dict,),
    "stream_options": (dict,),
    "logprobs": (bool,),
    "top_logprobs": (int,),
    "logit_bias": (dict,),
    "user": (str,),
    "safety_identifier": (str,),
    "metadata": (dict,),
}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that is well formed.

    Attributes:
        fields: the body as parsed; never sent on as it is, see `upstream_payload`.
        model: the public model name.
        user: the caller's name for the end user, or "".
        turns: every text that reaches the model, in order; texts outside the messages have the role of their field.
        is_stream: whether the answer is to be streamed.
        wants_usage: whether a stream ends with a usage event.
        is_structured: whether the answer is data (JSON mode), into which no mark may be put.
        media: the parts that are pictures, sound or video, in order.
    """

    fields: dict[str, object]
    model: str
    user: str
    turns: tuple[Turn, ...]
    is_stream: bool
    wants_usage: bool
    is_structured: bool
    media: tuple[MediaPart, ...] = ()

    def upstream_payload(self, model: str) -> dict[str, object]:
        """Return the body for an upstream that calls the model `model`, without what identifies the end user."""
        payload = {key: value for key, value in self.fields.items() if key not in _PERSONAL_FIELDS}
        payload["model"] = model
        return payload


@dataclass(slots=True)
class _MediaReader:
    """Takes or refuses the parts of a request that are media."""

    refusing: Refusing
    found: list[MediaPart]


def read_request(body: bytes, limits: Limits, refusing: Refusing = no_media) -> ChatRequest:
    """Read the body of `POST /v1/chat/completions`; `refusing` says which media are not taken.

    Raises:
        MalformedRequestError: no JSON, no UTF-8, too deep, a field is missing or of the wrong type.
        UnsupportedContentError: media that are not taken, or files, which no detector looks at.
    """
    fields = _parse(body, limits.depth)
    _check_types(fields)
    _check_choices(fields, limits.choices)
    model = fields.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= _MODEL_CHARACTERS or not model.isprintable():
        raise _wrong("model", "一个非空、可打印的模型名称", "a model's name: printable and not empty")
    _check_modalities(fields)
    options = fields.get("stream_options")
    form = fields.get("response_format")
    media = _MediaReader(refusing, [])
    turns = _turns(fields, limits, media)
    return ChatRequest(
        fields=fields,
        model=model,
        user=_end_user(fields),
        turns=turns,
        is_stream=fields.get("stream") is True,
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        is_structured=isinstance(form, dict) and form.get("type") != "text",
        media=tuple(media.found),
    )


def with_masked(request: ChatRequest, mask: Callable[[str, str], str]) -> ChatRequest:
    """Return `request` with every text that reaches the model put through `mask`; a message's parts as one text.

    `mask` takes a text and whose it is: the role of its message, or the name of its field.
    """
    fields = dict(request.fields)
    for name in fields.keys() - _PLAIN_FIELDS:
        fields[name] = _mapped(fields[name], partial(_of, mask, name))
    messages = fields["messages"]
    if isinstance(messages, list):
        fields["messages"] = [_masked_message(message, mask) for message in messages]
    return replace(request, fields=fields)


def _of(mask: Callable[[str, str], str], role: str, text: str) -> str:
    return mask(text, role)


def _masked_message(message: dict[str, object], mask_as: Callable[[str, str], str]) -> dict[str, object]:
    mask = partial(_of, mask_as, str(message.get("role")))
    kept: dict[str, object] = {key: message[key] for key in ("role", "tool_call_id") if key in message}
    rest = {key: _mapped(value, mask) for key, value in message.items() if key not in kept and key != "content"}
    if "content" in message:
        text = _content_text(message["content"], "content", None)
        rest["content"] = _masked_content(message["content"], mask(text)) if text else message["content"]
    return {**kept, **rest}


def _masked_content(content: object, text: str) -> object:
    """Return a message's content with `text` for all of its text; its media stay, after it."""
    parts = [part for part in content if part["type"] in KINDS] if isinstance(content, list) else []
    return [{"type": "text", "text": text}, *parts] if parts else text


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return value


def is_nested_deeper(body: bytes, depth: int) -> bool:
    """Tell whether JSON `body` nests deeper than `depth`, without parsing it; linear in its length."""
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    level = 0
    for match in _TOKENS.finditer(body):
        token = match.group()
        if token in _OPENING:
            level += 1
            if level > depth:
                return True
        elif token in _CLOSING:
            level -= 1
    return False


def _parse(body: bytes, depth: int) -> dict[str, object]:
    if is_nested_deeper(body, depth):
        raise MalformedRequestError(
            f"请求的 JSON 嵌套超过 {depth} 层；请减少嵌套。",
            f"The request's JSON nests deeper than {depth} levels; flatten it.",
        )
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(body, error) from None
    if not isinstance(fields, dict):
        raise MalformedRequestError("请求体应是一个 JSON 对象。", "The request body must be a JSON object.")
    return fields


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> MalformedRequestError:
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return MalformedRequestError(
            f"请求体不是有效的 UTF-8（第 {wrong.start} 字节）；请以 UTF-8 编码发送。",
            f"The request body is not valid UTF-8 (byte {wrong.start}); send it as UTF-8.",
        )
    return MalformedRequestError(
        f"请求体不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）。",
        f"The request body is not valid JSON (line {error.lineno}, column {error.colno}).",
    )


def _wrong(where: str, zh: str, en: str) -> MalformedRequestError:
    return MalformedRequestError(f"{where} 应为{zh}。", f"{where} must be {en}.", where=where)


def _check_types(fields: dict[str, object]) -> None:
    for name, value in fields.items():
        kinds = _TYPES.get(name)
        if kinds is None or value is None:
            continue
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " | ".join(kind.__name__ for kind in kinds)
            raise _wrong(name, f" {names} 类型", f"of type {names}")


def _check_choices(fields: dict[str, object], most: int) -> None:
    n = fields.get("n")
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= most):
        raise _wrong("n", f" 1 到 {most} 之间的整数", f"an integer from 1 to {most}")


def _check_modalities(fields: dict[str, object]) -> None:
    modalities = fields.get("modalities")
    if (modalities is not None and modalities != ["text"]) or fields.get("audio") is not None:
        raise UnsupportedContentError(
            "目前只支持文本输出：其他模态还没有审核手段，因此不予放行。",
            "Only text output is supported: nothing can moderate other modalities yet, so they are not let through.",
            where="modalities",
        )


def _end_user(fields: dict[str, object]) -> str:
    user = fields.get("safety_identifier") or fields.get("user") or ""
    if not isinstance(user, str) or len(user) > _USER_CHARACTERS:
        raise _wrong("user", f"不超过 {_USER_CHARACTERS} 字的字符串", f"a string of at most {_USER_CHARACTERS}")
    return user


def _turns(fields: dict[str, object], limits: Limits, media: _MediaReader) -> tuple[Turn, ...]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= limits.messages:
        raise _wrong(
            "messages", f" 1 到 {limits.messages} 条消息的数组", f"an array of 1 to {limits.messages} messages"
        )
    turns = [_turn(message, f"messages[{place}]", media) for place, message in enumerate(messages)]
    for name in fields.keys() - _PLAIN_FIELDS:
        if texts := strings_in(fields[name]):
            turns += [Turn(name[:40], "\n".join(texts))]
    return tuple(turns)


def _turn(message: object, where: str, media: _MediaReader) -> Turn:
    if not isinstance(message, dict):
        raise _wrong(where, "一个对象", "an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise _wrong(f"{where}.role", f" {'、'.join(sorted(_ROLES))} 之一", f"one of {', '.join(sorted(_ROLES))}")
    content = message.get("content")
    if type(content) is str and len(message) == 2:  # noqa: PLR2004 - role and content, which is nearly every message
        return Turn(role, content)
    texts = [_content_text(content, f"{where}.content", media)]
    rest = {key: value for key, value in message.items() if key not in {"role", "content", "tool_call_id"}}
    texts.extend(strings_in(rest))
    return Turn(role, "\n".join(text for text in texts if text))


def _content_text(content: object, where: str, media: _MediaReader | None) -> str:
    """Return the text of a message; the parts of one message are one text, as the model reads them.

    Parts that are media have none; `media` takes them, or they were taken before.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _wrong(where, "字符串或内容块数组", "a string or an array of parts")
    return "".join(_part_text(part, f"{where}[{place}]", media) for place, part in enumerate(content))


def _part_text(part: object, where: str, media: _MediaReader | None) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or not isinstance(kind, str):
        raise _wrong(where, "带 type 的对象", "an object with a type")
    if kind in KINDS:
        if media is not None:
            media.found.append(read_media_part(part, kind, where, refusing=media.refusing))
        return ""
    if kind not in {"text", "refusal"} or set(part) - {"type", kind, "cache_control"}:
        raise UnsupportedContentError(
            f"内容块 {kind[:40]!r} 目前无法审核，因此不予放行；请只发送文本。",
            f"A part of type {kind[:40]!r} cannot be moderated yet, so it is not let through; send text only.",
            where=where,
        )
    text = part.get(kind)
    if not isinstance(text, str):
        raise _wrong(f"{where}.{kind}", "字符串", "a string")
    return text


def strings_in(value: object) -> list[str]:
    """Return every text in `value`, keys of objects too; nesting was bounded before parsing."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings_in(item))]
    return []
