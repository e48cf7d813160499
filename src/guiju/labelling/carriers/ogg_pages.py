"""Pages of an Ogg file (RFC 3533): walked, written, and renumbered without reading what is in them."""

import struct
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
_SEGMENT_RUN = 255


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
        return bool(self.flags & 2)

    @property
    def is_complete(self) -> bool:
        """Whether the last packet on the page ends on it."""
        return bool(self.lacing) and self.lacing[-1] < _FULL

    def body(self, source: Source) -> bytes:
        """Return the bytes of its body."""
        return source.read(self.body_at, self.end - self.body_at)


def pages(source: Source, start: int = 0) -> Iterator[Page]:
    """Walk the pages.

    Raises:
        DamagedFileError: one is cut short, or something else stands between them.
    """
    at = start
    for _ in range(_MOST_PAGES):
        if at >= source.size:
            return
        head = source.read(at, min(_HEAD + _SEGMENT_RUN, source.size - at))
        if len(head) < _HEAD or not head.startswith(MARK) or head[4]:
            raise damaged("Ogg 页标记不对", "the mark of an Ogg page is wrong")
        flags, granule, serial, number, checksum, count = struct.unpack_from("<BQIIIB", head, 5)
        lacing = head[_HEAD : _HEAD + count]
        body_at = at + _HEAD + count
        end = body_at + sum(lacing)
        if end > source.size:
            raise damaged("Ogg 页在中途结束", "an Ogg page ends in the middle")
        yield Page(flags, granule, serial, number, checksum, at, body_at, end, lacing)
        at = end
    raise damaged("Ogg 页过多", "too many Ogg pages")


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


@cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = value << 1 ^ (_POLYNOMIAL if value & 0x80000000 else 0)
        found.append(value & _MASK)
    return tuple(found)


def checksum(page: bytes) -> int:
    """Return the checksum of RFC 3533 over a page whose own checksum field is zero."""
    table, value = _table(), 0
    for byte in page:
        value = (value << 8 & _MASK) ^ table[value >> 24 ^ byte]
    return value


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
