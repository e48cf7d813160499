"""Directories of a TIFF, as a file of its own and as EXIF inside a picture: walked within bounds, never decoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import DamagedFileError, damaged

XMP, EXIF_IFD, USER_COMMENT, DESCRIPTION = 700, 0x8769, 0x9286, 0x010E
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MOST_ENTRIES = 4096
_MOST_IN_ALL = 1 << 17
_TEXT_LIMIT = 1 << 20
_CODE_LENGTH = 8
_UNICODE = b"UNICODE\0"
_NAMES = {USER_COMMENT: "EXIF UserComment", DESCRIPTION: "EXIF ImageDescription"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory: the tag, its type and count, where the entry stands and where its value."""

    tag: int
    kind: int
    count: int
    at: int
    value_at: int

    @property
    def length(self) -> int:
        """How many bytes the value has; 0 for a type that nobody knows."""
        return self.count * _SIZES.get(self.kind, 0)


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: where it stands and ends (without the pointer to the next one), and its entries."""

    start: int
    end: int
    entries: tuple[Entry, ...]
    next_at: int

    def find(self, tag: int) -> Entry | None:
        """Return the first entry of a tag."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


class Tags:
    """The directories of a TIFF that starts at byte 0 of `source`: classic, or BigTIFF."""

    def __init__(self, source: Source) -> None:
        """Read the header.

        Raises:
            DamagedFileError: it is none.
        """
        head = source.read(0, 8)
        marks = {b"II": "<", b"MM": ">"}
        self.order = marks.get(head[:2], "")
        if not self.order:
            raise damaged("TIFF 头不对", "its TIFF header is wrong")
        version = int(self.unpack("H", head[2:4]))
        if version not in (42, 43):
            raise damaged("TIFF 版本不对", "its TIFF version is unknown")
        self.is_big = version == 43  # noqa: PLR2004 - BigTIFF's version
        self._source = source
        self.pointer_at = 8 if self.is_big else 4
        self.word = "Q" if self.is_big else "I"
        self.width = 8 if self.is_big else 4
        self.count_form = "Q" if self.is_big else "H"
        self.first = int(self.unpack(self.word, source.read(self.pointer_at, self.width)))

    def unpack(self, form: str, content: bytes) -> int:
        """Read one number in the byte order of the file."""
        return int(struct.unpack(self.order + form, content)[0])

    def pack(self, form: str, *values: int) -> bytes:
        """Write numbers in the byte order of the file.

        Raises:
            DamagedFileError: a number is more than a place of the file can hold.
        """
        try:
            return struct.pack(self.order + form, *values)
        except struct.error as error:
            raise damaged("TIFF 偏移超过 4 GiB", "a TIFF offset beyond 4 GiB") from error

    def directory(self, at: int) -> Directory:
        """Read the directory at `at`.

        Raises:
            DamagedFileError: it goes past the end, or has more entries than any has.
        """
        head = struct.calcsize("=" + self.count_form)
        count = self.unpack(self.count_form, self._source.read(at, head))
        if not 0 < count <= _MOST_ENTRIES:
            raise damaged("TIFF 目录项数不对", "a TIFF directory with an impossible number of entries")
        size = 20 if self.is_big else 12
        block = self._source.read(at + head, count * size + self.width)
        entries = tuple(self._entry(block[i * size : (i + 1) * size], at + head + i * size) for i in range(count))
        end = at + head + count * size
        return Directory(at, end, entries, self.unpack(self.word, block[count * size :]))

    def _entry(self, raw: bytes, at: int) -> Entry:
        tag, kind = struct.unpack(self.order + "HH", raw[:4])
        count = self.unpack(self.word, raw[4 : 4 + self.width])
        entry = Entry(tag, kind, count, at, at + 4 + self.width)
        if entry.length > self.width:
            return Entry(tag, kind, count, at, self.unpack(self.word, raw[4 + self.width :]))
        return entry

    def directories(self) -> Iterator[Directory]:
        """Walk the chain of directories.

        Raises:
            DamagedFileError: it goes round, or past the end.
        """
        at, seen, left = self.first, set[int](), _MOST_IN_ALL
        while at:
            if at in seen or left < 0:
                raise damaged("TIFF 目录成环或过多", "the chain of TIFF directories goes round, or holds too many")
            seen.add(at)
            found = self.directory(at)
            left -= len(found.entries) + 1
            yield found
            at = found.next_at

    def numbers(self, entry: Entry) -> NDArray[np.uint64]:
        """Return the value of an entry as whole numbers; none of one of another type."""
        form = {3: "u2", 4: "u4", 16: "u8"}.get(entry.kind)
        raw = self.value(entry) if form else b""
        return np.frombuffer(raw, self.order + (form or "u1")).astype(np.uint64)

    def value(self, entry: Entry) -> bytes:
        """Return the bytes of an entry's value."""
        return self._source.read(entry.value_at, entry.length)


@dataclass(frozen=True, slots=True)
class Comment:
    """A label in a text tag: what it says, and where its characters stand."""

    place: str
    text: str
    start: int
    end: int
    width: int
    order: str

    def blank(self) -> Edit:
        """Plan to put blanks in its place, so that nothing around it moves."""
        one = b" " if self.width == 1 else (b" \0" if self.order == "<" else b"\0 ")
        return Edit(self.start, self.end, one * ((self.end - self.start) // self.width))


def comments(tags: Tags) -> list[Comment]:
    """Find labels in the text tags of the first directory and its EXIF directory (59A, annex B).

    Raises:
        DamagedFileError: the directories cannot be read.
    """
    if not tags.first:
        return []
    first = tags.directory(tags.first)
    pointer = first.find(EXIF_IFD)
    found = [_comment(tags, first.find(DESCRIPTION)), _comment(tags, first.find(USER_COMMENT))]
    if pointer is not None and pointer.kind in (4, 13) and pointer.count == 1:
        exif = tags.directory(tags.unpack("I", tags.value(pointer)))
        found.append(_comment(tags, exif.find(USER_COMMENT)))
    return [one for one in found if one is not None]


def _comment(tags: Tags, entry: Entry | None) -> Comment | None:
    if entry is None or not 0 < entry.length <= _TEXT_LIMIT:
        return None
    value = tags.value(entry)
    skipped = _CODE_LENGTH if entry.tag == USER_COMMENT else 0
    code, raw = value[:skipped], value[skipped:]
    width = 2 if code == _UNICODE else 1
    raw = raw[: len(raw) // width * width]
    coding = "utf-8" if width == 1 else ("utf-16-le" if tags.order == "<" else "utf-16-be")
    text = raw.decode(coding, "replace").strip(" \0\t\r\n")
    if not text.startswith("{") or "AIGC" not in text:
        return None
    start = entry.value_at + skipped
    end = start + len(raw)
    if entry.tag == DESCRIPTION and value.endswith(b"\0"):
        end -= 1
    return Comment(_NAMES[entry.tag], text, start, end, width, tags.order)


def exif_comments(blob: bytes) -> list[Comment]:
    """Find labels in an EXIF block; one that cannot be read holds none that anybody could read."""
    try:
        return comments(Tags(Source.of(blob)))
    except DamagedFileError:
        return []


def exif_sites(blob: bytes) -> list[Site]:
    """Find labels in an EXIF block, as places."""
    return [Site(one.place, one.text, shape="wrapped") for one in exif_comments(blob)]


def exif_blanks(blob: bytes, at: int) -> list[Edit]:
    """Plan to blank the labels in an EXIF block that stands at `at` of the file."""
    return [Edit(edit.start + at, edit.end + at, edit.new) for edit in (one.blank() for one in exif_comments(blob))]
