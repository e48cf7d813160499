"""What the dialects share that are translated: a conversation in the chat-completions shape, built piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from guiju.gateway.dialects.interface import Reading
from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.wire.fields import wrong
from guiju.gateway.wire.media import MediaPart, read_media_part
from guiju.gateway.wire.request import ChatRequest, chat_request

Fields = dict[str, object]


@dataclass(slots=True)
class Conversation:
    """Messages in the chat-completions shape, and where their media stood in the client's own body."""

    reading: Reading
    messages: list[Fields] = field(default_factory=list)
    media: list[MediaPart] = field(default_factory=list)

    def say(self, role: str, parts: list[Fields], **more: object) -> None:
        """Add a message, unless it says nothing; a message of texts alone has them as one."""
        content: object = parts
        if all(part["type"] == "text" for part in parts):
            content = "".join(str(part["text"]) for part in parts) if parts else None
        if parts or more:
            self.messages.append({"role": role, "content": content, **more})

    def picture(self, url: str, where: str, detail: str | None = None) -> Fields:
        """Return the part that is a picture.

        Raises:
            UnsupportedContentError: pictures are not taken.
        """
        part: Fields = {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}}
        self.media.append(
            replace(read_media_part(part, "image_url", where, refusing=self.reading.refusing), where=where)
        )
        return part

    def request(self, fields: Fields) -> ChatRequest:
        """Return the request of these messages and `fields`, its media named by their places in the client's body."""
        request = chat_request({**fields, "messages": self.messages}, self.reading.limits, self.reading.refusing)
        return replace(request, media=tuple(self.media))


def picked(fields: Fields, names: Mapping[str, str]) -> Fields:
    """Return the fields of `names` that are there, under their new names."""
    return {new: fields[old] for old, new in names.items() if fields.get(old) is not None}


def text_at(value: object, where: str) -> str:
    """Return a text.

    Raises:
        MalformedRequestError: it is none.
    """
    if not isinstance(value, str):
        raise wrong(where, "字符串", "a string")
    return value


def object_at(value: object, where: str) -> Fields:
    """Return an object.

    Raises:
        MalformedRequestError: it is none.
    """
    if not isinstance(value, dict):
        raise wrong(where, "一个对象", "an object")
    return value


def list_at(value: object, where: str) -> list[object]:
    """Return an array.

    Raises:
        MalformedRequestError: it is none.
    """
    if not isinstance(value, list):
        raise wrong(where, "一个数组", "an array")
    return value


def choice_at(value: object, where: str, choices: tuple[str, ...]) -> str:
    """Return one of `choices`.

    Raises:
        MalformedRequestError: it is something else.
    """
    if not isinstance(value, str) or value not in choices:
        raise wrong(where, f" {'、'.join(choices)} 之一", f"one of {', '.join(choices)}")
    return value


def unsupported(where: str, zh: str, en: str) -> UnsupportedContentError:
    """Say that something in the request is not done here."""
    return UnsupportedContentError(f"{where}：{zh}", f"{where}: {en}", where=where)


def unmoderated(kind: object, where: str) -> UnsupportedContentError:
    """Say that nothing can look at a part of such a type."""
    return UnsupportedContentError(
        f"内容块 {str(kind)[:40]!r} 目前无法审核，因此不予放行；请发送文本。",
        f"A part of type {str(kind)[:40]!r} cannot be moderated yet, so it is not let through; send text.",
        where=where,
    )
