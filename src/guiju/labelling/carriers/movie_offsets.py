"""Where media data stands in an ISO base media file, said anew after the head of the file has grown.

`stco`/`co64` and `saio` in `moov`, `tfhd` in `moof`, `tfra` in `mfra` count from the start of the file. A table of
32-bit places that would pass 4 GiB becomes one of 64 bits.
"""

import struct
from collections.abc import Sequence

import numpy as np

from guiju.labelling.carriers.boxes import Box, boxes, first, inside, new_box, terminator
from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.errors import damaged, unsupported

_CONTAINERS = frozenset((b"trak", b"mdia", b"minf", b"stbl"))
_TABLES = {b"stco": 4, b"co64": 8}
_DATA = frozenset((b"mdat", b"moof", b"idat"))
_LIMIT = 0xFFFFFFFF
_BASE_OFFSET = 0x000001
_AUX_TYPE = 0x000001
_MOST_FRAGMENTS = 1 << 18
_ROUNDS = 4


def mended(source: Source, top: Sequence[Box], moov: Box, *, edits: Sequence[Edit]) -> list[Edit]:
    """Return `edits` and with them every place that they move; the first edit is the one of `moov`.

    Raises:
        DamagedFileError: a table contradicts its length.
        UnsupportedFormatError: a place passes 4 GiB where only 32 bits are there for it.
    """
    rebuilt, rest = edits[0].new, list(edits[1:])
    if Shift(edits).total == 0 or not any(box.kind in _DATA for box in top if box.at >= moov.end):
        return list(edits)
    _refuse_unmended(source, top, moov)
    new = rebuilt
    for _ in range(_ROUNDS):
        shift = Shift([Edit(moov.at, moov.end, new), *rest])
        again = _moved_boxes(rebuilt, shift)
        if len(again) == len(new):
            whole = [Edit(moov.at, moov.end, again), *rest]
            return [*whole, *_fragments(source, top, Shift(whole))]
        new = again
    raise damaged("chunk 偏移表无法确定", "its chunk offset tables do not settle")


def moved_movie(source: Source, shift: Shift) -> list[Edit]:
    """Mend the places in a movie that stands in one file with still pictures.

    Raises:
        DamagedFileError: a table contradicts its length.
        UnsupportedFormatError: a table would have to grow.
    """
    top = list(boxes(source, 0, source.size))
    edits = _fragments(source, top, shift)
    for box in top:
        if box.kind == b"moov":
            old = source.read(box.at, box.end - box.at)
            new = _moved_boxes(new_box(b"moov", old[box.body_at - box.at :]), shift)
            if len(new) != len(old):
                raise unsupported("偏移表会变长", "a table of places would grow")
            edits.append(Edit(box.at, box.end, new))
    return edits


def _refuse_unmended(source: Source, top: Sequence[Box], moov: Box) -> None:
    """Refuse what also says where data stands and is not mended here."""
    for box in top:
        if box.kind == b"sidx" and box.at < moov.at:
            raise unsupported("moov 之前有 sidx", "a sidx stands before its moov")
        if box.kind == b"meta" and first(inside(source, box, 4), b"iloc") is not None:
            raise unsupported("文件级 meta 有 iloc", "its file-level meta has an iloc")


def _moved_boxes(moov: bytes, move: Shift) -> bytes:
    """Write `moov` anew with every table in it moved; a table may grow."""
    source = Source.of(moov)
    return _moved(source, Box(b"moov", 0, 8, len(moov)), move)


def _moved(source: Source, box: Box, move: Shift) -> bytes:
    pieces: list[bytes] = []
    for child in inside(source, box):
        if child.kind in _CONTAINERS:
            pieces.append(_moved(source, child, move))
        elif child.kind in _TABLES:
            pieces.append(_table(source, child, move))
        elif child.kind == b"saio":
            pieces.append(_auxiliary(source, child, move))
        else:
            pieces.append(source.read(child.at, child.end - child.at))
    return new_box(box.kind, *pieces, terminator(source, box.body_at, box.end))


