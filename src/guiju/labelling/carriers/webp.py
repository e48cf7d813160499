"""WebP: the chunk `XMP ` of the extended format (59A clause 6); EXIF UserComment (annex B) is read."""

import struct
from collections.abc import Sequence

from guiju.labelling.carriers import riff, xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.riff import Chunk
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.carriers.tiff_tags import exif_blanks, exif_sites
from guiju.labelling.errors import damaged

_XMP = b"XMP "
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_EXIF = b"Exif\0\0"
_LOSSLESS = 0x2F


class Webp:
    """The carrier of WebP."""

    name = "webp"
    mimes = ("image/webp",)
    suffixes = (".webp",)
    is_text = False
    place = "RIFF 'XMP ' → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a WebP by its form."""
        return riff.is_form(source, b"WEBP")

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in XMP and EXIF."""
        found: list[Site] = []
        for chunk in _chunks(source):
            if chunk.kind == _XMP:
                found += xmp.packet_sites(chunk.body(source), "RIFF 'XMP '")
            elif chunk.kind == b"EXIF":
                found += exif_sites(_exif(chunk, source)[1])
            elif chunk.kind == b"AIGC":
                text = chunk.body(source).decode("utf-8", "replace").strip("\0")
                found.append(Site("RIFF 'AIGC'", text, is_standard=False))
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one XMP chunk, at the end where there is none; the format is extended for it."""
        edits: list[Edit] = []
        place: Chunk | None = None
        found = _chunks(source)
        for chunk in found:
            if chunk.kind == _XMP and place is None:
                place = chunk
            elif chunk.kind in (_XMP, b"AIGC"):
                edits.append(Edit(chunk.at, chunk.end, b""))
            elif chunk.kind == b"EXIF":
                skipped, blob = _exif(chunk, source)
                edits += exif_blanks(blob, chunk.body_at + skipped)
        end = riff.riff_end(source)
        new = riff.new_chunk(_XMP, xmp.with_label(place.body(source) if place else None, label))
        edits.append(Edit(end, end, new) if place is None else Edit(place.at, place.end, new))
        edits.append(_extended(found[0], source))
        return [*edits, riff.length_edit(end, edits)]


def _chunks(source: Source) -> list[Chunk]:
    end = riff.riff_end(source)
    found = list(riff.chunks(source, riff.FORM, end))
    if not found or found[0].kind not in (b"VP8X", b"VP8 ", b"VP8L"):
        raise damaged("WebP 没有图像数据", "a WebP without picture data")
    if end % 2 or found[-1].end != end:
        raise damaged("WebP 长度不对", "the lengths of the WebP contradict each other")
    return found


def _exif(chunk: Chunk, source: Source) -> tuple[int, bytes]:
    body = chunk.body(source)
    skipped = len(_EXIF) if body.startswith(_EXIF) else 0
    return skipped, body[skipped:]


def _extended(first: Chunk, source: Source) -> Edit:
    """Set the flag that announces XMP, or put the header of the extended format before a simple one."""
    if first.kind == b"VP8X":
        flags = source.read(first.body_at, 1)[0]
        return Edit(first.body_at, first.body_at + 1, bytes((flags | _XMP_FLAG,)))
    head = source.read(first.body_at, min(10, first.body_end - first.body_at))
    if first.kind == b"VP8L" and len(head) >= 5 and head[0] == _LOSSLESS:  # noqa: PLR2004 - its header
        bits = struct.unpack("<I", head[1:5])[0]
        width, height, has_alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bool(bits >> 28 & 1)
    elif first.kind == b"VP8 " and len(head) == 10 and head[3:6] == b"\x9d\x01\x2a":  # noqa: PLR2004 - its header
        width, height = (int(side) & 0x3FFF for side in struct.unpack("<HH", head[6:10]))
        width, height, has_alpha = width - 1, height - 1, False
    else:
        raise damaged("WebP 图像头不对", "the header of the WebP picture is wrong")
    if width < 0 or height < 0:
        raise damaged("WebP 图像没有面积", "the WebP picture has no area")
    flags = _XMP_FLAG | (_ALPHA_FLAG if has_alpha else 0)
    body = struct.pack("<I", flags) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return Edit(first.at, first.at, riff.new_chunk(b"VP8X", body))
