"""FLV: the property `AIGC` of the script tag `onMetaData` (57A). Its own table of places moves along with the tags."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_KEY = b"AIGC"
_TAG_HEAD, _TAIL = 11, 4
_SCRIPT = 18
_KINDS = frozenset((8, 9, _SCRIPT))
_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL, _UNDEFINED, _REFERENCE = 0, 1, 2, 3, 5, 6, 7
_MAP, _END, _LIST, _DATE, _LONG = 8, 9, 10, 11, 12
_FIXED = {_NUMBER: 8, _BOOLEAN: 1, _NULL: 0, _UNDEFINED: 0, _REFERENCE: 2, _DATE: 10}
_NAME = b"\2\0\x0aonMetaData"
_DEPTH = 32
_MOST_VALUES = 1 << 20
_LONGEST = 0xFFFFFF
_PLACES = (b"filesize", b"lastkeyframelocation")
_SEARCHED = 64


@dataclass(frozen=True, slots=True)
class _Tag:
    at: int
    body_at: int
    end: int


@dataclass(frozen=True, slots=True)
class _Property:
    """One property of the metadata: its name, and where it, its value and its end are in the body."""

    name: bytes
    start: int
    value_at: int
    end: int


class Flv:
    """The carrier of FLV."""

    name = "flv"
    mimes = ("video/x-flv", "video/flv")
    suffixes = (".flv",)
    is_text = False
    place = "onMetaData AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an FLV by its mark."""
        return source.head(4) == b"FLV\1"

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the property in the first script tag that holds metadata."""
        tag = _metadata(source)
        if tag is None:
            return []
        body = source.read(tag.body_at, tag.end - tag.body_at)
        return [Site(self.place, _text(body, one.value_at)) for one in _properties(body)[1] if one.name == _KEY]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the metadata, made as the first tag where there is none."""
        tag = _metadata(source)
        value = _KEY_HEAD + _string(label.encode())
        if tag is None:
            at = _first_tag(source)
            new = _written(_NAME + b"\x08\0\0\0\1" + value + b"\0\0\x09")
            return [Edit(at, at, new)]
        body = source.read(tag.body_at, tag.end - tag.body_at)
        start, found, end = _properties(body)
        kept = bytearray(body)
        for one in reversed([one for one in found if one.name == _KEY]):
            del kept[one.start : one.end]
            end -= one.end - one.start
        kept[end:end] = value
        count = len(found) - sum(one.name == _KEY for one in found) + 1
        if body[start - 5] == _MAP:
            kept[start - 4 : start] = struct.pack(">I", count)
        grown = len(kept) - len(body)
        _moved(kept, grown)
        return [Edit(tag.at, tag.end + _TAIL, _written(bytes(kept), source.read(tag.at, _TAG_HEAD)))]


_KEY_HEAD = struct.pack(">H", len(_KEY)) + _KEY


def _string(text: bytes) -> bytes:
    if len(text) > 0xFFFF:  # noqa: PLR2004 - what a short string holds
        return bytes((_LONG,)) + struct.pack(">I", len(text)) + text
    return bytes((_STRING,)) + struct.pack(">H", len(text)) + text


def _written(body: bytes, head: bytes = bytes((_SCRIPT,)) + b"\0" * 10) -> bytes:
    if len(body) > _LONGEST:
        raise unsupported("FLV 元数据已满", "the metadata of the FLV leaves no room")
    tag = head[:1] + len(body).to_bytes(3, "big") + head[4:] + body
    return tag + struct.pack(">I", len(tag))


def _first_tag(source: Source) -> int:
    head = source.read(0, 9)
    if head[:4] != b"FLV\1":
        raise damaged("FLV 标记不对", "the mark of the FLV is wrong")
    return int(struct.unpack(">I", head[5:9])[0]) + _TAIL


def _tags(source: Source) -> Iterator[_Tag]:
    """Walk the first tags; metadata stands among them."""
    at = _first_tag(source)
    if at >= source.size:
        raise damaged("FLV 没有内容", "an FLV without content")
    for _ in range(_SEARCHED):
        if at >= source.size:
            return
        head = source.read(at, _TAG_HEAD)
        end = at + _TAG_HEAD + int.from_bytes(head[1:4], "big")
        if head[0] & 0x1F not in _KINDS or end + _TAIL > source.size:
            raise damaged("FLV 标签不完整", "a tag of the FLV is cut short or unknown")
        yield _Tag(at, at + _TAG_HEAD, end)
        at = end + _TAIL


