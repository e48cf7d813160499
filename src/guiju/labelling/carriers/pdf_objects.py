"""Objects of a PDF found through its cross-reference tables and streams (ISO 32000-1 §7.5), newest first, bounded."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from guiju.labelling.carriers.pdf_syntax import REFERENCE, Dictionary, read_dictionary, read_value, skip_space
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.errors import damaged, unsupported

_WINDOW = 1 << 20
_TAIL = 4096
_MOST_SECTIONS = 1 << 12
_MOST_RUNS = 1 << 16
_UNPACKED_LIMIT = 64 << 20
_ENTRY = 20
_START = re.compile(rb"startxref\s+(\d{1,15})\s")
_OBJECT = re.compile(rb"\s*(\d{1,10})\s+(\d{1,5})\s+obj\b")
_RANGE = re.compile(rb"\s*(\d{1,10})\s+(\d{1,10})\s*?(?:\r\n|\n|\r|(?=\d))")
_STREAM = re.compile(rb"\s*stream(\r\n|\n|\r)")
_FREE, _PLAIN, _PACKED = 0, 1, 2
_PNG_PREDICTOR = 10


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section: its trailer, whether it is a stream, and its runs of entries.

    Attributes:
        trailer: its dictionary.
        is_stream: whether it is a stream.
        runs: first object, how many, and where the entries start: in the file, or in `rows`.
        widths: of the fields of an entry, in a stream.
        rows: the unpacked entries, in a stream.
    """

    trailer: Dictionary
    is_stream: bool
    runs: tuple[tuple[int, int, int], ...]
    widths: tuple[int, int, int] = (0, 0, 0)
    rows: bytes = b""


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its generation, and its dictionary where it is one; where it stands unless it is packed."""

    generation: int
    dictionary: Dictionary
    at: int
    text: bytes


class Objects:
    """The objects of the revision that ends at `end`."""

    def __init__(self, source: Source, end: int) -> None:
        """Read every section of the revision.

        Raises:
            DamagedFileError: there is no cross-reference, or it cannot be read.
        """
        self._source = source
        self._end = end
        self._unpacked = self._runs = 0
        if source.head(5) != b"%PDF-":
            raise damaged("PDF 不以 %PDF- 开头", "the PDF does not begin with %PDF-")
        start = max(0, end - _TAIL)
        tail = source.read(start, end - start)
        starts = list(_START.finditer(tail))
        if not starts or b"%%EOF" not in tail[starts[-1].start() :]:
            raise damaged("PDF 没有 startxref 或 %%EOF", "the PDF has no startxref or no %%EOF")
        self.start = int(starts[-1][1])
        self.sections = tuple(self._sections())

    @property
    def trailer(self) -> Dictionary:
        """The newest trailer."""
        return self.sections[0].trailer

    def _window(self, at: int) -> bytes:
        if not 0 <= at < self._end:
            raise damaged("PDF 偏移超过文件", "a place in the PDF is past its end")
        return self._source.read(at, min(_WINDOW, self._end - at))

    def _sections(self) -> Iterator[Section]:
        waiting, seen = [self.start], set[int]()
        while waiting:
            at = waiting.pop(0)
            if at in seen:
                continue
            seen.add(at)
            if len(seen) > _MOST_SECTIONS:
                raise damaged("PDF 交叉引用过多", "too many cross-reference sections")
            section = self._section(at)
            yield section
            places = (section.trailer.number(b"XRefStm"), section.trailer.number(b"Prev"))
            waiting += [place for place in places if place is not None]

    def _section(self, at: int) -> Section:
        window = self._window(at)
        place = skip_space(window, 0)
        if window[place : place + 4] == b"xref":
            return self._table(at, window, place + 4)
        return self._stream_section(at, window)

    def _table(self, at: int, window: bytes, place: int) -> Section:
        runs: list[tuple[int, int, int]] = []
        while match := _RANGE.match(window, place):
            first, count = int(match[1]), int(match[2])
            start = at + match.end()
            runs.append((first, count, start))
            self._count_run()
            place = match.end() + count * _ENTRY
            if place + _TAIL > len(window):
                at, window, place = at + place, self._window(at + place), 0
        place = skip_space(window, place)
        if window[place : place + 7] != b"trailer":
            raise damaged("PDF 交叉引用表没有 trailer", "a cross-reference table without trailer")
        return Section(read_dictionary(window, place + 7), is_stream=False, runs=tuple(runs))

    def _stream_section(self, at: int, window: bytes) -> Section:
        match = _OBJECT.match(window)
        if match is None:
            raise damaged("startxref 不指向交叉引用", "startxref points at no cross-reference")
        dictionary = read_dictionary(window, match.end())
        if dictionary.get(b"Type") != b"/XRef":
            raise damaged("startxref 不指向交叉引用", "startxref points at no cross-reference")
        rows = self.stream(Found(0, dictionary, at, window))
        widths = _numbers(dictionary.get(b"W"))
        if len(widths) != 3 or max(widths) > 8 or not sum(widths):  # noqa: PLR2004 - three fields of at most 8 bytes
            raise damaged("PDF 交叉引用流的 W 不对", "the widths of a cross-reference stream are wrong")
        index = _numbers(dictionary.get(b"Index")) or [0, dictionary.number(b"Size") or 0]
        runs, start = [], 0
        for first, count in zip(index[::2], index[1::2], strict=False):
            self._count_run()
            runs.append((first, count, start))
            start += count * sum(widths)
        return Section(dictionary, True, tuple(runs), (widths[0], widths[1], widths[2]), rows)  # noqa: FBT003

    def find(self, number: int) -> Found | None:
        """Return an object that is a dictionary or a stream; None where it is free or not there.

        Raises:
            DamagedFileError: the cross-reference points at something else.
        """
        for section in self.sections:
            for first, count, start in section.runs:
                if first <= number < first + count:
                    entry = self._entry(section, number - first, start)
                    if entry is None:
                        continue
                    kind, where, extra = entry
                    if kind == _FREE:
                        return None
                    return self._plain(number, where) if kind == _PLAIN else self._packed(number, where, extra)
        return None

    def value(self, raw: bytes | None) -> bytes | None:
        """Return a value, or what it refers to where that is an object.

        Raises:
            DamagedFileError: the cross-reference points at something else.
        """
        match = REFERENCE.fullmatch(raw or b"")
        if match is None:
            return raw
        number = int(match[1])
        for section in self.sections:
            for first, count, start in section.runs:
                if first <= number < first + count and (entry := self._entry(section, number - first, start)):
                    if entry[0] == _FREE:
                        return None
                    if entry[0] == _PACKED:
                        return read_value(*self._in_stream(number, entry[1], entry[2]))
                    window = self._window(entry[1])
                    head = _OBJECT.match(window)
                    return read_value(window, head.end()) if head and int(head[1]) == number else None
        return None

    def _entry(self, section: Section, place: int, start: int) -> tuple[int, int, int] | None:
        if not section.is_stream:
            raw = self._source.read(start + place * _ENTRY, _ENTRY)
            if not re.fullmatch(rb"\d{10} \d{5} [nf][ \r\n]{2}", raw):
                raise damaged("PDF 交叉引用项不对", "an entry of a cross-reference table is wrong")
            return (_PLAIN if raw[17:18] == b"n" else _FREE), int(raw[:10]), int(raw[11:16])
        kind_width, place_width, extra_width = section.widths
        at = start + place * sum(section.widths)
        row = section.rows[at : at + sum(section.widths)]
        if len(row) != sum(section.widths):
            return None
        kind = int.from_bytes(row[:kind_width], "big") if kind_width else _PLAIN
        where = int.from_bytes(row[kind_width : kind_width + place_width], "big")
        return kind, where, int.from_bytes(row[kind_width + place_width :], "big") if extra_width else 0

    def _plain(self, number: int, at: int) -> Found | None:
        window = self._window(at)
        match = _OBJECT.match(window)
        if match is None or int(match[1]) != number:
            raise damaged(f"PDF 对象 {number} 不在交叉引用所指处", f"object {number} is not where the PDF says")
        if window[skip_space(window, match.end()) :][:2] != b"<<":
            return None
        return Found(int(match[2]), read_dictionary(window, match.end()), at, window)

    def _packed(self, number: int, container: int, index: int) -> Found | None:
        text, at = self._in_stream(number, container, index)
        if text[skip_space(text, at) :][:2] != b"<<":
            return None
        return Found(0, read_dictionary(text, at), -1, b"")

    def _in_stream(self, number: int, container: int, index: int) -> tuple[bytes, int]:
        holder = self._holder(container)
        if holder is None:
            raise damaged("PDF 对象流不存在", "an object stream of the PDF is not there")
        text = self.stream(holder)
        first = holder.dictionary.number(b"First") or 0
        numbers = [int(one) for one in text[:first].split() if one.isdigit()]
        if 2 * index + 1 >= len(numbers) or numbers[2 * index] != number:
            raise damaged("PDF 对象流的目录不对", "the index of an object stream is wrong")
        return text, first + numbers[2 * index + 1]

    def _holder(self, number: int) -> Found | None:
        for section in self.sections:
            for first, count, start in section.runs:
                if first <= number < first + count and (entry := self._entry(section, number - first, start)):
                    if entry[0] == _PLAIN:
                        return self._plain(number, entry[1])
                    raise damaged("PDF 对象流嵌套", "an object stream stands in another one")
        return None

    def stream(self, found: Found) -> bytes:
        """Return the unpacked content of a stream.

        Raises:
            DamagedFileError: it is not one, is cut short or unpacks to more than we hold.
            UnsupportedFormatError: it is packed in a way that only whole PDF readers know.
        """
        match = _STREAM.match(found.text, found.dictionary.end)
        if match is None or found.at < 0:
            raise damaged("PDF 流的开头不对", "the start of a PDF stream is wrong")
        length = found.dictionary.number(b"Length")
        if length is None:
            length = self._number(found.dictionary.reference(b"Length"))
        if length is None or length < 0:
            raise damaged("PDF 流没有长度", "a PDF stream without length")
        packed = self._source.read(found.at + match.end(), length)
        kind = (found.dictionary.get(b"Filter") or b"").strip(b"[] \r\n")
        if not kind:
            return packed
        if kind not in (b"/FlateDecode", b"/Fl"):
            raise unsupported("PDF 流使用 FlateDecode 以外的过滤器", "a PDF stream has a filter beside FlateDecode")
        content = _unpacked(packed, _UNPACKED_LIMIT - self._unpacked)
        self._unpacked += len(content)
        return _predicted(content, found.dictionary.get(b"DecodeParms"))

    def _count_run(self) -> None:
        self._runs += 1
        if self._runs > _MOST_RUNS:
            raise damaged("PDF 交叉引用过多", "too many runs of cross-references")

    def _number(self, reference: tuple[int, int] | None) -> int | None:
        """Return the number that an object of its own is."""
        if reference is None:
            return None
        for section in self.sections:
            for first, count, start in section.runs:
                if first <= reference[0] < first + count and (
                    entry := self._entry(section, reference[0] - first, start)
                ):
                    window = self._window(entry[1])[:200] if entry[0] == _PLAIN else b""
                    match = re.match(rb"\s*\d+\s+\d+\s+obj\s+(\d{1,15})\s", window)
                    return int(match[1]) if match else None
        return None


def _numbers(raw: bytes | None) -> list[int]:
    return [int(one) for one in re.findall(rb"\d{1,15}", raw or b"")]


def _unpacked(packed: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, limit + 1)
    except zlib.error as error:
        raise damaged("PDF 流无法解压", "a PDF stream cannot be unpacked") from error
    if len(text) > limit:
        raise damaged("PDF 流过大", "the streams of the PDF unpack to too much")
    return text


def _predicted(text: bytes, parameters: bytes | None) -> bytes:
    """Undo the PNG predictors, of which cross-reference streams have Up, and Sub in some."""
    found = read_dictionary(parameters, 0) if parameters and parameters.startswith(b"<<") else None
    if found is None or (found.number(b"Predictor") or 1) < _PNG_PREDICTOR:
        return text
    columns = found.number(b"Columns") or 1
    if (found.number(b"Colors") or 1) != 1 or (found.number(b"BitsPerComponent") or 8) != 8:  # noqa: PLR2004 - a byte
        raise unsupported("PDF 预测器的参数不常见", "a PDF predictor of unusual form")
    above = bytearray(columns)
    rows: list[bytes] = []
    for start in range(0, len(text) - columns, columns + 1):
        kind, row = text[start], bytearray(text[start + 1 : start + 1 + columns])
        _undo(kind, row, above)
        rows.append(bytes(row))
        above = row
    return b"".join(rows)


def _undo(kind: int, row: bytearray, above: bytearray) -> None:
    if kind == 1:
        for place in range(1, len(row)):
            row[place] = row[place] + row[place - 1] & 0xFF
    elif kind == 2:  # noqa: PLR2004 - Up
        for place, byte in enumerate(above):
            row[place] = row[place] + byte & 0xFF
    elif kind:
        raise unsupported("PDF 预测器的类型不常见", "a PDF predictor of an unusual kind")


def new_table(numbers: dict[int, tuple[int, int]], trailer: bytes, start: int) -> bytes:
    """Write a cross-reference table and its trailer: of each object its place and generation."""
    lines = [b"xref\n"]
    for number, (at, generation) in sorted(numbers.items()):
        lines.append(b"%d 1\n%010d %05d n \n" % (number, at, generation))
    return b"".join(lines) + b"trailer\n<< " + trailer + b">>\nstartxref\n%d\n%%%%EOF\n" % start


def new_stream(numbers: dict[int, tuple[int, int]], trailer: bytes, start: int, *, number: int) -> bytes:
    """Write a cross-reference stream, object `number` at `start`, which lists itself too."""
    listed = {**numbers, number: (start, 0)}
    rows = b"".join(struct.pack(">BQH", 1, at, generation) for _, (at, generation) in sorted(listed.items()))
    index = b" ".join(b"%d 1" % one for one in sorted(listed))
    head = b"<< /Type /XRef /W [1 8 2] /Index [%s] /Length %d " % (index, len(rows))
    stream = b"%d 0 obj\n" % number + head + trailer + b">>\nstream\n" + rows + b"\nendstream\nendobj\n"
    return stream + b"startxref\n%d\n%%%%EOF\n" % start
