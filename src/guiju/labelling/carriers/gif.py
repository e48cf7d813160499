"""GIF, still and animated: the application extension `XMP DataXMP` (59A clause 6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged

_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_APPLICATION, _COMMENT = 0xFF, 0xFE
_XMP = b"\x0bXMP DataXMP"
# XMP part 3: whoever walks sub-blocks through the packet lands in this run, which leads him to its end.
_MAGIC = bytes((1, *range(255, -1, -1), 0))
_MOST_BLOCKS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Block:
    kind: int
    at: int
    end: int


class Gif:
    """The carrier of GIF."""

    name = "gif"
    mimes = ("image/gif",)
    suffixes = (".gif",)
    is_text = False
    place = "Application Extension 'XMP DataXMP' → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a GIF by its signature."""
        return source.head(6) in (b"GIF87a", b"GIF89a")

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in XMP extensions and comments."""
        found: list[Site] = []
        for block in _walk(source):
            if block.kind == _APPLICATION:
                found += xmp.packet_sites(_packet(source, block), "XMP DataXMP")
            elif block.kind == _COMMENT and (text := _comment(source, block)):
                found.append(Site("Comment Extension", text, is_standard=False))
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one XMP extension, before the trailer where there is none."""
        edits: list[Edit] = []
        place: _Block | None = None
        trailer = source.size
        for block in _walk(source):
            if block.kind == _APPLICATION and place is None:
                place = block
            elif block.kind == _APPLICATION or (block.kind == _COMMENT and _comment(source, block)):
                edits.append(Edit(block.at, block.end, b""))
            elif block.kind == _TRAILER:
                trailer = block.at
        packet = xmp.with_label(_packet(source, place) if place else None, label)
        new = b"\x21\xff" + _XMP + packet.strip(b"\0") + _MAGIC
        edits.append(Edit(trailer, trailer, new) if place is None else Edit(place.at, place.end, new))
        if source.read(3, 3) == b"87a":
            edits.append(Edit(3, 6, b"89a"))  # extensions are of 89a
        return edits


def _walk(source: Source) -> Iterator[_Block]:
    """Walk the blocks; of extensions only XMP and comments are told, and the trailer."""
    screen = source.read(0, 13)
    at = 13 + (3 << (screen[10] & 7) + 1 if screen[10] & 0x80 else 0)
    for _ in range(_MOST_BLOCKS):
        kind = source.read(at, 1)[0]
        if kind == _TRAILER:
            yield _Block(_TRAILER, at, at + 1)
            return
        if kind == _PICTURE:
            flags = source.read(at + 9, 1)[0]
            at = _past_blocks(source, at + 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
        elif kind == _EXTENSION:
            end = _past_blocks(source, at + 2)
            label = source.read(at + 1, 1)[0]
            if label == _COMMENT or (label == _APPLICATION and source.read(at + 2, len(_XMP)) == _XMP):
                yield _Block(label, at, end)
            at = end
        else:
            raise damaged("GIF 数据块不对", "an unknown GIF block")
    raise damaged("GIF 数据块过多", "too many GIF blocks")


def _past_blocks(source: Source, at: int) -> int:
    """Return the place behind a run of sub-blocks."""
    for _ in range(_MOST_BLOCKS):
        length = source.read(at, 1)[0]
        at += 1 + length
        if not length:
            return at
    raise damaged("GIF 子块过多", "too many GIF sub-blocks")


def _packet(source: Source, block: _Block) -> bytes:
    """Return the packet of an XMP extension: up to its magic run, or as sub-blocks where a writer used those."""
    body = source.read(block.at + 2 + len(_XMP), block.end - block.at - 2 - len(_XMP))
    if body.endswith(_MAGIC):
        return body[: -len(_MAGIC)]
    return _joined(body)


def _joined(body: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while at < len(body) and body[at]:
        pieces.append(body[at + 1 : at + 1 + body[at]])
        at += 1 + body[at]
    return b"".join(pieces)


def _comment(source: Source, block: _Block) -> str:
    text = _joined(source.read(block.at + 2, block.end - block.at - 2)).decode("utf-8", "replace").strip(" \0\r\n")
    return text if text.startswith("{") and "AIGC" in text else ""
