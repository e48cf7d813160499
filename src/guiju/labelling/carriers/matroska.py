"""MKV and WebM: `Segment.Tags.Tag.SimpleTag`, name `AIGC` (57A). Clusters and cues stay where they are.

The label gets a `Tags` of its own at the end, which the seek head announces; labels elsewhere become void elements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import ebml
from guiju.labelling.carriers.ebml import Element, filling, new_element, size_of
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_EBML, _SEGMENT, _SEEK_HEAD, _TAGS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x114D9B74, 0x1254C367, 0x1F43B675
_TAG, _TARGETS, _SIMPLE, _NAME, _STRING, _LANGUAGE, _BINARY = 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487, 0x447A, 0x4485
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
_CHECKSUM = 0xBF
_KEY = b"AIGC"
_VOID_LEAST = 2
_MOST_LABELS = 64
_DEPTH = 16


@dataclass(frozen=True, slots=True)
class _File:
    segment: Element
    children: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    """One label: its text, its own element, the `Tag` and the `Tags` that it stands in."""

    text: str
    simple: Element
    tag: Element
    tags: Element


class Matroska:
    """The carrier of MKV and WebM."""

    name = "matroska"
    mimes = ("video/x-matroska", "video/webm", "audio/webm", "audio/x-matroska", "video/matroska", "audio/matroska")
    suffixes = (".mkv", ".webm", ".mka", ".mk3d")
    is_text = False
    place = "Segment.Tags.Tag.SimpleTag AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a Matroska by the mark of EBML."""
        return source.head(4) == _EBML.to_bytes(4, "big")

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the tag in every list of tags."""
        return [Site(self.place, one.text) for one in _labels(source, _file(source))]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into tags of its own at the end of the segment, and announce them."""
        file = _file(source)
        if file.segment.end != source.size:
            raise unsupported("Matroska 段之后还有内容", "something follows the segment of the Matroska")
        found = _labels(source, file)
        last = file.children[-1]
        is_ours = last.number == _TAGS and _holds_only(source, last, found)
        at = last.at if is_ours else source.size
        name, text = new_element(_NAME, _KEY), new_element(_STRING, label.encode())
        simple = new_element(_SIMPLE, name, new_element(_LANGUAGE, b"und"), text)
        tags = new_element(_TAGS, new_element(_TAG, new_element(_TARGETS), simple))
        edits = [
            Edit(one.at, one.end, filling(one.end - one.at)) for one in _gone(source, found, last if is_ours else None)
        ]
        edits += _announced(source, file, at)
        edits.append(Edit(at, source.size, tags))
        return [*edits, _length(file.segment, at + len(tags))]


def _file(source: Source) -> _File:
    top = list(ebml.elements(source, 0, source.size))
    if not top or top[0].number != _EBML:
        raise damaged("EBML 头不对", "the EBML head is wrong")
    segment = next((one for one in top if one.number == _SEGMENT), None)
    if segment is None:
        raise damaged("Matroska 没有 Segment", "a Matroska without segment")
    if segment.end == ebml.UNKNOWN:
        raise unsupported("直播流形式的 Matroska，段长未知", "a live Matroska, whose segment has no length")
    children = tuple(ebml.inside(source, segment))
    if any(one.end == ebml.UNKNOWN for one in children):
        raise unsupported("直播流形式的 Matroska，簇长未知", "a live Matroska, whose clusters have no length")
    if not any(one.number == _CLUSTER for one in children):
        raise damaged("Matroska 没有内容", "a Matroska without content")
    return _File(segment, children)


def _labels(source: Source, file: _File) -> list[_Label]:
    found = [
        _Label(text, simple, tag, tags)
        for tags in file.children
        if tags.number == _TAGS
        for tag in ebml.inside(source, tags)
        if tag.number == _TAG
        for simple, text in _simple_labels(source, tag, 0)
    ]
    if len(found) > _MOST_LABELS:
        raise damaged("标识过多", "too many labels")
    return found


