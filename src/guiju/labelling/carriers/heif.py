"""HEIC and AVIF: an item of type `mime`, `application/rdf+xml`, that describes the primary item (ISO/IEC 23008-12).

The packet stands in a `mdat` of its own at the end of the file; picture data stays where it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.boxes import HEAD, Box, boxes, first, inside, new_box
from guiju.labelling.carriers.heif_items import (
    XMP_TYPE,
    Locations,
    Place,
    more_items,
    more_references,
    primary_item,
    read_items,
    read_locations,
)
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.movie_offsets import moved_movie
from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.carriers.tiff_tags import exif_blanks, exif_sites
from guiju.labelling.errors import damaged, unsupported

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"miaf")
_MOST_NUMBER = 0xFFFF
_MOST_PIECES = 64
_LIMIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Piece:
    """One item's data, which stands in one piece: where, and its place in `iloc`."""

    kind: bytes
    place: Place
    start: int
    end: int


class Heif:
    """The carrier of HEIC and AVIF."""

    name = "heif"
    mimes = ("image/heic", "image/heif", "image/avif", "image/heic-sequence", "image/heif-sequence")
    suffixes = (".heic", ".heif", ".avif", ".hif")
    is_text = False
    place = "item mime application/rdf+xml + cdsc → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a still picture by its brand."""
        head = source.head(12)
        return head[4:8] == b"ftyp" and head[8:12] in _BRANDS

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in XMP items and in EXIF items."""
        meta = _meta(source)
        found: list[Site] = []
        for piece in _pieces(source, meta, read_locations(source, meta)):
            body = source.read(piece.start, piece.end - piece.start)
            if piece.kind == b"mime":
                found += xmp.packet_sites(body, "item application/rdf+xml")
            else:
                found += exif_sites(body[_exif_skip(body) :])
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one XMP item: in its place where it fits, else in a `mdat` of its own at the end."""
        meta = _meta(source)
        locations = read_locations(source, meta)
        _check_data(source, locations)
        pieces = list(_pieces(source, meta, locations))
        edits: list[Edit] = []
        packets = [piece for piece in pieces if piece.kind == b"mime"]
        for piece in packets[1:]:
            body = source.read(piece.start, piece.end - piece.start)
            if xmp.packet_sites(body, ""):
                edits.append(Edit(piece.start, piece.end, _blanked(body)))
        for piece in pieces:
            if piece.kind == b"Exif":
                body = source.read(piece.start, piece.end - piece.start)
                edits += exif_blanks(body[_exif_skip(body) :], piece.start + _exif_skip(body))
        if not packets:
            return [*edits, *_added(source, meta, locations, label=label)]
        return [*edits, *_changed(source, meta, locations, piece=packets[0], label=label)]


def _meta(source: Source) -> Box:
    found = first(boxes(source, 0, source.size), b"meta")
    if found is None or found.end - found.body_at < HEAD:
        raise damaged("没有 meta", "it has no meta")
    return found


def _check_data(source: Source, locations: Locations) -> None:
    """Refuse a picture whose data goes past the end: what we append would become part of it."""
    for place in locations.places:
        if not place.method and not place.reference:
            for _, offset, length in place.extents:
                if place.base + offset + length > source.size:
                    raise damaged("图像数据超过文件", "the data of the picture goes past the end of the file")


def _pieces(source: Source, meta: Box, locations: Locations) -> Iterator[_Piece]:
    idat = first(inside(source, meta, 4), b"idat")
    places = {place.number: place for place in locations.places}
    left = _MOST_PIECES
    for item in read_items(source, meta):
        if item.kind != b"Exif" and (item.kind != b"mime" or item.content_type != XMP_TYPE):
            continue
        left -= 1
        if left < 0:
            raise damaged("XMP 或 EXIF 项目过多", "too many XMP or EXIF items")
        place = places.get(item.number)
        if place is None or len(place.extents) != 1 or place.method > 1 or (place.method and idat is None):
            raise unsupported("XMP 或 EXIF 项目不是一整块", "an XMP or EXIF item does not stand in one piece")
        offset, length = place.extents[0][1:]
        start = place.base + offset + (idat.body_at if place.method and idat else 0)
        if start + length > source.size:
            raise damaged("项目数据超过文件", "the data of an item goes past the end of the file")
        yield _Piece(item.kind, place, start, start + length)


