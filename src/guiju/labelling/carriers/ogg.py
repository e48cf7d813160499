"""Ogg Vorbis, Opus, Speex and FLAC in Ogg: the Vorbis comment `AIGC` of the first audio stream (510A).

Only the pages of the header are written anew. Where their number changes, later pages get their new number and the
checksum that follows from it; what is in them is not touched (RFC 3533).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import ogg_pages, vorbis
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.ogg_pages import Page, Walk, paged, renumbered
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_HEADER_LIMIT = 32 << 20
_MOST_PAGES = 2048
_FLAC_HEAD = 4
_STARTS = ((b"\x01vorbis", b"\x03vorbis"), (b"OpusHead", b"OpusTags"), (b"Speex   ", b""), (b"\x7fFLAC", b""))


@dataclass(frozen=True, slots=True)
class _Stream:
    """The header of one logical stream: the pages behind the first one, the packets in them, and the comments."""

    pages: tuple[Page, ...]
    packets: tuple[bytes, ...]
    skipped: bytes

    @property
    def comments(self) -> vorbis.Comments:
        return vorbis.read_comments(self.packets[0][len(self.skipped) :])


class Ogg:
    """The carrier of Ogg audio."""

    name = "ogg"
    mimes = ("audio/ogg", "audio/opus", "application/ogg", "audio/vorbis", "audio/x-opus+ogg")
    suffixes = (".ogg", ".oga", ".opus", ".spx")
    is_text = False
    place = "Vorbis comment AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an Ogg by its first page."""
        return source.head(4) == ogg_pages.MARK

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the comments of every audio stream."""
        return [Site("Vorbis comment AIGC", text) for stream in _streams(source) for text in stream.comments.labels()]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the comments of the first audio stream, and take it out of all others."""
        edits: list[Edit] = []
        for number, stream in enumerate(_streams(source)):
            if number == 0 or stream.comments.labels():
                edits += _rewritten(source, stream, label if number == 0 else None)
        return edits


def _streams(source: Source) -> list[_Stream]:
    """Return the header of every audio stream; a file is walked once, whoever asks."""
    found = source.found.get("ogg")
    if not isinstance(found, list):
        found = source.found["ogg"] = _found_streams(source)
    return found


def _found_streams(source: Source) -> list[_Stream]:
    """Find the header of every audio stream, chained ones too.

    Raises:
        DamagedFileError: a page is cut short.
        UnsupportedFormatError: there is no audio stream that has comments.
    """
    waiting: dict[int, tuple[bytes, list[Page]]] = {}
    found: list[_Stream] = []
    walk = Walk(source)
    while (page := walk.next(first_only=not waiting)) is not None:
        if page.is_first:
            head = page.body(source)
            start = next((prefix for mark, prefix in _STARTS if head.startswith(mark)), None)
            if start is not None:
                waiting[page.serial] = (b"\x7fFLAC" if head.startswith(b"\x7fFLAC") else start, [])
        elif page.serial in waiting:
            prefix, collected = waiting[page.serial]
            collected.append(page)
            _check_header(collected)
            if page.is_complete:
                found.append(_stream(source, prefix, collected))
                del waiting[page.serial]
    if waiting:
        raise damaged("Ogg 头部在中途结束", "the header of the Ogg ends in the middle")
    if not found:
        raise unsupported("Ogg 中没有 Vorbis、Opus、Speex 或 FLAC 音频", "no Vorbis, Opus, Speex or FLAC in the Ogg")
    return found


def _check_header(collected: Sequence[Page]) -> None:
    if len(collected) > _MOST_PAGES or sum(page.end - page.at for page in collected) > _HEADER_LIMIT:
        raise damaged("Ogg 头部过大", "the header of the Ogg is too long")
    if any(page.granule not in (0, ogg_pages.NO_GRANULE) for page in collected):
        raise unsupported("Ogg 的头部与音频同在一页", "header and audio of the Ogg share a page")


def _stream(source: Source, prefix: bytes, collected: Sequence[Page]) -> _Stream:
    packets = tuple(_packets(source, collected))
    if prefix == b"\x7fFLAC":
        prefix = packets[0][:_FLAC_HEAD]
        if prefix[:1] not in (b"\x04", b"\x84"):
            raise unsupported("Ogg FLAC 的第一个块不是注释", "the first block of the FLAC in Ogg is no comment")
    if not packets[0].startswith(prefix):
        raise damaged("Ogg 注释头不对", "the comment header of the Ogg is wrong")
    return _Stream(tuple(collected), packets, prefix)


def _packets(source: Source, collected: Sequence[Page]) -> Iterator[bytes]:
    packet = bytearray()
    for page in collected:
        body, at = page.body(source), 0
        for length in page.lacing:
            packet += body[at : at + length]
            at += length
            if length < 255:  # noqa: PLR2004 - RFC 3533: a shorter segment ends a packet
                yield bytes(packet)
                packet.clear()


def _rewritten(source: Source, stream: _Stream, label: str | None) -> list[Edit]:
    comments = stream.comments.with_label(label)
    prefix = stream.skipped
    if prefix[:1] in (b"\x04", b"\x84") and len(prefix) == _FLAC_HEAD:
        prefix = prefix[:1] + len(comments).to_bytes(3, "big")
    first = stream.pages[0]
    new = paged([prefix + comments, *stream.packets[1:]], first.serial, first.number)
    edits = [Edit(first.at, first.end, b"".join(new))]
    edits += [Edit(page.at, page.end, b"") for page in stream.pages[1:]]
    growth = len(new) - len(stream.pages)
    return edits if not growth else [*edits, *renumbered(source, stream.pages[-1], growth)]
