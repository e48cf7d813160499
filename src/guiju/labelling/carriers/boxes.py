"""Boxes of an ISO base media file (ISO/IEC 14496-12): walked within bounds; media data is never read."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from guiju.labelling.carriers.splicing import Source
from guiju.labelling.errors import damaged

_MOST_BOXES = 1 << 20
_LARGE = 16
HEAD = 8


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where it starts, where its body is and where it ends."""

    kind: bytes
    at: int
    body_at: int
    end: int

    def body(self, source: Source) -> bytes:
        """Return the bytes of its body."""
        return source.read(self.body_at, self.end - self.body_at)


def box_at(source: Source, at: int, limit: int) -> Box:
    """Read the head of the box at `at`, which must end by `limit`.

    Raises:
        DamagedFileError: it does not.
    """
    length, kind = struct.unpack(">I4s", source.read(at, HEAD))
    body_at = at + HEAD
    if length == 1:
        length, body_at = struct.unpack(">Q", source.read(body_at, 8))[0], at + _LARGE
    elif length == 0:
        length = limit - at
    if length < body_at - at or at + length > limit:
        raise damaged(f"盒 {kind!r} 的长度不对", f"the box {kind!r} has an impossible length")
    return Box(kind, at, body_at, at + length)


def boxes(source: Source, start: int, limit: int) -> Iterator[Box]:
    """Walk the boxes from `start` to `limit`; four zero bytes may end a QuickTime list.

    Raises:
        DamagedFileError: one goes past the limit, or there are more than any file has.
    """
    at = start
    for _ in range(_MOST_BOXES):
        if at >= limit or (limit - at == 4 and source.read(at, 4) == b"\0\0\0\0"):  # noqa: PLR2004 - a terminator
            return
        found = box_at(source, at, limit)
        yield found
        at = found.end
    raise damaged("盒过多", "too many boxes")


def terminator(source: Source, start: int, limit: int) -> bytes:
    """Return the four zero bytes that end a QuickTime list, where they do.

    Raises:
        DamagedFileError: the boxes contradict their lengths.
    """
    end = start
    for box in boxes(source, start, limit):
        end = box.end
    return source.read(end, limit - end)


def inside(source: Source, box: Box, skipped: int = 0) -> Iterator[Box]:
    """Walk the boxes in a box, behind `skipped` bytes of its own.

    Raises:
        DamagedFileError: they contradict its length.
    """
    return boxes(source, box.body_at + skipped, box.end)


def first(found: Iterator[Box], kind: bytes) -> Box | None:
    """Return the first box of a type."""
    return next((box for box in found if box.kind == kind), None)


def new_box(kind: bytes, *bodies: bytes) -> bytes:
    """Write a box."""
    body = b"".join(bodies)
    return struct.pack(">I", len(body) + HEAD) + kind + body