def _metadata(source: Source) -> _Tag | None:
    for tag in _tags(source):
        is_script = source.read(tag.at, 1)[0] == _SCRIPT
        if is_script and source.read(tag.body_at, min(len(_NAME), tag.end - tag.body_at)) == _NAME:
            return tag
    return None


def _properties(body: bytes) -> tuple[int, list[_Property], int]:
    """Return where the properties start, each of them, and where they end, in front of the end mark."""
    at = len(_NAME)
    kind = body[at] if at < len(body) else _END
    if kind not in (_MAP, _OBJECT):
        raise damaged("onMetaData 不是对象", "its onMetaData is no object")
    start = at + (5 if kind == _MAP else 1)
    found: list[_Property] = []
    end = _walk(body, start, found)
    return start, found, end


def _walk(body: bytes, at: int, found: list[_Property] | None, *, depth: int = 0) -> int:
    """Step over properties up to the end mark, or to the end where a writer left the mark out."""
    for _ in range(_MOST_VALUES):
        if at == len(body) and not depth:
            return at
        length = int.from_bytes(_take(body, at, 2), "big")
        if not length and body[at + 2 : at + 3] == bytes((_END,)):
            return at
        name = _take(body, at + 2, length)
        value_at = at + 2 + length
        end = _behind(body, value_at, depth + 1)
        if found is not None:
            found.append(_Property(name, at, value_at, end))
        at = end
    raise damaged("AMF 属性过多", "too many properties in its metadata")


def _take(body: bytes, at: int, length: int) -> bytes:
    found = body[at : at + length]
    if len(found) != length:
        raise damaged("AMF 数据在中途结束", "its metadata ends in the middle")
    return found


def _behind(body: bytes, at: int, depth: int) -> int:
    """Return where the value at `at` ends."""
    kind = _take(body, at, 1)[0]
    at += 1
    if depth > _DEPTH:
        raise damaged("AMF 嵌套过深", "its metadata is nested too deeply")
    if kind in _FIXED:
        _take(body, at, _FIXED[kind])
        return at + _FIXED[kind]
    if kind in (_STRING, _LONG):
        width = 2 if kind == _STRING else 4
        length = int.from_bytes(_take(body, at, width), "big")
        _take(body, at + width, length)
        return at + width + length
    if kind in (_OBJECT, _MAP):
        return _walk(body, at + (4 if kind == _MAP else 0), None, depth=depth) + 3
    if kind == _LIST:
        return _behind_list(body, at, depth)
    raise damaged("AMF 类型不明", "a value of unknown type in its metadata")


def _behind_list(body: bytes, at: int, depth: int) -> int:
    count = int.from_bytes(_take(body, at, 4), "big")
    at += 4
    if count > len(body):
        raise damaged("AMF 数组长度不对", "a list in its metadata contradicts its length")
    for _ in range(count):
        at = _behind(body, at, depth + 1)
    return at


def _text(body: bytes, at: int) -> str:
    width = {_STRING: 2, _LONG: 4}.get(body[at])
    if width is None:
        return ""
    length = int.from_bytes(body[at + 1 : at + 1 + width], "big")
    return body[at + 1 + width : at + 1 + width + length].decode("utf-8", "replace")


def _moved(body: bytearray, growth: int) -> None:
    """Add `growth` to every place in the file that the metadata names: its length, and where key frames are."""
    raw = bytes(body)
    for one in _properties(raw)[1]:
        if one.name in _PLACES:
            _add(body, one.value_at, growth)
        elif one.name == b"keyframes" and raw[one.value_at] in (_OBJECT, _MAP):
            inner: list[_Property] = []
            _walk(raw, one.value_at + (5 if raw[one.value_at] == _MAP else 1), inner, depth=1)
            for table in inner:
                if table.name == b"filepositions" and raw[table.value_at] == _LIST:
                    for at in range(table.value_at + 5, table.end, 9):
                        _add(body, at, growth)


def _add(body: bytearray, at: int, growth: int) -> None:
    if body[at] == _NUMBER:
        number = struct.unpack(">d", body[at + 1 : at + 9])[0]
        if number > 0:
            body[at + 1 : at + 9] = struct.pack(">d", number + growth)