def _simple_labels(source: Source, holder: Element, depth: int) -> list[tuple[Element, str]]:
    if depth > _DEPTH:
        raise damaged("Matroska 标签嵌套过深", "the tags of the Matroska are nested too deeply")
    found: list[tuple[Element, str]] = []
    for simple in ebml.inside(source, holder):
        if simple.number != _SIMPLE:
            continue
        parts = {one.number: one for one in ebml.inside(source, simple)}
        name, text = parts.get(_NAME), parts.get(_STRING) or parts.get(_BINARY)
        if name is not None and name.body(source).strip(b"\0").upper() == _KEY:
            found.append((simple, text.body(source).decode("utf-8", "replace").strip("\0") if text else ""))
        else:
            found += _simple_labels(source, simple, depth + 1)
    return found


def _holds_only(source: Source, tags: Element, found: Sequence[_Label]) -> bool:
    """Tell whether a list of tags holds one label and nothing else."""
    inside = [one for one in ebml.inside(source, tags) if one.number == _TAG]
    ours = [one for one in found if one.tags.at == tags.at]
    if len(inside) != 1 or len(ours) != 1:
        return False
    return sum(one.number == _SIMPLE for one in ebml.inside(source, inside[0])) == 1


def _gone(source: Source, found: Sequence[_Label], last: Element | None) -> list[Element]:
    """Return what becomes void: the label alone, or all of its tag where it stands alone in it."""
    gone: dict[int, Element] = {}
    labels = {one.simple.at for one in found}
    for one in found:
        if last is not None and one.tags.at == last.at:
            continue
        stays = any(part.number == _SIMPLE and part.at not in labels for part in ebml.inside(source, one.tag))
        is_direct = any(part.at == one.simple.at for part in ebml.inside(source, one.tag))
        place = one.simple if stays or not is_direct else one.tag
        gone[place.at] = place
        # A checksum over what changes would be wrong; it is optional, and becomes void as well.
        for holder in (one.tags, one.tag):
            sums = (part for part in ebml.inside(source, holder) if part.number == _CHECKSUM)
            gone.update({part.at: part for part in sums if holder is not place})
    return list(gone.values())


def _announced(source: Source, file: _File, at: int) -> list[Edit]:
    """Plan to let the seek head say where the tags are; it grows into the void behind it.

    A file without a seek head, or without room behind it, is left as it is: readers that go through it find the tags.
    """
    place = next((n for n, one in enumerate(file.children) if one.number == _SEEK_HEAD), None)
    if place is None:
        return []
    head = file.children[place]
    position = at - file.segment.body_at
    entries = [one for one in ebml.inside(source, head) if one.number == _SEEK]
    if any(_seek(source, one) == (_TAGS, position) for one in entries):
        return []
    after = file.children[place + 1] if place + 1 < len(file.children) else None
    room = (after.end if after is not None and after.number == ebml.VOID else head.end) - head.at
    kept = b"".join(source.read(one.at, one.end - one.at) for one in entries if not _is_lost(source, one, file))
    ids = new_element(_SEEK_ID, _TAGS.to_bytes(4, "big"))
    new = new_element(
        _SEEK_HEAD, kept, new_element(_SEEK, ids, new_element(_SEEK_POSITION, position.to_bytes(8, "big")))
    )
    left = room - len(new)
    if left < 0 or 0 < left < _VOID_LEAST:
        return []
    return [Edit(head.at, head.at + room, new + filling(left))]


def _seek(source: Source, entry: Element) -> tuple[int, int]:
    parts = {one.number: int.from_bytes(one.body(source)[:8], "big") for one in ebml.inside(source, entry)}
    return parts.get(_SEEK_ID, 0), parts.get(_SEEK_POSITION, -1)


def _is_lost(source: Source, entry: Element, file: _File) -> bool:
    """Tell whether an entry for tags points where no tags are, as after a label that stood elsewhere."""
    number, position = _seek(source, entry)
    return number == _TAGS and all(one.at - file.segment.body_at != position for one in file.children)


def _length(segment: Element, end: int) -> Edit:
    """Write the new length of the segment in the bytes that it has."""
    width = segment.body_at - segment.at - 4
    length = end - segment.body_at
    if length >= (1 << 7 * width) - 1:
        raise unsupported("Matroska 段的长度字段太短", "the length of the segment has too few bytes")
    return Edit(segment.at + 4, segment.body_at, size_of(length, width))