def _table(source: Source, box: Box, move: Shift) -> bytes:
    body = box.body(source)
    width = _TABLES[box.kind]
    count = struct.unpack(">I", body[4:8])[0] if len(body) >= 8 else -1  # noqa: PLR2004 - version, flags, count
    if count < 0 or len(body) < 8 + count * width:
        raise damaged("chunk 偏移表长度不对", "a chunk offset table contradicts its length")
    places = np.frombuffer(body, f">u{width}", count, 8).astype(np.uint64)
    moved = move.many(places)
    if width == 4 and count and int(moved.max()) > _LIMIT:  # noqa: PLR2004 - 32 bits
        return new_box(b"co64", body[:8], moved.astype(">u8").tobytes())
    return new_box(box.kind, body[:8], moved.astype(f">u{width}").tobytes(), body[8 + count * width :])


def _auxiliary(source: Source, box: Box, move: Shift) -> bytes:
    body = bytearray(box.body(source))
    at = 4 + (8 if body[3:4] and body[3] & _AUX_TYPE else 0)
    form = ">Q" if body[:1] == b"\1" else ">I"
    width = struct.calcsize(form)
    count = struct.unpack(">I", body[at : at + 4])[0] if len(body) >= at + 4 else -1
    if count < 0 or len(body) < at + 4 + count * width:
        raise damaged("saio 长度不对", "a saio contradicts its length")
    for number in range(count):
        place = at + 4 + number * width
        moved = move(struct.unpack(form, body[place : place + width])[0])
        if width == 4 and moved > _LIMIT:  # noqa: PLR2004 - 32 bits
            raise unsupported("saio 偏移会超过 4 GiB", "a place in saio would pass 4 GiB")
        body[place : place + width] = struct.pack(form, moved)
    return new_box(box.kind, bytes(body))


def _fragments(source: Source, top: Sequence[Box], move: Shift) -> list[Edit]:
    edits: list[Edit] = []
    for box in top:
        if box.kind == b"moof":
            for track in inside(source, box):
                if track.kind == b"traf":
                    edits += _track_fragment(source, track, move)
        elif box.kind == b"mfra":
            for index in inside(source, box):
                if index.kind == b"tfra":
                    edits += _index(source, index, move)
    return edits


def _track_fragment(source: Source, track: Box, move: Shift) -> list[Edit]:
    for box in boxes(source, track.body_at, track.end):
        if box.kind == b"tfhd":
            flags = struct.unpack(">I", source.read(box.body_at, 4))[0]
            if flags & _BASE_OFFSET:
                at = box.body_at + 8
                base = struct.unpack(">Q", source.read(at, 8))[0]
                return [Edit(at, at + 8, struct.pack(">Q", move(base)))]
    return []


def _index(source: Source, box: Box, move: Shift) -> list[Edit]:
    body = box.body(source)
    if len(body) < 16:  # noqa: PLR2004 - its head
        raise damaged("tfra 长度不对", "a tfra contradicts its length")
    sizes, count = struct.unpack(">II", body[8:16])
    width = 8 if body[0] else 4
    entry = 2 * width + sum((sizes >> shift & 3) + 1 for shift in (4, 2, 0))
    if count > _MOST_FRAGMENTS or len(body) < 16 + count * entry:
        raise damaged("tfra 长度不对", "a tfra contradicts its length")
    new = bytearray(body)
    form = ">Q" if body[0] else ">I"
    for number in range(count):
        at = 16 + number * entry + width
        moved = move(struct.unpack(form, body[at : at + width])[0])
        if width == 4 and moved > _LIMIT:  # noqa: PLR2004 - 32 bits
            raise unsupported("tfra 偏移会超过 4 GiB", "a place in tfra would pass 4 GiB")
        new[at : at + width] = struct.pack(form, moved)
    return [Edit(box.body_at, box.end, bytes(new))]
