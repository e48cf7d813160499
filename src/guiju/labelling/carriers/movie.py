"""MP4, MOV, M4A: the key `AIGC` in `moov.udta.meta`, handler `mdta` (57A, 510A).

Media data is never read: where the head of the file grows, the tables that say where media data stands are mended.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.boxes import HEAD, Box, boxes, first, inside, new_box, terminator
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.movie_offsets import mended
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_KEY = b"AIGC"
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_STILLS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"miaf")
_STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof", b"sidx")
_HANDLER = new_box(b"hdlr", b"\0" * 8 + b"mdta" + b"\0" * 12 + b"\0")
_NAME_LIMIT = 4096
_MDTA = b"mdta"
_HANDLER_END = 12


@dataclass(frozen=True, slots=True)
class _Item:
    """One label in a list of items: where the item and its value stand."""

    place: str
    text: str
    is_standard: bool
    box: Box


@dataclass(frozen=True, slots=True)
class _Meta:
    """One `meta` box with a list of items, told by keys or by names."""

    box: Box
    place: str
    children_at: int
    handler: bytes
    keys: tuple[bytes, ...]
    items: tuple[_Item, ...]


class Movie:
    """The carrier of MP4, MOV and M4A."""

    name = "mp4"
    mimes = (
        "video/mp4",
        "video/quicktime",
        "audio/mp4",
        "audio/x-m4a",
        "audio/m4a",
        "video/x-m4v",
        "video/3gpp",
    )
    suffixes = (".mp4", ".mov", ".m4a", ".m4v", ".3gp", ".m4b", ".f4v", ".qt")
    is_text = False
    place = "moov.udta.meta keys/ilst AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a movie by its first box; still pictures of the same family are another carrier's."""
        head = source.head(12)
        return head[4:8] in _STARTS and not (head[4:8] == b"ftyp" and head[8:12] in _STILLS)

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in every list of items, and in an XMP box."""
        top = _top(source)
        found = [
            Site(item.place, item.text, is_standard=item.is_standard, shape="inner")
            for meta in _metas(source, top)
            for item in meta.items
        ]
        for box in _xmp_boxes(source, top):
            body = source.read(box.body_at + 16, box.end - box.body_at - 16)
            found += [Site(site.place, site.text, is_standard=False) for site in xmp.packet_sites(body, "uuid XMP")]
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the list of items in `udta`, made where there is none; take other labels out."""
        top = _top(source)
        moov = _moov(source, top)
        metas = _metas(source, top)
        place = next((one for one in metas if one.place == "moov.udta.meta" and one.handler == _MDTA), None)
        rebuilt = _rebuilt(source, moov, metas, place=place, label=label)
        edits = [Edit(moov.at, moov.end, rebuilt)]
        for box in _xmp_boxes(source, top):
            start = box.body_at + 16
            body = source.read(start, box.end - start)
            if b"AIGC" in body and xmp.packet_sites(body, ""):
                new = xmp.fitted(xmp.without_label(body), len(body))
                edits.append(Edit(start, box.end, new if new is not None else b" " * len(body)))
        return mended(source, top, moov, edits=edits)


def _top(source: Source) -> list[Box]:
    found = list(boxes(source, 0, source.size))
    if not found or found[0].kind not in _STARTS:
        raise damaged("没有任何盒", "no boxes")
    return found


def _moov(source: Source, top: Sequence[Box]) -> Box:
    found = [box for box in top if box.kind == b"moov"]
    if len(found) != 1:
        raise damaged(f"应有一个 moov，实有 {len(found)} 个", f"one moov was expected, {len(found)} are there")
    if first(inside(source, found[0]), b"cmov") is not None:
        raise unsupported("moov 是压缩的", "its moov is compressed")
    if first(inside(source, found[0]), b"mvhd") is None:
        raise damaged("moov 没有 mvhd", "a moov without mvhd")
    return found[0]


def _xmp_boxes(source: Source, top: Sequence[Box]) -> Iterator[Box]:
    for box in top:
        is_long = box.end - box.body_at > len(_XMP_UUID)
        if box.kind == b"uuid" and is_long and source.read(box.body_at, 16) == _XMP_UUID:
            yield box


def _metas(source: Source, top: Sequence[Box]) -> list[_Meta]:
    moov = _moov(source, top)
    found = [_meta(source, box, "moov.meta") for box in inside(source, moov) if box.kind == b"meta"]
    for udta in inside(source, moov):
        if udta.kind == b"udta":
            found += [_meta(source, box, "moov.udta.meta") for box in inside(source, udta) if box.kind == b"meta"]
    return found


def _meta(source: Source, box: Box, place: str) -> _Meta:
    """Read a `meta`; in QuickTime it is no full box, so its first child tells where children begin."""
    is_plain = box.end - box.body_at >= HEAD and source.read(box.body_at + 4, 4) == b"hdlr"
    children_at = box.body_at + (0 if is_plain else min(4, box.end - box.body_at))
    children = list(boxes(source, children_at, box.end))
    handler_box = first(iter(children), b"hdlr")
    is_told = handler_box is not None and handler_box.end - handler_box.body_at >= _HANDLER_END
    handler = source.read(handler_box.body_at + 8, 4) if handler_box and is_told else b""
    keys_box, list_box = first(iter(children), b"keys"), first(iter(children), b"ilst")
    keys = _keys(source, keys_box) if keys_box else ()
    items = _items(source, list_box, keys, place=place, handler=handler) if list_box else ()
    return _Meta(box, place, children_at, handler, keys, items)


