"""Elements of a Matroska file (RFC 8794, RFC 9559): walked within bounds; clusters are stepped over."""

from collections.abc import Iterator
from dataclasses import dataclass

from guiju.labelling.carriers.splicing import Source
from guiju.labelling.errors import damaged

VOID = 0xEC
UNKNOWN = -1
_MOST_ELEMENTS = 1 << 22
_LONGEST_ID, _LONGEST_SIZE = 4, 8


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its id, where it starts, where its body is and ends; the end is `UNKNOWN` in a live stream."""

    number: int
    at: int
    body_at: int
    end: int

    def body(self, source: Source) -> bytes:
        """Return the bytes of its body."""
        return source.read(self.body_at, self.end - self.body_at)


def element_at(source: Source, at: int, limit: int) -> Element:
    """Read the head of the element at `at`, which must end by `limit`.

    Raises:
        DamagedFileError: it does not.
    """
    head = source.read(at, min(_LONGEST_ID + _LONGEST_SIZE, limit - at))
    width = _width(head, 0, _LONGEST_ID)
    size_width = _width(head, width, _LONGEST_SIZE)
    body_at = at + width + size_width
    size = int.from_bytes(head[width : width + size_width], "big") & ((1 << 7 * size_width) - 1)
    number = int.from_bytes(head[:width], "big")
    if size == (1 << 7 * size_width) - 1:
        return Element(number, at, body_at, UNKNOWN)
    if body_at + size > limit:
        raise damaged("EBML 元素在中途结束", "an EBML element ends in the middle")
    return Element(number, at, body_at, body_at + size)


def _width(head: bytes, at: int, most: int) -> int:
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length()
    if not first or width > most or at + width > len(head):
        raise damaged("EBML 元素头不对", "the head of an EBML element is wrong")
    return width


def elements(source: Source, start: int, limit: int) -> Iterator[Element]:
    """Walk the elements from `start` to `limit`; one of unknown length is the last.

    Raises:
        DamagedFileError: one goes past the limit, or there are more than any file has.
    """
    at = start
    for _ in range(_MOST_ELEMENTS):
        if at >= limit:
            return
        found = element_at(source, at, limit)
        yield found
        if found.end == UNKNOWN:
            return
        at = found.end
    raise damaged("EBML 元素过多", "too many EBML elements")


def inside(source: Source, element: Element) -> Iterator[Element]:
    """Walk the elements in an element."""
    return elements(source, element.body_at, element.end)


def _bytes_of(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")


def size_of(length: int, width: int = 0) -> bytes:
    """Write a length, in `width` bytes, or in as few as it takes."""
    width = width or next(one for one in range(1, 9) if length < (1 << 7 * one) - 1)
    return (length | 1 << 7 * width).to_bytes(width, "big")


def new_element(number: int, *bodies: bytes) -> bytes:
    """Write an element."""
    body = b"".join(bodies)
    return _bytes_of(number) + size_of(len(body)) + body


def filling(length: int) -> bytes:
    """Write a void element of exactly `length` bytes, 2 at least; nothing for 0."""
    if not length:
        return b""
    width = 1 if length < 129 else 8  # noqa: PLR2004 - what one byte of length tells
    return bytes((VOID,)) + size_of(length - 1 - width, width) + b"\0" * (length - 1 - width)
