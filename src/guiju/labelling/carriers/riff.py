"""Chunks of a RIFF file (WebP, WAV, AVI): walked within bounds, and the lengths that a change makes new."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.errors import damaged, unsupported

HEAD = 8
FORM = 12
_MOST_CHUNKS = 1 << 18
LIMIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its four characters, where it starts, where its body is, and where the next one begins."""

    kind: bytes
    at: int
    body_at: int
    body_end: int
    end: int

    def body(self, source: Source) -> bytes:
        """Return the bytes of its body."""
        return source.read(self.body_at, self.body_end - self.body_at)


def is_form(source: Source, *forms: bytes) -> bool:
    """Tell whether a file is a RIFF of one of these forms."""
    head = source.head(FORM)
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] in forms


def chunk_at(source: Source, at: int, limit: int) -> Chunk:
    """Read the chunk at `at`, which must end by `limit`; the last one may lack its padding byte.

    Raises:
        DamagedFileError: it does not.
    """
    kind, length = struct.unpack("<4sI", source.read(at, HEAD))
    end = at + HEAD + length
    if end > limit:
        raise damaged("RIFF 数据块在中途结束", "a RIFF chunk ends in the middle")
    return Chunk(kind, at, at + HEAD, end, min(end + (length & 1), limit))


def chunks(source: Source, start: int, limit: int) -> Iterator[Chunk]:
    """Walk the chunks from `start` to `limit`.

    Raises:
        DamagedFileError: one goes past it, or there are more than any file has.
    """
    at = start
    for _ in range(_MOST_CHUNKS):
        if at + HEAD > limit:
            return
        found = chunk_at(source, at, limit)
        yield found
        at = found.end
    raise damaged("RIFF 数据块过多", "too many RIFF chunks")


def check_count(found: Sequence[Chunk]) -> None:
    """Refuse more chunks than any file has.

    Raises:
        DamagedFileError: there are.
    """
    if len(found) > _MOST_CHUNKS:
        raise damaged("RIFF 数据块过多", "too many RIFF chunks")


def text_of(chunk: Chunk, source: Source) -> str:
    """Return the text in a chunk."""
    return chunk.body(source).decode("utf-8", "replace").strip("\0")


def info(chunk: Chunk, source: Source) -> list[Chunk]:
    """Return what stands in a list of type `INFO`; nothing of another list.

    Raises:
        DamagedFileError: it contradicts its length.
    """
    if chunk.body_end - chunk.body_at < 4 or source.read(chunk.body_at, 4) != b"INFO":  # noqa: PLR2004 - its type
        return []
    return list(chunks(source, chunk.body_at + 4, chunk.body_end))


def without_info(chunk: Chunk, source: Source, kind: bytes) -> list[Edit]:
    """Plan to take the chunks of a kind out of a list of type `INFO`; the list goes when nothing is left."""
    inside = info(chunk, source)
    kept = [one for one in inside if one.kind != kind]
    if len(kept) == len(inside):
        return []
    if not kept:
        return [Edit(chunk.at, chunk.end, b"")]
    body = b"".join(new_chunk(one.kind, one.body(source)) for one in kept)
    return [Edit(chunk.at, chunk.end, new_chunk(b"LIST", b"INFO" + body))]


def new_chunk(kind: bytes, body: bytes) -> bytes:
    """Write a chunk, padded to an even length."""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def riff_end(source: Source) -> int:
    """Return where the first RIFF form ends.

    Raises:
        DamagedFileError: the file ends before.
    """
    length = struct.unpack("<I", source.read(4, 4))[0]
    end = HEAD + int(length)
    if end > source.size:
        raise damaged("RIFF 长度超过文件", "the RIFF length goes past the end of the file")
    return end


def length_edit(end: int, edits: Sequence[Edit]) -> Edit:
    """Write the new length of a form that ended at `end`.

    Raises:
        UnsupportedFormatError: it would be more than 32 bits hold.
    """
    length = end + Shift(edits).total - HEAD
    if length > LIMIT:
        raise unsupported("RIFF 文件会超过 4 GiB", "the RIFF file would pass 4 GiB")
    return Edit(4, 8, struct.pack("<I", length))