def _keys(source: Source, box: Box) -> tuple[bytes, ...]:
    count = struct.unpack(">I", source.read(box.body_at + 4, 4))[0]
    names = [
        source.read(key.body_at, min(key.end - key.body_at, _NAME_LIMIT))
        for key in boxes(source, box.body_at + 8, box.end)
    ]
    if len(names) != count:
        raise damaged("keys 的个数不对", "its keys do not count up")
    return tuple(names)


def _items(source: Source, box: Box, keys: tuple[bytes, ...], *, place: str, handler: bytes) -> tuple[_Item, ...]:
    found: list[_Item] = []
    for item in inside(source, box):
        number = int.from_bytes(item.kind, "big")
        if handler == _MDTA:
            is_label = 0 < number <= len(keys) and _KEY in keys[number - 1]
            name = f"{place} keys/ilst AIGC"
        else:
            is_label = item.kind == _KEY or _freeform_name(source, item) == _KEY
            name = f"{place} ({handler.decode('latin-1')}) AIGC"
        if is_label:
            is_standard = handler == _MDTA and place == "moov.udta.meta" and keys[number - 1] == _KEY
            found.append(_Item(name, _value(source, item), is_standard, item))
    return tuple(found)


def _freeform_name(source: Source, item: Box) -> bytes:
    if item.kind != b"----":
        return b""
    name = first(inside(source, item), b"name")
    return source.read(name.body_at + 4, min(name.end - name.body_at - 4, _NAME_LIMIT)) if name else b""


def _value(source: Source, item: Box) -> str:
    data = first(inside(source, item), b"data")
    if data is None or data.end - data.body_at < HEAD:
        return ""
    return source.read(data.body_at + 8, data.end - data.body_at - 8).decode("utf-8", "replace").strip("\0")


def _data(label: str) -> bytes:
    return new_box(b"data", struct.pack(">II", 1, 0), label.encode())


def _new_meta(label: str) -> bytes:
    keys = new_box(b"keys", struct.pack(">II", 0, 1), new_box(b"mdta", _KEY))
    return new_box(b"meta", b"\0" * 4, _HANDLER, keys, new_box(b"ilst", new_box(b"\0\0\0\1", _data(label))))


def _rebuilt(source: Source, moov: Box, metas: Sequence[_Meta], *, place: _Meta | None, label: str) -> bytes:
    """Write the whole `moov` anew: every box in it as it was, but for the lists of items that change."""
    news = {one.box.at: _changed(source, one, label if one is place else None) for one in metas}
    children: list[bytes] = []
    has_udta = False
    for child in inside(source, moov):
        if child.kind == b"udta":
            addition = b"" if has_udta or place else _new_meta(label)
            children.append(_user_data(source, child, news, addition=addition))
            has_udta = True
        else:
            children.append(news.get(child.at) or source.read(child.at, child.end - child.at))
    if not has_udta:
        children.append(new_box(b"udta", _new_meta(label)))
    return new_box(b"moov", *children, terminator(source, moov.body_at, moov.end))


def _user_data(source: Source, udta: Box, news: dict[int, bytes], *, addition: bytes) -> bytes:
    children = [news.get(box.at) or source.read(box.at, box.end - box.at) for box in inside(source, udta)]
    return new_box(b"udta", *children, addition, terminator(source, udta.body_at, udta.end))


def _changed(source: Source, meta: _Meta, label: str | None) -> bytes:
    """Write a `meta` anew: with `label` as the value of its key, or, where None, without any label."""
    if label is None and not meta.items:
        return source.read(meta.box.at, meta.box.end - meta.box.at)
    gone = {item.box.at for item in meta.items}
    pieces = [source.read(meta.box.body_at, meta.children_at - meta.box.body_at)]
    keys = list(meta.keys)
    if label is not None and _KEY not in keys:
        keys.append(_KEY)
    has_keys = has_list = False
    for child in boxes(source, meta.children_at, meta.box.end):
        if child.kind == b"keys" and label is not None:
            pieces.append(_new_keys(keys))
            has_keys = True
        elif child.kind == b"ilst":
            kept = [source.read(item.at, item.end - item.at) for item in inside(source, child) if item.at not in gone]
            pieces.append(new_box(b"ilst", *kept, _new_item(keys, label)))
            has_list = True
        else:
            pieces.append(source.read(child.at, child.end - child.at))
    if label is not None and not has_keys:
        pieces.append(_new_keys(keys))
    if label is not None and not has_list:
        pieces.append(new_box(b"ilst", _new_item(keys, label)))
    return new_box(b"meta", *pieces)


def _new_keys(keys: Sequence[bytes]) -> bytes:
    return new_box(b"keys", struct.pack(">II", 0, len(keys)), *(new_box(b"mdta", key) for key in keys))


def _new_item(keys: Sequence[bytes], label: str | None) -> bytes:
    return b"" if label is None else new_box(struct.pack(">I", keys.index(_KEY) + 1), _data(label))
