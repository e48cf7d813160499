"""A file as something that is read in places, and a change of it as a list of edits.

Whatever no edit names is copied byte for byte: that a label loses nothing is a property of the plan, before it is one
of the file. Files of any size go through in pieces.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from guiju.labelling.errors import damaged

_PIECE = 1 << 20
METADATA_LIMIT = 64 << 20
"""The most bytes of metadata that are held in memory at once; content is never held."""


class Source:
    """Bytes that can be read in places: a file, or bytes in memory."""

    def __init__(self, file: BinaryIO) -> None:
        """Read from `file`, which can seek and does not change; its length is taken now."""
        self.found: dict[str, object] = {}  # what a carrier found and asks for again
        self._file = file
        self.size = file.seek(0, io.SEEK_END)

    @staticmethod
    def of(content: bytes) -> "Source":
        """Read from bytes in memory."""
        return _Memory(content)

    def read(self, at: int, length: int) -> bytes:
        """Return exactly `length` bytes from `at`.

        Raises:
            DamagedFileError: the file ends before, or so much metadata is more than we hold.
        """
        if length > METADATA_LIMIT:
            raise damaged(f"元数据超过 {METADATA_LIMIT >> 20} MiB", f"metadata of more than {METADATA_LIMIT >> 20} MiB")
        if at < 0 or length < 0 or at + length > self.size:
            raise damaged("内容在中途结束", "it ends in the middle")
        self._file.seek(at)
        found = self._file.read(length)
        if len(found) != length:
            raise damaged("内容在中途结束", "it ends in the middle")
        return found

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes, or as many as there are."""
        return self.read(0, min(length, self.size))

    def tail(self, length: int) -> bytes:
        """Return the last `length` bytes, or as many as there are."""
        length = min(length, self.size)
        return self.read(self.size - length, length)

    def whole(self) -> bytes:
        """Return everything, where that is metadata alone, as in a text."""
        return self.read(0, self.size)

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `start` up to `end` piece by piece."""
        self._file.seek(start)
        while start < end:
            piece = self._file.read(min(_PIECE, end - start))
            if not piece:
                raise damaged("文件在读取时变短", "it became shorter while it was read")
            start += len(piece)
            yield piece


class _Memory(Source):
    """Bytes in memory, which need not be sought."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._content = content

    def read(self, at: int, length: int) -> bytes:
        if at < 0 or length < 0 or at + length > self.size or length > METADATA_LIMIT:
            return super().read(at, length)  # which says why not
        return self._content[at : at + length]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `new` where the bytes from `start` up to `end` stand; an insertion where both are the same."""

    start: int
    end: int
    new: bytes


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Sort edits by their place; those at one place keep their order.

    Raises:
        DamagedFileError: two of them change the same byte, as where a file says that two things stand in one place.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise damaged("两处结构互相重叠", "two structures in it overlap")
    return ordered


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: SHA-256 of the old bytes and of the new ones, in hex, and how many there are now."""

    sha256_before: str
    sha256_after: str
    size_after: int


def spliced(source: Source, edits: Iterable[Edit], target: BinaryIO) -> Written:
    """Write `source` with its edits to `target`; each byte is read once."""
    before, after = hashlib.sha256(), hashlib.sha256()
    size, at = 0, 0
    for edit in [*in_order(edits), Edit(source.size, source.size, b"")]:
        for piece in source.pieces(at, edit.start):
            before.update(piece)
            after.update(piece)
            target.write(piece)
            size += len(piece)
        for piece in source.pieces(edit.start, edit.end):
            before.update(piece)
        after.update(edit.new)
        target.write(edit.new)
        size += len(edit.new)
        at = edit.end
    return Written(before.hexdigest(), after.hexdigest(), size)


def spliced_bytes(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `content` with its edits."""
    pieces: list[bytes | memoryview] = []
    at, kept = 0, memoryview(content)  # whose pieces are copied once
    for edit in in_order(edits):
        pieces += (kept[at : edit.start], edit.new)
        at = edit.end
    return b"".join([*pieces, kept[at:]])


class Shift:
    """Tells where a byte of the old file stands in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        """Take the edits that change lengths."""
        ordered = in_order(edits)
        growth = accumulate((len(edit.new) - (edit.end - edit.start) for edit in ordered), initial=0)
        self._ends = np.array([edit.end for edit in ordered], np.uint64)
        self._growth = np.fromiter(growth, np.int64)

    def __call__(self, at: int) -> int:
        """Return the new place of the byte at `at`, which no edit replaces."""
        return int(self.many(np.array([at], np.uint64))[0])

    def many(self, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the new places of many bytes at once."""
        grown = self._growth[np.searchsorted(self._ends, places, side="right")]
        return places + grown.astype(np.uint64)  # a shrinking wraps round, and back

    @property
    def total(self) -> int:
        """By how many bytes the file grows."""
        return int(self._growth[-1])
