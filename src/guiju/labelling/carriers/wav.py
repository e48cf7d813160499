"""WAV: the chunk `AIGC` beside `data` (510A); `LIST/INFO` and an ID3 chunk are read."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import id3, riff, xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.riff import Chunk
from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.errors import damaged

_KEY = b"AIGC"
_ID3 = (b"id3 ", b"ID3 ")
_XMP = b"_PMX"
_OPEN = (0, riff.LIMIT)


@dataclass(frozen=True, slots=True)
class _Wave:
    """The chunks, where the form ends, and which 64-bit lengths stand where (RF64) or are not yet written (stream)."""

    chunks: tuple[Chunk, ...]
    end: int
    long_at: int
    data: Chunk
    is_open: bool


class Wav:
    """The carrier of WAV, RF64 and BW64 too."""

    name = "wav"
    mimes = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
    suffixes = (".wav", ".wave", ".bwf", ".rf64")
    is_text = False
    place = "RIFF 'AIGC'"

    def recognises(self, source: Source) -> bool:
        """Tell a WAV by its form."""
        return riff.is_form(source, b"WAVE")

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the chunk, in `LIST/INFO`, in ID3 and in XMP."""
        found: list[Site] = []
        for chunk in _wave(source).chunks:
            if chunk.kind == _KEY:
                found.append(Site("RIFF 'AIGC'", riff.text_of(chunk, source)))
            elif chunk.kind == b"LIST":
                texts = [riff.text_of(one, source) for one in riff.info(chunk, source) if one.kind == _KEY]
                found += [Site("LIST/INFO 'AIGC'", text, is_standard=False) for text in texts]
            elif chunk.kind in _ID3:
                texts = id3.labels(chunk.body(source))
                found += [Site("RIFF 'id3 ' TXXX AIGC", text, is_standard=False) for text in texts]
            elif chunk.kind == _XMP:
                sites = xmp.packet_sites(chunk.body(source), "RIFF '_PMX'")
                found += [Site(site.place, site.text, is_standard=False) for site in sites]
        return found

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into a chunk of its own at the end of the form; take other labels out."""
        wave = _wave(source)
        edits: list[Edit] = []
        for chunk in wave.chunks:
            if chunk.kind == _KEY:
                edits.append(Edit(chunk.at, chunk.end, b""))
            elif chunk.kind == b"LIST":
                edits += riff.without_info(chunk, source, _KEY)
            elif chunk.kind in _ID3 and id3.labels(chunk.body(source)):
                edits.append(
                    Edit(chunk.at, chunk.end, riff.new_chunk(chunk.kind, id3.without_label(chunk.body(source))))
                )
            elif chunk.kind == _XMP and xmp.packet_sites(chunk.body(source), ""):
                new = xmp.without_label(chunk.body(source))
                edits.append(Edit(chunk.at, chunk.end, riff.new_chunk(chunk.kind, new)))
        padding = b"\0" * (wave.end & 1)
        edits.append(Edit(wave.end, wave.end, padding + riff.new_chunk(_KEY, label.encode())))
        return [*edits, *_lengths(wave, edits)]


def _wave(source: Source) -> _Wave:
    head = source.read(0, riff.FORM)
    is_long = head[:4] != b"RIFF"
    stated = struct.unpack("<I", head[4:8])[0]
    long_at = 0
    start = riff.FORM
    data_length = riff.LIMIT
    if is_long:
        chunk = riff.chunk_at(source, start, source.size)
        if chunk.kind != b"ds64" or chunk.body_end - chunk.body_at < 28:  # noqa: PLR2004 - its fixed part
            raise damaged("RF64 没有 ds64", "an RF64 without ds64")
        long_at = chunk.body_at
        stated, data_length = struct.unpack("<QQ", source.read(long_at, 16))
    is_open = not is_long and stated in _OPEN
    end = source.size if is_open else int(stated) + riff.HEAD
    if end > source.size:
        raise damaged("RIFF 长度超过文件", "the RIFF length goes past the end of the file")
    return _with_chunks(source, end, long_at, data_length=data_length, is_open=is_open)


def _with_chunks(source: Source, end: int, long_at: int, *, data_length: int, is_open: bool) -> _Wave:
    found: list[Chunk] = []
    data: Chunk | None = None
    at = riff.FORM
    while at + riff.HEAD <= end:
        kind, length = struct.unpack("<4sI", source.read(at, riff.HEAD))
        if kind == b"data" and (length == riff.LIMIT or (is_open and length == 0)):
            body_end = at + riff.HEAD + data_length if long_at else end
            if body_end > end:
                raise damaged("data 长度超过文件", "its data goes past the end of the file")
            chunk = Chunk(kind, at, at + riff.HEAD, body_end, min(body_end + (body_end & 1), end))
        else:
            chunk = riff.chunk_at(source, at, end)
        data = chunk if chunk.kind == b"data" and data is None else data
        found.append(chunk)
        at = chunk.end
        riff.check_count(found)
    if data is None:
        raise damaged("WAV 没有 data", "a WAV without data")
    return _Wave(tuple(found), end, long_at, data, is_open)


def _lengths(wave: _Wave, edits: Sequence[Edit]) -> list[Edit]:
    """Write the new length of the form, and what a stream left open: the length of its data."""
    if wave.long_at:
        length = wave.end + Shift(edits).total - riff.HEAD
        return [Edit(wave.long_at, wave.long_at + 8, struct.pack("<Q", length))]
    lengths = [riff.length_edit(wave.end, edits)]
    if wave.is_open and wave.data.end == wave.end:
        at = wave.data.at + 4
        lengths.append(Edit(at, at + 4, struct.pack("<I", wave.data.body_end - wave.data.body_at)))
    return lengths
