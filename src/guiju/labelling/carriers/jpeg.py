"""JPEG: an APP1 segment with the XMP packet (59A clause 6); EXIF UserComment (annex B) and APP11 are read."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.carriers.tiff_tags import Tags, exif_blanks, exif_sites
from guiju.labelling.errors import DamagedFileError, damaged, unsupported

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0\0"
_MPF = b"MPF\0"
_MP_ENTRIES = 0xB002
_MP_ENTRY = 16
_APP0, _APP1, _APP2, _APP11, _SOS, _EOI = 0xE0, 0xE1, 0xE2, 0xEB, 0xDA, 0xD9
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_FIRST_MARKER = 0xC0
_LONGEST = 0xFFFF - 2
_MOST_SEGMENTS = 1 << 16


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    at: int
    body_at: int
    end: int


class Jpeg:
    """The carrier of JPEG."""

    name = "jpeg"
    mimes = ("image/jpeg", "image/jpg", "image/pjpeg")
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    is_text = False
    place = "APP1 XMP → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a JPEG by its first marker."""
        return source.head(3) == b"\xff\xd8\xff"

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in XMP, EXIF and APP11."""
        found: list[Site] = []
        for segment in _segments(source):
            body = source.read(segment.body_at, segment.end - segment.body_at)
            if segment.marker == _APP1 and body.startswith(_XMP):
                found += xmp.packet_sites(body[len(_XMP) :], "APP1 XMP")
            elif segment.marker == _APP1 and body.startswith(_EXIF):
                found += exif_sites(body[len(_EXIF) :])
            elif segment.marker == _APP11 and body.startswith(b"AIGC"):
                found.append(Site("APP11 AIGC", body[4:].decode("utf-8", "replace").strip("\0"), is_standard=False))
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one XMP segment, made behind JFIF and EXIF where there is none."""
        edits: list[Edit] = []
        place: _Segment | None = None
        packet: bytes | None = None
        multi: _Segment | None = None
        insert_at = 2
        for segment in _segments(source):
            body = source.read(segment.body_at, segment.end - segment.body_at)
            if segment.marker == _APP0 or (segment.marker == _APP1 and body.startswith(_EXIF)):
                insert_at = segment.end if segment.at == insert_at else insert_at
                edits += exif_blanks(body[len(_EXIF) :], segment.body_at + len(_EXIF)) if body[:6] == _EXIF else []
            elif segment.marker == _APP1 and body.startswith(_XMP):
                if place is None:
                    packet, place = body[len(_XMP) :], segment
                elif b"AIGC" in body:
                    edits.append(Edit(segment.at, segment.end, b""))
            elif segment.marker == _APP11 and body.startswith(b"AIGC"):
                edits.append(Edit(segment.at, segment.end, b""))
            elif segment.marker == _APP2 and body.startswith(_MPF):
                multi = segment
        new = _segment(packet, label)
        edits.append(Edit(insert_at, insert_at, new) if place is None else Edit(place.at, place.end, new))
        return edits if multi is None else [*edits, *_shifted_pictures(source, multi, edits)]


def _segments(source: Source) -> Iterator[_Segment]:
    """Walk the segments up to the first scan; what follows is picture."""
    _check_ends(source)
    at = 2
    for _ in range(_MOST_SEGMENTS):
        start = at
        if source.read(at, 1) != b"\xff":
            raise damaged("JPEG 标记不对", "a JPEG marker is wrong")
        while (marker := source.read(at + 1, 1)[0]) == 0xFF:  # noqa: PLR2004 - fill bytes
            at += 1
        at += 2
        if marker in _STANDALONE:
            continue
        if marker == _EOI or marker < _FIRST_MARKER:
            raise damaged("JPEG 没有图像数据", "a JPEG without picture data")
        end = _segment_end(source, at)
        if marker == _SOS:
            return
        yield _Segment(marker, start, at + 2, end)
        at = end
    raise damaged("JPEG 段过多", "a JPEG with too many segments")


def _check_ends(source: Source) -> None:
    """Look for both markers; the last one stands anywhere in the last part, since phones append data behind it."""
    if source.head(2) != b"\xff\xd8":
        raise damaged("JPEG 起始标记不对", "its JPEG start marker is wrong")
    if b"\xff\xd9" not in source.tail(1 << 22):
        raise damaged("JPEG 没有结束标记", "a JPEG without its end marker")


def _segment_end(source: Source, at: int) -> int:
    length = int(struct.unpack(">H", source.read(at, 2))[0])
    if length < 2 or at + length > source.size:  # noqa: PLR2004 - the length counts itself
        raise damaged("JPEG 段在中途结束", "a JPEG segment ends in the middle")
    return at + length


def _segment(packet: bytes | None, label: str) -> bytes:
    body = _XMP + xmp.with_label(packet, label)
    if len(body) > _LONGEST:
        body = _XMP + (xmp.fitted(body[len(_XMP) :], _LONGEST - len(_XMP)) or body[len(_XMP) :])
    if len(body) > _LONGEST:
        raise unsupported("已有的 XMP 几乎占满一个 JPEG 段，放不下标识", "its XMP leaves no room in one JPEG segment")
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _shifted_pictures(source: Source, multi: _Segment, edits: Sequence[Edit]) -> list[Edit]:
    """Mend the index of further pictures behind the first one (CIPA DC-007), which counts from its own place."""
    base = multi.body_at + len(_MPF)
    blob = source.read(base, multi.end - base)
    shift = Shift(edits)
    try:
        tags = Tags(Source.of(blob))
        entry = tags.directory(tags.first).find(_MP_ENTRIES)
        value = tags.value(entry) if entry is not None else b""
    except DamagedFileError as error:
        raise damaged("多图索引无法读取", "its index of several pictures cannot be read") from error
    mended: list[Edit] = []
    for start in range(0, len(value) - _MP_ENTRY + 1, _MP_ENTRY):
        size, offset = struct.unpack(tags.order + "II", value[start + 4 : start + 12])
        at = base + (entry.value_at if entry is not None else 0) + start + 4
        if offset:
            new = tags.pack("II", size, shift(base + offset) - shift(base))
        else:
            new = tags.pack("II", size + shift.total, 0)
        mended.append(Edit(at, at + 8, new))
    return mended
