"""TIFF and BigTIFF: tag 700 of the first directory, type 7 (59A clause 6). Strips and tiles stay where they are."""

from collections.abc import Sequence

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import METADATA_LIMIT, Edit, Source
from guiju.labelling.carriers.tiff_tags import XMP, Directory, Entry, Tags, comments
from guiju.labelling.errors import damaged

_UNDEFINED = 7
_DATA = ((273, 279), (324, 325))  # places and lengths of strips, and of tiles
_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Tiff:
    """The carrier of TIFF."""

    name = "tiff"
    mimes = ("image/tiff", "image/tiff-fx")
    suffixes = (".tif", ".tiff", ".btf")
    is_text = False
    place = "IFD0 tag 700 XMP → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a TIFF by its header."""
        return source.head(4) in _MARKS

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the XMP of every directory, and in EXIF."""
        tags = Tags(source)
        found: list[Site] = []
        for number, directory in enumerate(_directories(source, tags)):
            entry = directory.find(XMP)
            if entry is not None:
                sites = xmp.packet_sites(tags.value(entry), f"IFD{number} tag 700")
                found += [Site(site.place, site.text, site.is_standard and not number, site.shape) for site in sites]
        return [*found, *(Site(one.place, one.text, shape="wrapped") for one in comments(tags))]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the packet of the first directory; a directory without one is written anew at the end."""
        tags = Tags(source)
        first, *others = _directories(source, tags)
        edits = [one.blank() for one in comments(tags)]
        for directory in others:
            entry = directory.find(XMP)
            if entry is not None and xmp.packet_sites(packet := tags.value(entry), ""):
                new = xmp.fitted(xmp.without_label(packet), len(packet)) or b" " * len(packet)
                edits.append(Edit(entry.value_at, entry.value_at + entry.length, new))
        entry = first.find(XMP)
        if entry is None:
            return [*edits, *_added(source, tags, first, packet=xmp.new_packet(label))]
        return [*edits, *_changed(source, tags, entry, label=label)]


def _directories(source: Source, tags: Tags) -> list[Directory]:
    found = list(tags.directories())
    if not found:
        raise damaged("TIFF 没有目录", "a TIFF without a directory")
    left = METADATA_LIMIT
    for directory in found:
        for places, lengths in _DATA:
            left -= sum(entry.length for tag in (places, lengths) if (entry := directory.find(tag)) is not None)
            if left < 0:
                raise damaged("TIFF 图像块过多", "too many pieces of picture data in the TIFF")
            _check_data(source, tags, directory.find(places), lengths=directory.find(lengths))
    return found


def _check_data(source: Source, tags: Tags, places: Entry | None, *, lengths: Entry | None) -> None:
    """Refuse a picture whose strips or tiles go past the end: what we append would become part of them."""
    if places is None or lengths is None or places.count != lengths.count:
        return
    starts, sizes = tags.numbers(places), tags.numbers(lengths)
    ends = starts + sizes
    if len(starts) == len(sizes) and len(ends) and (ends.max() > source.size or (ends < starts).any()):
        raise damaged("TIFF 图像数据超过文件", "the picture data of the TIFF goes past its end")


def _changed(source: Source, tags: Tags, entry: Entry, *, label: str) -> list[Edit]:
    old = tags.value(entry)
    packet = xmp.with_label(old, label)
    fitting = xmp.fitted(packet, len(old))
    if fitting is not None:
        return [Edit(entry.value_at, entry.value_at + len(old), fitting)]
    end = entry.value_at + len(old)
    is_last = end == source.size and len(old) > tags.width
    padding = b"" if is_last else b"\0" * (source.size & 1)
    at = entry.value_at if is_last else source.size + len(padding)
    start = source.size if not is_last else entry.value_at
    edits = [
        Edit(entry.at + 4, entry.at + 4 + 2 * tags.width, tags.pack(tags.word, len(packet)) + tags.pack(tags.word, at)),
        Edit(start, source.size, padding + packet),
    ]
    return edits if is_last or len(old) <= tags.width else [*edits, Edit(entry.value_at, end, b" " * len(old))]


def _added(source: Source, tags: Tags, directory: Directory, *, packet: bytes) -> list[Edit]:
    """Write the directory with one entry more behind everything, and the packet behind that."""
    size = 4 + 2 * tags.width
    padding = b"\0" * (-source.size % 8)
    at = source.size + len(padding)
    count = len(directory.entries) + 1
    head = tags.pack(tags.count_form, count)
    packet_at = at + len(head) + count * size + tags.width
    new = tags.pack("HH", XMP, _UNDEFINED) + tags.pack(tags.word, len(packet)) + tags.pack(tags.word, packet_at)
    entries = [(one.tag, source.read(one.at, size)) for one in directory.entries]
    place = next((index for index, (tag, _) in enumerate(entries) if tag > XMP), len(entries))
    raw = [one for _, one in entries]
    body = b"".join([*raw[:place], new, *raw[place:]])
    written = padding + head + body + tags.pack(tags.word, directory.next_at) + packet
    pointer = Edit(tags.pointer_at, tags.pointer_at + tags.width, tags.pack(tags.word, at))
    return [pointer, Edit(source.size, source.size, written)]
