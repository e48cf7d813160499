"""AVI: the sub-chunk `AIGC` of a list of type `INFO` (57A). The index and what it points at stay where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import riff
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.riff import Chunk
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_KEY = b"AIGC"
_LIST_HEAD = 12


@dataclass(frozen=True, slots=True)
class _File:
    """The chunks of the first form, where it ends, where the pictures are, and whether more forms follow."""

    chunks: tuple[Chunk, ...]
    end: int
    movie: Chunk
    has_more: bool


class Avi:
    """The carrier of AVI."""

    name = "avi"
    mimes = ("video/x-msvideo", "video/avi", "video/msvideo", "video/vnd.avi")
    suffixes = (".avi",)
    is_text = False
    place = "LIST/INFO 'AIGC'"

    def recognises(self, source: Source) -> bool:
        """Tell an AVI by its form."""
        return riff.is_form(source, b"AVI ")

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in every list of type `INFO`."""
        return [
            Site(self.place, riff.text_of(one, source))
            for chunk in _file(source).chunks
            for one in _labels(chunk, source)
        ]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into a list of its own: in place of filling before the pictures, or at the end."""
        file = _file(source)
        new = riff.new_chunk(b"LIST", b"INFO" + riff.new_chunk(_KEY, label.encode() + b"\0"))
        runs = _runs(file, source)
        run = next((one for one in runs if _fits(len(new), one[1] - one[0])), None)
        edits = [Edit(start, end, _filling(end - start)) for start, end in runs if (start, end) != run]
        if run is not None:
            edits.append(Edit(*run, new + _filling(run[1] - run[0] - len(new))))
        edits += _emptied(file, source)
        if run is None:
            if file.has_more:
                raise unsupported("OpenDML AVI 的头部没有空位", "an OpenDML AVI whose head has no room")
            edits.append(Edit(file.end, file.end, b"\0" * (file.end & 1) + new))
        return [*edits, riff.length_edit(file.end, edits)]


def _file(source: Source) -> _File:
    end = riff.riff_end(source)
    found = tuple(riff.chunks(source, riff.FORM, end))
    movie = next((one for one in found if _list_kind(one, source) == b"movi"), None)
    if movie is None or _list_kind(found[0], source) != b"hdrl":
        raise damaged("AVI 没有头部或没有画面", "an AVI without head or pictures")
    has_more = source.size >= end + _LIST_HEAD and source.read(end, 4) == b"RIFF"
    return _File(found, end, movie, has_more)


def _list_kind(chunk: Chunk, source: Source) -> bytes:
    is_list = chunk.kind == b"LIST" and chunk.body_end - chunk.body_at >= 4  # noqa: PLR2004 - its type
    return source.read(chunk.body_at, 4) if is_list else b""


def _labels(chunk: Chunk, source: Source) -> list[Chunk]:
    if _list_kind(chunk, source) != b"INFO":
        return []
    return [one for one in riff.info(chunk, source) if one.kind == _KEY]


def _is_ours(chunk: Chunk, source: Source) -> bool:
    found = _labels(chunk, source)
    return bool(found) and len(found) == len(riff.info(chunk, source))


def _runs(file: _File, source: Source) -> list[tuple[int, int]]:
    """Find where, before the pictures, filling and lists of labels alone stand one behind the other."""
    found: list[tuple[int, int]] = []
    for chunk in file.chunks:
        if chunk.at >= file.movie.at:
            break
        if chunk.kind != b"JUNK" and not _is_ours(chunk, source):
            continue
        if found and found[-1][1] == chunk.at:
            found[-1] = (found[-1][0], chunk.end)
        else:
            found.append((chunk.at, chunk.end))
    return found


def _fits(length: int, room: int) -> bool:
    return room == length or room >= length + riff.HEAD


def _filling(length: int) -> bytes:
    return riff.new_chunk(b"JUNK", b"\0" * (length - riff.HEAD)) if length else b""


def _emptied(file: _File, source: Source) -> list[Edit]:
    """Turn labels in other lists before the pictures into filling of their length; behind them, take them out."""
    edits: list[Edit] = []
    for chunk in file.chunks:
        if chunk.at > file.movie.at and not file.has_more:
            edits += riff.without_info(chunk, source, _KEY)
        elif not (_is_ours(chunk, source) and chunk.at < file.movie.at):
            edits += [Edit(one.at, one.end, _filling(one.end - one.at)) for one in _labels(chunk, source)]
    return edits
