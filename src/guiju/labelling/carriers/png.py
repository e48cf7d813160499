"""PNG (and APNG): an `iTXt` chunk with the XMP packet (59A clause 6); the older `tEXt AIGC` (annex B) is read."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.carriers.tiff_tags import exif_blanks, exif_sites
from guiju.labelling.errors import damaged

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_KEYWORDS = (b"AIGC",)
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MOST_CHUNKS = 1 << 20
_FRAME = 12  # length, type and checksum of a chunk
_LONGEST_KEYWORD = 79


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    at: int
    length: int

    @property
    def end(self) -> int:
        return self.at + _FRAME + self.length


class Png:
    """The carrier of PNG."""

    name = "png"
    mimes = ("image/png", "image/apng", "image/vnd.mozilla.apng")
    suffixes = (".png", ".apng")
    is_text = False
    place = "iTXt XML:com.adobe.xmp → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a PNG by its signature."""
        return source.head(len(_SIGNATURE)) == _SIGNATURE

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in XMP, in text chunks and in EXIF."""
        found: list[Site] = []
        texts = _Texts(source)
        for chunk in _chunks(source):
            if chunk.kind in _TEXTS:
                keyword, text = texts.read(chunk)
                if keyword == _XMP_KEYWORD:
                    found += xmp.packet_sites(text, "iTXt XML:com.adobe.xmp")
                elif keyword in _KEYWORDS:
                    name = chunk.kind.decode()
                    said = text.decode("utf-8", "replace")
                    found.append(Site(f"{name} AIGC", said, is_standard=name == "tEXt", shape="wrapped"))
            elif chunk.kind == b"eXIf":
                found += exif_sites(source.read(chunk.at + 8, chunk.length))
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one XMP chunk, made before the picture data where there is none."""
        edits: list[Edit] = []
        packet: bytes | None = None
        place: _Chunk | None = None
        data_at = -1
        texts = _Texts(source)
        for chunk in _chunks(source):
            if chunk.kind == b"IDAT" and data_at < 0:
                data_at = chunk.at
            elif chunk.kind == b"eXIf":
                edits += _exif_edits(source, chunk)
            elif chunk.kind in _TEXTS:
                keyword, text = texts.read(chunk)
                if keyword == _XMP_KEYWORD and place is None:
                    packet, place = text, chunk
                elif keyword in _KEYWORDS or (keyword == _XMP_KEYWORD and b"AIGC" in text):
                    edits.append(Edit(chunk.at, chunk.end, b""))
        new = _chunk(b"iTXt", _XMP_KEYWORD + b"\0\0\0\0\0" + xmp.with_label(packet, label))
        edits.append(Edit(data_at, data_at, new) if place is None else Edit(place.at, place.end, new))
        return edits


def _chunks(source: Source) -> Iterator[_Chunk]:
    if source.head(8) != _SIGNATURE:
        raise damaged("PNG 签名不对", "its PNG signature is wrong")
    at, kinds = 8, set[bytes]()
    for _ in range(_MOST_CHUNKS):
        length, kind = struct.unpack(">I4s", source.read(at, 8))
        chunk = _Chunk(kind, at, length)
        if chunk.end > source.size:
            raise damaged("PNG 数据块在中途结束", "a PNG chunk ends in the middle")
        if not kinds and kind not in (b"IHDR", b"CgBI"):
            raise damaged("PNG 缺少 IHDR", "a PNG without IHDR")
        kinds.add(kind)
        yield chunk
        if kind == b"IEND":
            break
        at = chunk.end
    if not {b"IDAT", b"IEND"} <= kinds:
        raise damaged("PNG 没有图像数据或没有结尾", "a PNG without data or end")


class _Texts:
    """Reads text chunks; only XMP and labels are unpacked, and all together within a bound."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = xmp.PACKET_LIMIT

    def read(self, chunk: _Chunk) -> tuple[bytes, bytes]:
        """Return keyword and text of a chunk; no text of one that is neither XMP nor a label."""
        body = self._source.read(chunk.at + 8, chunk.length)
        keyword, zero, rest = body.partition(b"\0")
        if not zero or len(keyword) > _LONGEST_KEYWORD or keyword not in (_XMP_KEYWORD, *_KEYWORDS):
            return keyword[:_LONGEST_KEYWORD], b""
        is_packed = False
        if chunk.kind == b"zTXt":
            is_packed, rest = True, rest[1:]
        elif chunk.kind == b"iTXt":
            is_packed = rest[:1] == b"\1"
            rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        return keyword, self._unpacked(rest) if is_packed else rest

    def _unpacked(self, packed: bytes) -> bytes:
        try:
            text = zlib.decompressobj().decompress(packed, self._left + 1)
        except zlib.error as error:
            raise damaged("压缩的文本块无法解开", "a packed text chunk cannot be unpacked") from error
        self._left -= len(text)
        if self._left < 0:
            raise damaged("压缩的文本块过大", "its packed text chunks are too long")
        return text


def _exif_edits(source: Source, chunk: _Chunk) -> list[Edit]:
    body = bytearray(source.read(chunk.at + 8, chunk.length))
    blanks = exif_blanks(bytes(body), 0)
    for edit in blanks:
        body[edit.start : edit.end] = edit.new
    return [Edit(chunk.at, chunk.end, _chunk(b"eXIf", bytes(body)))] if blanks else []


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
