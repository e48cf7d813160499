"""Hostile bytes become a typed request, or a clear error."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.models import Limits, Turn
from guiju.gateway.wire.fields import (
    check_choices,
    check_types,
    end_user,
    model_of,
    parse_body,
    strings_in,
    wants_usage,
    wrong,
)
from guiju.gateway.wire.forms import Part
from guiju.gateway.wire.media import KINDS, MediaPart, Refusing, no_media, read_media_part
from guiju.kit.quick import quick

CHAT_PATH = "/chat/completions"
_ROLES = frozenset(("system", "developer", "user", "assistant", "tool", "function"))
# Fields that are read on their own or whose words a model never sees. Every text in any other field is moderated as
# input, known field or not: a server may have a field of its own (a chat template, documents) that reaches the model.
PLAIN_FIELDS = frozenset(
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


@quick
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
        wants_logprobs: whether the log probabilities of the answer's tokens are wanted.
        path: where a server that speaks the OpenAI protocol takes it.
        is_conversation: whether the answer has choices that are said, and not vectors, verdicts or media.
        reshape: makes a server's answer or event one of the chat-completions shape, where `path` answers otherwise.
        plain: the fields that hold no text for a model.
        form: the parts of a multipart body; empty where the body is JSON.
    """

    fields: dict[str, object]
    model: str
    user: str
    turns: tuple[Turn, ...]
    is_stream: bool
    wants_usage: bool
    is_structured: bool
    media: tuple[MediaPart, ...] = ()
    wants_logprobs: bool = False
    path: str = CHAT_PATH
    is_conversation: bool = True
    reshape: "Callable[[dict[str, object]], dict[str, object]] | None" = None
    plain: frozenset[str] = PLAIN_FIELDS
    form: tuple[Part, ...] = ()

    def upstream_payload(self, model: str) -> dict[str, object]:
        """Return the body for an upstream that calls the model `model`, without what identifies the end user."""
        payload = {key: value for key, value in self.fields.items() if key not in _PERSONAL_FIELDS}
        payload["model"] = model
        return payload

    def upstream_form(self, payload: dict[str, object]) -> list[Part]:
        """Return the parts of a multipart body: the files as they came, the other fields as `payload` has them."""
        parts = [part for part in self.form if part.filename]
        for name, value in payload.items():
            values = value if isinstance(value, list) else [value]
            parts += [Part(name, str(one).encode(), is_list=isinstance(value, list)) for one in values]
        return parts


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
    return chat_request(parse_body(body, limits.depth), limits, refusing)


def chat_request(fields: dict[str, object], limits: Limits, refusing: Refusing = no_media) -> ChatRequest:
    """Make a request of the fields of a chat-completions body; raises as `read_request`."""
    check_types(fields, _TYPES)
    check_choices(fields, limits.choices)
    model = model_of(fields)
    _check_modalities(fields)
    form = fields.get("response_format")
    media = _MediaReader(refusing, [])
    turns = _turns(fields, limits, media)
    return ChatRequest(
        fields=fields,
        model=model,
        user=end_user(fields),
        turns=turns,
        is_stream=fields.get("stream") is True,
        wants_usage=wants_usage(fields),
        is_structured=isinstance(form, dict) and form.get("type") != "text",
        media=tuple(media.found),
        wants_logprobs=fields.get("logprobs") is True,
    )


def with_masked(request: ChatRequest, mask: Callable[[str, str], str]) -> ChatRequest:
    """Return `request` with every text that reaches the model put through `mask`; a message's parts as one text.

    `mask` takes a text and whose it is: the role of its message, or the name of its field.
    """
    fields = dict(request.fields)
    for name in fields.keys() - request.plain:
        fields[name] = _mapped(fields[name], partial(_of, mask, name))
    messages = fields.get("messages")
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


def _check_modalities(fields: dict[str, object]) -> None:
    modalities = fields.get("modalities")
    if (modalities is not None and modalities != ["text"]) or fields.get("audio") is not None:
        raise UnsupportedContentError(
            "目前只支持文本输出：其他模态还没有审核手段，因此不予放行。",
            "Only text output is supported: nothing can moderate other modalities yet, so they are not let through.",
            where="modalities",
        )


def _turns(fields: dict[str, object], limits: Limits, media: _MediaReader) -> tuple[Turn, ...]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= limits.messages:
        raise wrong("messages", f" 1 到 {limits.messages} 条消息的数组", f"an array of 1 to {limits.messages} messages")
    turns = [_turn(message, f"messages[{place}]", media) for place, message in enumerate(messages)]
    for name in fields.keys() - PLAIN_FIELDS:
        if texts := strings_in(fields[name]):
            turns += [Turn(name[:40], "\n".join(texts))]
    return tuple(turns)


def _turn(message: object, where: str, media: _MediaReader) -> Turn:
    if not isinstance(message, dict):
        raise wrong(where, "一个对象", "an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise wrong(f"{where}.role", f" {'、'.join(sorted(_ROLES))} 之一", f"one of {', '.join(sorted(_ROLES))}")
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
        raise wrong(where, "字符串或内容块数组", "a string or an array of parts")
    return "".join(_part_text(part, f"{where}[{place}]", media) for place, part in enumerate(content))


def _part_text(part: object, where: str, media: _MediaReader | None) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or not isinstance(kind, str):
        raise wrong(where, "带 type 的对象", "an object with a type")
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
        raise wrong(f"{where}.{kind}", "字符串", "a string")
    return text
