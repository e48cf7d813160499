"""Parts of a message that are pictures, sound or video: their shape in a request, and as they are sent on."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from guiju.gateway.errors import MalformedRequestError, UnsupportedContentError
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind

Refusing: TypeAlias = "Callable[[MediaKind], CannotCheckError | None]"
"""Says why media of a kind are not taken; None when they are."""

KINDS: Mapping[str, MediaKind] = {
    "image_url": MediaKind.IMAGE,
    "input_audio": MediaKind.AUDIO,
    "video_url": MediaKind.VIDEO,
}
_KEYS: Mapping[str, frozenset[str]] = {
    "image_url": frozenset(("url", "detail")),
    "input_audio": frozenset(("data", "format")),
    "video_url": frozenset(("url",)),
}
_SOURCE: Mapping[str, str] = {"image_url": "url", "input_audio": "data", "video_url": "url"}
_OPTION: Mapping[str, tuple[str, ...]] = {"detail": ("auto", "low", "high"), "format": ("wav", "mp3", "flac", "ogg")}
_LONGEST_TYPE = 100
_LONGEST_URL = 2048
_FORMATS = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/flac": "flac", "audio/ogg": "ogg"}


@dataclass(frozen=True, slots=True)
class MediaPart:
    """One part that is a medium.

    Attributes:
        kind: what it is said to be.
        where: its place in the request, for messages.
        source: a data: URL, an address, or base64.
        content: its bytes, once they are there.
        mime: the type that the request gives it; not believed, see `MediaReport.shape`.
    """

    kind: MediaKind
    where: str
    source: str = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    mime: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether its bytes must be fetched."""
        return self.source[:8].lower().startswith(("http://", "https://"))


def no_media(kind: MediaKind) -> CannotCheckError:  # noqa: ARG001 - the shape that reading a request asks for
    """Say that no media are taken, and what the operator can do."""
    return CannotCheckError(
        "switched_off",
        "请只发送文本；运营方可安装 guiju[media] 并在策略中启用 media。",
        "send text only; the operator can install guiju[media] and switch media on in the policy.",
    )


def read_media_part(part: dict[str, object], name: str, where: str, *, refusing: "Refusing") -> MediaPart:
    """Read a part of type `name`, one of `KINDS`.

    Raises:
        UnsupportedContentError: media of this kind are not taken; says what the operator can do.
        MalformedRequestError: it has another shape.
    """
    why = refusing(KINDS[name])
    if why is not None:
        raise UnsupportedContentError(
            f"内容块 {name!r} 目前无法审核，因此不予放行：{why.zh}",
            f"A part of type {name!r} cannot be moderated yet, so it is not let through: {why.en}",
            where=where,
        )
    value = part.get(name)
    if set(part) - {"type", name, "cache_control"} or not isinstance(value, dict) or set(value) - _KEYS[name]:
        keys = "、".join(sorted(_KEYS[name]))
        raise _wrong(
            f"{where}.{name}", f"只含 {keys} 的对象", f"an object of nothing but {', '.join(sorted(_KEYS[name]))}"
        )
    for key, choices in _OPTION.items():
        if value.get(key) is not None and value[key] not in choices:
            raise _wrong(f"{where}.{name}.{key}", f" {'、'.join(choices)} 之一", f"one of {', '.join(choices)}")
    source = value.get(_SOURCE[name])
    if not isinstance(source, str) or not source:
        raise _wrong(f"{where}.{name}.{_SOURCE[name]}", "非空字符串", "a string that is not empty")
    return MediaPart(KINDS[name], f"{where}.{name}", source)


def inline_bytes(part: MediaPart) -> tuple[bytes, str]:
    """Return the bytes that stand in the request itself, and the type that it gives them.

    Raises:
        MalformedRequestError: it is neither a data: URL in base64 nor, for sound, base64.
    """
    if part.kind is MediaKind.AUDIO:
        return _decoded(part.source, part.where), ""
    head, comma, data = part.source.partition(",")
    kind, *options = head.lower()[: _LONGEST_TYPE * 2].split(";")
    if not comma or not kind.startswith("data:") or "base64" not in options:
        raise _wrong(part.where, " data:类型;base64,… 或 https:// 地址", "data:TYPE;base64,... or an https:// address")
    return _decoded(data, part.where), kind.removeprefix("data:")[:_LONGEST_TYPE]


def address_of(part: MediaPart) -> str:
    """Return the address of a part whose bytes must be fetched.

    Raises:
        MalformedRequestError: it cannot be one.
    """
    url = part.source
    if len(url) > _LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        raise _wrong(
            part.where,
            f"不超过 {_LONGEST_URL} 字符的 ASCII 地址",
            f"an address of at most {_LONGEST_URL} ASCII characters",
        )
    return url


def with_media(fields: dict[str, object], sent: Iterator[tuple[str, bytes]]) -> dict[str, object]:
    """Return the fields of a request with its media, in order, replaced by `sent`: type and bytes that were checked."""
    messages = fields.get("messages")
    if not isinstance(messages, list):
        return fields  # the files of a form are sent on as they came and were checked
    return {**fields, "messages": [_message_with(message, sent) for message in messages]}


def _message_with(message: dict[str, object], sent: Iterator[tuple[str, bytes]]) -> dict[str, object]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part_with(part, sent) if part["type"] in KINDS else part for part in content]}


def _part_with(part: dict[str, object], sent: Iterator[tuple[str, bytes]]) -> dict[str, object]:
    name = str(part["type"])
    mime, content = next(sent)
    value = part[name]
    assert isinstance(value, dict)  # noqa: S101 - it was read
    data = base64.b64encode(content).decode("ascii")
    if name == "input_audio":
        return {**part, name: {"format": _FORMATS.get(mime, value.get("format") or "wav"), "data": data}}
    return {**part, name: {**value, "url": f"data:{mime};base64,{data}"}}


def _decoded(data: str, where: str) -> bytes:
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        content = b""
    if not content:
        raise _wrong(where, "有效的 base64 数据", "valid base64 data")
    return content


def _wrong(where: str, zh: str, en: str) -> MalformedRequestError:
    return MalformedRequestError(f"{where} 应为{zh}。", f"{where} must be {en}.", where=where)
