"""The item tables of a HEIF file (ISO/IEC 14496-12 §8.11), read and written anew."""

import struct
from dataclasses import dataclass, replace

from guiju.labelling.carriers.boxes import Box, boxes, first, inside, new_box
from guiju.labelling.carriers.splicing import Shift, Source
from guiju.labelling.errors import damaged, unsupported

XMP_TYPE = b"application/rdf+xml"
_MOST_ITEMS = 1 << 16
_MOST_EXTENTS = 1 << 16
_WIDTHS = frozenset((0, 4, 8))
_WIDE = 2


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of `iinf`: its number, its type, and of a `mime` item its content type."""

    number: int
    kind: bytes
    content_type: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of `iloc`: how it is placed (0: in the file, 1: in `idat`), the base, and each extent."""

    number: int
    method: int
    reference: int
    base: int
    extents: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Locations:
    """A whole `iloc`."""

    version: int
    offset_size: int
    length_size: int
    base_size: int
    index_size: int
    places: tuple[Place, ...]

    def moved(self, shift: Shift) -> "Locations":
        """Return the table with every place in the file moved.

        Raises:
            UnsupportedFormatError: the extents of one item move by different lengths over one base.
        """
        return replace(self, places=tuple(self._moved(place, shift) for place in self.places))

    def _moved(self, place: Place, shift: Shift) -> Place:
        if place.method or place.reference:
            return place
        starts = [place.base + extent[1] for extent in place.extents]
        growths = [shift(start) - start for start in starts]
        if not any(growths):
            return place
        if not place.base and self.offset_size:
            pairs = zip(place.extents, growths, strict=True)
            return replace(place, extents=tuple((one[0], one[1] + growth, one[2]) for one, growth in pairs))
        if len(set(growths)) > 1:
            raise unsupported("同一项目的数据移动距离不同", "the pieces of one item would move apart")
        return replace(place, base=place.base + growths[0])

    def written(self) -> bytes:
        """Write the box.

        Raises:
            UnsupportedFormatError: a number is more than its field holds.
        """
        wide = self.version == _WIDE
        sizes = self.offset_size << 12 | self.length_size << 8 | self.base_size << 4 | self.index_size
        head = struct.pack(">B3xH", self.version, sizes) + struct.pack(">I" if wide else ">H", len(self.places))
        try:
            return new_box(b"iloc", head, *(self._entry(place, wide=wide) for place in self.places))
        except (struct.error, OverflowError) as error:
            raise unsupported("iloc 的字段放不下新的位置", "a field of its iloc cannot hold the new place") from error

    def _entry(self, place: Place, *, wide: bool) -> bytes:
        pieces = [struct.pack(">I" if wide else ">H", place.number)]
        if self.version:
            pieces.append(struct.pack(">H", place.method))
        pieces.append(struct.pack(">H", place.reference) + place.base.to_bytes(self.base_size, "big"))
        pieces.append(struct.pack(">H", len(place.extents)))
        for index, offset, length in place.extents:
            pieces.append(index.to_bytes(self.index_size, "big") if self.version else b"")
            pieces.append(offset.to_bytes(self.offset_size, "big") + length.to_bytes(self.length_size, "big"))
        return b"".join(pieces)


class _Cursor:
    """Reads one number after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def number(self, width: int) -> int:
        found = self._body[self._at : self._at + width]
        if len(found) != width:
            raise damaged("iloc 在中途结束", "its iloc ends in the middle")
        self._at += width
        return int.from_bytes(found, "big")


def read_locations(source: Source, meta: Box) -> Locations:
    """Read `iloc`.

    Raises:
        DamagedFileError: there is none, or it contradicts its length.
        UnsupportedFormatError: it is of a version that nobody knows.
    """
    box = first(inside(source, meta, 4), b"iloc")
    if box is None:
        raise damaged("没有 iloc", "it has no iloc")
    cursor = _Cursor(box.body(source))
    version = cursor.number(4) >> 24
    if version > _WIDE:
        raise unsupported(f"iloc 版本 {version}", f"an iloc of version {version}")
    sizes = cursor.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    index_size = index_size if version else 0
    if not {offset_size, length_size, base_size, index_size} <= _WIDTHS:
        raise damaged("iloc 字段宽度不对", "a width in its iloc is wrong")
    wide = 4 if version == _WIDE else 2
    count = cursor.number(wide)
    if count > _MOST_ITEMS:
        raise damaged("iloc 项目过多", "too many items in its iloc")
    places, left = [], _MOST_EXTENTS
    for _ in range(count):
        number = cursor.number(wide)
        method = cursor.number(2) & 15 if version else 0
        reference, base = cursor.number(2), cursor.number(base_size)
        extents = cursor.number(2)
        left -= extents
        if left < 0:
            raise damaged("iloc 片段过多", "too many extents in its iloc")
        found = [
            (cursor.number(index_size), cursor.number(offset_size), cursor.number(length_size)) for _ in range(extents)
        ]
        places.append(Place(number, method, reference, base, tuple(found)))
    return Locations(version, offset_size, length_size, base_size, index_size, tuple(places))


def read_items(source: Source, meta: Box) -> list[Item]:
    """Read `iinf`.

    Raises:
        DamagedFileError: there is none, or it contradicts its length.
    """
    box = first(inside(source, meta, 4), b"iinf")
    if box is None:
        raise damaged("没有 iinf", "it has no iinf")
    found: list[Item] = []
    for entry in boxes(source, box.body_at + _iinf_head(source, box), box.end):
        if entry.kind != b"infe":
            continue
        body = entry.body(source)
        version = body[0] if body else 0
        if version < _WIDE:
            continue
        wide = 2 if version == _WIDE else 4
        number = int.from_bytes(body[4 : 4 + wide], "big")
        kind = body[6 + wide : 10 + wide]
        texts = body[10 + wide :].split(b"\0")
        found.append(Item(number, kind, texts[1] if kind == b"mime" and len(texts) > 1 else b""))
        if len(found) > _MOST_ITEMS:
            raise damaged("项目过多", "too many items")
    return found


def _iinf_head(source: Source, box: Box) -> int:
    return 6 if source.read(box.body_at, 1) == b"\0" else 8


def more_items(source: Source, box: Box, number: int) -> bytes:
    """Write `iinf` with one more entry, an XMP item."""
    size = _iinf_head(source, box)
    head = source.read(box.body_at, size)
    form = ">H" if size == 6 else ">I"  # noqa: PLR2004 - version 0
    count = struct.unpack(form, head[4:])[0] + 1
    entry = new_box(b"infe", b"\2\0\0\1", struct.pack(">HH", number, 0), b"mime\0" + XMP_TYPE + b"\0")
    rest = source.read(box.body_at + size, box.end - box.body_at - size)
    return new_box(b"iinf", head[:4], struct.pack(form, count), rest, entry)


def more_references(source: Source, box: Box | None, number: int, *, about: int) -> bytes:
    """Write `iref` with one more entry: that item `number` describes item `about`."""
    head = source.read(box.body_at, box.end - box.body_at) if box else b"\0" * 4
    form = ">HHH" if head[:1] == b"\0" else ">IHI"
    return new_box(b"iref", head, new_box(b"cdsc", struct.pack(form, number, 1, about)))


def primary_item(source: Source, meta: Box) -> int:
    """Return the number of the primary item.

    Raises:
        DamagedFileError: none is named.
    """
    box = first(inside(source, meta, 4), b"pitm")
    if box is None or box.end - box.body_at < 6:  # noqa: PLR2004 - its least length
        raise damaged("没有 pitm", "it has no pitm")
    return int.from_bytes(box.body(source)[4:], "big")
