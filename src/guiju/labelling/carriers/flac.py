"""FLAC: the Vorbis comment `AIGC` (510A)."""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import id3, vorbis
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_MARK = b"fLaC"
_STREAM_INFO, _COMMENTS = 0, 4
_LAST = 0x80
_MOST_BLOCKS = 1 << 12
_LONGEST = 0xFFFFFF
_HEAD = 4


@dataclass(frozen=True, slots=True)
class _Block:
    kind: int
    is_last: bool
    at: int
    end: int


class Flac:
    """The carrier of FLAC."""

    name = "flac"
    mimes = ("audio/flac", "audio/x-flac")
    suffixes = (".flac",)
    is_text = False
    place = "VORBIS_COMMENT AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a FLAC by its mark, behind an ID3 tag or at once."""
        at = id3.tag_length(source.head(id3.HEAD))
        return at + len(_MARK) <= source.size and source.read(at, len(_MARK)) == _MARK

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the comments, and in an ID3 tag before the stream."""
        start, blocks = _blocks(source)
        texts = [text for block in blocks if block.kind == _COMMENTS for text in _read(source, block).labels()]
        return [
            *(Site("ID3v2 TXXX AIGC", text, is_standard=False) for text in _tag_labels(source, start)),
            *(Site("VORBIS_COMMENT AIGC", text) for text in texts),
        ]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the one block of comments, made behind the stream info where there is none."""
        start, blocks = _blocks(source)
        edits: list[Edit] = []
        if _tag_labels(source, start):
            edits.append(Edit(0, start, id3.without_label(source.read(0, start))))
        found = [block for block in blocks if block.kind == _COMMENTS]
        bare = ((one, _block(one.is_last, _read(source, one).with_label(None))) for one in found[1:])
        edits += [Edit(one.at, one.end, new) for one, new in bare]
        if found:
            new = _block(found[0].is_last, _read(source, found[0]).with_label(label))
            return [*edits, Edit(found[0].at, found[0].end, new)]
        first = blocks[0]
        new = _block(first.is_last, vorbis.new_comments(label))
        return [*edits, Edit(first.at, first.at + 1, bytes((_STREAM_INFO,))), Edit(first.end, first.end, new)]


def _blocks(source: Source) -> tuple[int, list[_Block]]:
    """Return where the stream starts, and its metadata blocks."""
    start = id3.tag_length(source.head(id3.HEAD))
    at = start + len(_MARK)
    found: list[_Block] = []
    while len(found) < _MOST_BLOCKS:
        head = source.read(at, _HEAD)
        end = at + _HEAD + int.from_bytes(head[1:], "big")
        found.append(_Block(head[0] & 0x7F, bool(head[0] & _LAST), at, end))
        if found[0].kind != _STREAM_INFO or end > source.size:
            raise damaged("FLAC 元数据块不对", "the metadata blocks of the FLAC are wrong")
        if head[0] & _LAST:
            break
        at = end
    if source.read(found[-1].end, 1) != b"\xff":
        raise damaged("FLAC 没有音频帧", "a FLAC without audio frames")
    return start, found


def _tag_labels(source: Source, start: int) -> list[str]:
    return id3.labels(source.read(0, start)) if start else []


def _read(source: Source, block: _Block) -> vorbis.Comments:
    return vorbis.read_comments(source.read(block.at + _HEAD, block.end - block.at - _HEAD))


def _block(is_last: bool, body: bytes) -> bytes:  # noqa: FBT001 - a bit of its head
    if len(body) > _LONGEST:
        raise unsupported("FLAC 注释块已满", "the comments of the FLAC leave no room")
    return bytes((_COMMENTS | (_LAST if is_last else 0),)) + len(body).to_bytes(3, "big") + body
