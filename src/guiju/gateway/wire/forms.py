"""Multipart bodies, as files are sent: read from hostile bytes, and written for an upstream."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from guiju.gateway.errors import MalformedRequestError, UnsupportedContentError

_MOST_PARTS = 64
_NAME_CHARACTERS = 200
_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Attributes:
        name: the field's.
        content: its bytes.
        filename: empty where the part is no file.
        mime: the type that the sender gives it; not believed.
        is_list: whether its name was sent with `[]` behind it, which says that there may be several.
    """

    name: str
    content: bytes = field(repr=False)
    filename: str = ""
    mime: str = ""
    is_list: bool = False

    @property
    def label(self) -> str:
        """The name as it is sent."""
        return f"{self.name}[]" if self.is_list else self.name

    @property
    def text(self) -> str:
        """The part as a text.

        Raises:
            MalformedRequestError: it is no UTF-8.
        """
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise MalformedRequestError(
                f"{self.name} 不是有效的 UTF-8。", f"{self.name} is not valid UTF-8.", where=self.name
            ) from None


@dataclass(slots=True)
class _Reading:
    """A form while it is read."""

    parts: list[Part] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)
    is_whole: bool = False

    def begin(self) -> None:
        self.headers = {}
        self.data = bytearray()

    def on_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def on_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]
        if len(self.value) + len(self.name) > _HEADER_BYTES:
            raise _no_form("一个部分的头部太长", "the header of a part is too long")

    def on_header(self) -> None:
        self.headers[bytes(self.name).lower()] = bytes(self.value)
        self.name, self.value = bytearray(), bytearray()

    def on_data(self, data: bytes, start: int, end: int) -> None:
        self.data += data[start:end]

    def on_part(self) -> None:
        _, options = parse_options_header(self.headers.get(b"content-disposition"))
        label = options.get(b"name", b"").decode(errors="replace")
        name = label.removesuffix("[]")
        filename = options.get(b"filename", b"").decode(errors="replace")
        if not name or max(len(name), len(filename)) > _NAME_CHARACTERS or len(self.parts) >= _MOST_PARTS:
            raise _no_form(
                f"部分没有名称、名称太长，或多于 {_MOST_PARTS} 个",
                f"a part has no name or one that is too long, or there are more than {_MOST_PARTS}",
            )
        mime = self.headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower().decode("latin-1")
        self.parts.append(Part(name, bytes(self.data), filename, mime, label != name))

    def on_end(self) -> None:
        self.is_whole = True


def read_form(body: bytes, content_type: str) -> list[Part]:
    """Return the parts of a multipart body, in order.

    Raises:
        UnsupportedContentError: it is said to be something else.
        MalformedRequestError: it is no whole form.
    """
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise UnsupportedContentError(
            "此端点的请求体应为 multipart/form-data。",
            "The body of this endpoint must be multipart/form-data.",
            where="Content-Type",
        )
    reading = _Reading()
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reading.begin,
            "on_header_field": reading.on_name,
            "on_header_value": reading.on_value,
            "on_header_end": reading.on_header,
            "on_part_data": reading.on_data,
            "on_part_end": reading.on_part,
            "on_end": reading.on_end,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError:
        raise _no_form("格式不正确", "it is not well formed") from None
    if not reading.is_whole:
        raise _no_form("没有结尾", "it has no end")
    return reading.parts


def write_form(parts: Sequence[Part]) -> tuple[bytes, str]:
    """Return the body of a form and its content type."""
    boundary = f"guiju-{secrets.token_hex(16)}"
    out: list[bytes] = []
    for part in parts:
        disposition = f'form-data; name="{_quoted(part.label)}"'
        if part.filename:
            disposition += f'; filename="{_quoted(part.filename)}"'
        out.append(f"--{boundary}\r\nContent-Disposition: {disposition}\r\n".encode())
        if part.filename:
            out.append(f"Content-Type: {part.mime or 'application/octet-stream'}\r\n".encode("latin-1", "replace"))
        out += [b"\r\n", part.content, b"\r\n"]
    out.append(f"--{boundary}--\r\n".encode())
    return b"".join(out), f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    plain = "".join(character if character.isprintable() else "_" for character in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def _no_form(zh: str, en: str) -> MalformedRequestError:
    return MalformedRequestError(f"请求体不是完整的表单：{zh}。", f"The request body is no whole form: {en}.")
