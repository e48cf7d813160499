"""A file as something that is read in places, and a change of it as a list of edits.

Whatever no edit names is copied byte for byte: that a label loses nothing is a property of the plan, before it is one
of the file. Files of any size go through in pieces.
"""

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import BinaryIO

from guiju.labelling.errors import damaged

_PIECE = 1 << 20
METADATA_LIMIT = 64 << 20
"""The most bytes of metadata that are held in memory at once; content is never held."""


class Source:
    """Bytes that can be read in places: a file, or bytes in memory."""

    def __init__(self, file: BinaryIO) -> None:
        """Read from `file`, which can seek; its length is taken now."""
        self._file = file
        self.size = file.seek(0, io.SEEK_END)

    @classmethod
    def of(cls, content: bytes) -> "Source":
        """Read from bytes in memory."""
        return cls(io.BytesIO(content))

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

    def copy(self, start: int, end: int, target: BinaryIO) -> None:
        """Copy the bytes from `start` up to `end` to `target`."""
        self._file.seek(start)
        while start < end:
            piece = self._file.read(min(_PIECE, end - start))
            if not piece:
                raise damaged("文件在读取时变短", "it became shorter while it was read")
            target.write(piece)
            start += len(piece)


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `new` where the bytes from `start` up to `end` stand; an insertion where both are the same."""

    start: int
    end: int
    new: bytes


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Sort edits by their place; those at one place keep their order.

    Raises:
        ValueError: two of them change the same byte.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"edits overlap at {after.start}")
    return ordered


def spliced(source: Source, edits: Iterable[Edit], target: BinaryIO) -> None:
    """Write `source` with its edits to `target`."""
    at = 0
    for edit in in_order(edits):
        source.copy(at, edit.start, target)
        target.write(edit.new)
        at = edit.end
    source.copy(at, source.size, target)


def spliced_bytes(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `content` with its edits."""
    pieces: list[bytes] = []
    at = 0
    for edit in in_order(edits):
        pieces += (content[at : edit.start], edit.new)
        at = edit.end
    return b"".join([*pieces, content[at:]])


class Shift:
    """Tells where a byte of the old file stands in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        """Take the edits that change lengths."""
        ordered = in_order(edits)
        self._ends = [edit.end for edit in ordered]
        self._growth = [0, *accumulate(len(edit.new) - (edit.end - edit.start) for edit in ordered)]

    def __call__(self, at: int) -> int:
        """Return the new place of the byte at `at`, which no edit replaces."""
        return at + self._growth[bisect_right(self._ends, at)]

    @property
    def total(self) -> int:
        """By how many bytes the file grows."""
        return self._growth[-1]
