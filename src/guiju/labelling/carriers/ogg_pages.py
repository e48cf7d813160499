"""Pages of an Ogg file (RFC 3533): walked, written, and renumbered without reading what is in them."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged

MARK = b"OggS"
NO_GRANULE = 0xFFFFFFFFFFFFFFFF
_HEAD = 27
_MOST_PAGES = 1 << 24
_FULL = 255
_POLYNOMIAL = 0x04C11DB7
_NUMBER_AT = 18
_MASK = 0xFFFFFFFF
_START = MARK + b"\0"
_FLAGS_AT, _COUNT_AT, _FIRST = 5, 26, 2
_FIELDS = struct.Struct("<BQIII")
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_SEGMENT_RUN = 255
_LONGEST_HEAD = _HEAD + _SEGMENT_RUN
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its flags, stream, number and checksum, where it stands, and how its body is cut."""

    flags: int
    granule: int
    serial: int
    number: int
    checksum: int
    at: int
    body_at: int
    end: int
    lacing: bytes

    @property
    def is_first(self) -> bool:
        """Whether a stream begins here."""
        return bool(self.flags & _FIRST)

    @property
    def is_complete(self) -> bool:
        """Whether the last packet on the page ends on it."""
        return bool(self.lacing) and self.lacing[-1] < _FULL

    def body(self, source: Source) -> bytes:
        """Return the bytes of its body."""
        return source.read(self.body_at, self.end - self.body_at)


class Walk:
    """Goes from page to page; what is in them is not looked at."""

    def __init__(self, source: Source, start: int = 0) -> None:
        """Begin at a page."""
        self._source, self._at, self._left = source, start, _MOST_PAGES
        self._block, self._begin = b"", start

    def next(self, *, first_only: bool = False) -> Page | None:
        """Return the next page, or the next that begins a stream; None behind the last one.

        Raises:
            DamagedFileError: one is cut short, or something else stands between them.
        """
        block, begin, at, size = self._block, self._begin, self._at, self._source.size
        while at < size:
            self._left -= 1
            head = at - begin
            if head + _LONGEST_HEAD > len(block) and begin + len(block) < size:
                block, begin, head = self._source.read(at, min(_BLOCK, size - at)), at, 0
            if block[head : head + 5] != _START or len(block) - head < _HEAD or self._left < 0:
                raise damaged("Ogg 页标记不对，或页过多", "the mark of an Ogg page is wrong, or there are too many")
            body = head + _HEAD + block[head + _COUNT_AT]
            lacing = block[head + _HEAD : body]
            end = begin + body + sum(lacing)
            if end > size:
                raise damaged("Ogg 页在中途结束", "an Ogg page ends in the middle")
            if not first_only or block[head + _FLAGS_AT] & _FIRST:
                self._block, self._begin, self._at = block, begin, end
                flags, granule, serial, number, checksum = _FIELDS.unpack_from(block, head + _FLAGS_AT)
                return Page(flags, granule, serial, number, checksum, at, begin + body, end, lacing)
            at = end
        self._at = at
        return None


def pages(source: Source, start: int = 0) -> Iterator[Page]:
    """Walk all pages; see `Walk.next`."""
    walk = Walk(source, start)
    while (page := walk.next()) is not None:
        yield page


def paged(packets: Sequence[bytes], serial: int, number: int) -> list[bytes]:
    """Write header packets as pages that begin with `number`."""
    lacing = bytearray()
    for packet in packets:
        lacing += b"\xff" * (len(packet) // _FULL) + bytes((len(packet) % _FULL,))
    body = b"".join(packets)
    found: list[bytes] = []
    at = 0
    for start in range(0, len(lacing), _SEGMENT_RUN):
        run = bytes(lacing[start : start + _SEGMENT_RUN])
        is_continued = start > 0 and lacing[start - 1] == _FULL
        ends_packet = any(length < _FULL for length in run)
        granule = 0 if ends_packet else NO_GRANULE
        head = struct.pack("<4sBBQIIIB", MARK, 0, int(is_continued), granule, serial, number + len(found), 0, len(run))
        page = head + run + body[at : at + sum(run)]
        found.append(page[:22] + struct.pack("<I", checksum(page)) + page[26:])
        at += sum(run)
    return found


def renumbered(source: Source, last: Page, growth: int) -> Iterator[Edit]:
    """Plan the new numbers of the pages behind `last` in its stream, up to the end of the stream."""
    for page in pages(source, last.end):
        if page.serial != last.serial:
            continue
        if page.is_first:
            return
        number = page.number + growth & _MASK
        # The checksum is linear: the change of four bytes changes it by what they give alone, moved to the end.
        change = checksum(struct.pack("<I", page.number ^ number))
        moved = _times_x(change, page.end - page.at - _NUMBER_AT - 4)
        at = page.at + _NUMBER_AT
        yield Edit(at, at + 8, struct.pack("<II", number, page.checksum ^ moved))


def checksum(page: bytes) -> int:
    """Return the checksum of RFC 3533 over a page whose own checksum field is zero.

    It is the polynomial of zlib's with the bits of bytes and sum the other way round, begun at zero and not inverted.
    """
    value = zlib.crc32(page.translate(_REVERSED), _MASK) ^ _MASK
    return int.from_bytes(value.to_bytes(4, "big").translate(_REVERSED), "little")


def _product(one: int, other: int) -> int:
    """Multiply two polynomials modulo that of the checksum."""
    value = 0
    while other:
        if other & 1:
            value ^= one
        one = one << 1 ^ ((_POLYNOMIAL | 1 << 32) if one & 0x80000000 else 0)
        other >>= 1
    return value


@cache
def _powers() -> tuple[int, ...]:
    """Return x^8, x^16, x^32, … modulo the polynomial."""
    found = [1 << 8]
    for _ in range(20):
        found.append(_product(found[-1], found[-1]))
    return tuple(found)


def _times_x(value: int, count: int) -> int:
    """Return the checksum of bytes that gave `value`, after `count` more bytes of zero."""
    for bit, power in enumerate(_powers()):
        if count >> bit & 1:
            value = _product(value, power)
    return value
