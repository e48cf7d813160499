"""Where elements stand in an XML part, so that one can be put in or replaced and the rest stays as it was written.

Document type declarations are refused: nothing is ever expanded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from guiju.labelling.errors import damaged, unsupported

_DEPTH = 1000
PART_LIMIT = 16 << 20
_LONGEST_TEXT = 256 * 1024


@dataclass
class Element:
    """One element that was asked for.

    Attributes:
        space: its name space.
        local: its name.
        attributes: by local name.
        start: where it starts.
        inner: where its content starts; the same as `inner_end` where it is empty.
        inner_end: where its content ends.
        end: where it ends.
        text: the characters in it, and in elements in it that were not asked for.
        is_closed: whether it is written `<a/>`.
        is_prefixed: whether its name has a prefix.
    """

    space: str
    local: str
    attributes: dict[str, str]
    start: int
    inner: int
    inner_end: int = 0
    end: int = 0
    text: str = ""
    is_closed: bool = False
    is_prefixed: bool = False


Wanted = Callable[[str, dict[str, str]], bool]


@dataclass
class _Walk:
    part: bytes
    wanted: Wanted
    found: list[Element] = field(default_factory=list)
    _open: list[Element | None] = field(default_factory=list)

    def run(self) -> list[Element]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse
        self._parser = parser
        try:
            parser.Parse(self.part, True)  # noqa: FBT003 - expat's own signature
        except (expat.ExpatError, UnicodeDecodeError, LookupError) as error:
            raise damaged(f"XML 不合法：{error}", f"its XML is not well formed: {error}") from error
        return self.found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _DEPTH:
            raise damaged("XML 嵌套过深", "its XML is nested too deeply")
        parts = name.split(" ")
        space, local = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
        plain = {_local(key): value for key, value in attributes.items()}
        element = None
        if not self._open or self.wanted(local, plain):
            start = self._parser.CurrentByteIndex
            inner = tag_end(self.part, start)
            element = Element(space, local, plain, start, inner, is_closed=self.part[inner - 2 : inner] == b"/>")
            element.is_prefixed = len(parts) > 2  # noqa: PLR2004 - name space, name, prefix
            self.found.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element is None:
            return
        if element.is_closed:
            element.inner_end = element.end = element.inner
        else:
            element.inner_end = self._parser.CurrentByteIndex
            element.end = tag_end(self.part, element.inner_end)

    def _characters(self, text: str) -> None:
        innermost = next((one for one in reversed(self._open) if one is not None), None)
        if innermost is not None and len(innermost.text) < _LONGEST_TEXT:
            innermost.text += text


def _local(name: str) -> str:
    parts = name.split(" ")
    return parts[1] if len(parts) > 1 else parts[0]


def _refuse(*declaration: object) -> None:
    """Refuse declarations of its own; one that only names a type is harmless, since nothing is fetched."""
    if declaration[3]:
        raise damaged("XML 自带文档类型声明", "the XML brings declarations of its own")


def tag_end(part: bytes, start: int) -> int:
    """Return the place behind the `>` of the tag at `start`, quotes respected.

    Raises:
        DamagedFileError: it does not end.
    """
    at, quote = start, 0
    while at < len(part):
        byte = part[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return at + 1
        at += 1
    raise damaged("XML 标记没有结束", "a tag of its XML does not end")


def elements(part: bytes, wanted: Wanted) -> list[Element]:
    """Find the root and every element that is wanted by its name and attributes, in order.

    Raises:
        DamagedFileError: it is not well formed.
        UnsupportedFormatError: it is not in UTF-8.
    """
    if b"\0" in part[:100] or part.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise unsupported("XML 不是 UTF-8 编码", "its XML is not in UTF-8")
    return _Walk(part, wanted).run()