def _exif_skip(body: bytes) -> int:
    return 4 + min(int.from_bytes(body[:4], "big"), len(body))


def _blanked(body: bytes) -> bytes:
    return xmp.fitted(xmp.without_label(body), len(body)) or b" " * len(body)


def _added(source: Source, meta: Box, locations: Locations, *, label: str) -> list[Edit]:
    """Plan an item more: the tables grow, what stands behind them moves, the packet comes to the end."""
    numbers = [item.number for item in read_items(source, meta)] + [place.number for place in locations.places]
    number = max(numbers, default=0) + 1
    if number > _MOST_NUMBER:
        raise unsupported("项目编号已用完", "its item numbers are used up")
    packet = xmp.new_packet(label)
    # The first round gives the length of the tables, the second the places that follow from it.
    at = source.size + HEAD
    for _ in range(2):
        widened = replace(locations, places=(*locations.places, _place(locations, number, at, length=len(packet))))
        growth = Shift([Edit(meta.at, meta.end, _tables(source, meta, widened, number=number))])
        at = source.size + HEAD + growth.total
    places = (*locations.moved(growth).places, _place(locations, number, at, length=len(packet)))
    new = _tables(source, meta, replace(locations, places=places), number=number)
    return [
        Edit(meta.at, meta.end, new),
        *moved_movie(source, growth),
        *_closed(source),
        Edit(source.size, source.size, new_box(b"mdat", packet)),
    ]


def _place(locations: Locations, number: int, at: int, *, length: int) -> Place:
    if not locations.length_size or not (locations.offset_size or locations.base_size):
        raise unsupported("iloc 没有偏移或长度字段", "its iloc has no field for a place or a length")
    if locations.offset_size:
        return Place(number, 0, 0, 0, ((0, at, length),))
    return Place(number, 0, 0, at, ((0, 0, length),))


def _tables(source: Source, meta: Box, locations: Locations, *, number: int) -> bytes:
    pieces = [source.read(meta.body_at, 4)]
    about, has_references = primary_item(source, meta), False
    for box in inside(source, meta, 4):
        if box.kind == b"iloc":
            pieces.append(locations.written())
        elif box.kind == b"iinf":
            pieces.append(more_items(source, box, number))
        elif box.kind == b"iref":
            pieces.append(more_references(source, box, number, about=about))
            has_references = True
        else:
            pieces.append(source.read(box.at, box.end - box.at))
    if not has_references:
        pieces.append(more_references(source, None, number, about=about))
    return new_box(b"meta", *pieces)


def _changed(source: Source, meta: Box, locations: Locations, *, piece: _Piece, label: str) -> list[Edit]:
    """Plan to change the packet of an item that is there."""
    old = source.read(piece.start, piece.end - piece.start)
    packet = xmp.with_label(old, label)
    fitting = xmp.fitted(packet, len(old))
    if fitting is not None:
        return [Edit(piece.start, piece.end, fitting)]
    last = list(boxes(source, 0, source.size))[-1]
    is_ours = last.kind == b"mdat" and (last.body_at, last.end) == (piece.start, piece.end)
    at = (last.at if is_ours else source.size) + HEAD
    table = first(inside(source, meta, 4), b"iloc")
    new = replace(_place(locations, piece.place.number, at, length=len(packet)), reference=piece.place.reference)
    places = tuple(new if one is piece.place else one for one in locations.places)
    written = replace(locations, places=places).written()
    if table is None or len(written) != table.end - table.at:
        raise unsupported("iloc 的长度会改变", "the length of its iloc would change")
    tables = Edit(table.at, table.end, written)
    if is_ours:
        return [tables, Edit(last.at, last.end, new_box(b"mdat", packet))]
    ends = Edit(source.size, source.size, new_box(b"mdat", packet))
    return [tables, Edit(piece.start, piece.end, b" " * len(old)), *_closed(source), ends]


def _closed(source: Source) -> list[Edit]:
    """Write the length of a last box that says "to the end of the file", so that another may follow."""
    last = list(boxes(source, 0, source.size))[-1]
    if source.read(last.at, 4) != b"\0\0\0\0":
        return []
    if last.end - last.at > _LIMIT:
        raise unsupported("最后一个盒没有长度且超过 4 GiB", "its last box has no length and is beyond 4 GiB")
    return [Edit(last.at, last.at + 4, (last.end - last.at).to_bytes(4, "big"))]
