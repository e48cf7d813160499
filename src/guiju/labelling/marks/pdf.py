"""PDF: the mark is a locked stamp on every page, drawn by us as a picture, so that no font is needed.

It is appended as a revision: what stood in the file stays as a prefix of it. Every reader shows and prints a stamp.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import pdf_objects
from guiju.labelling.carriers.pdf_objects import Found, Objects
from guiju.labelling.carriers.pdf_syntax import REFERENCE, Dictionary
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported
from guiju.labelling.marks.models import Position
from guiju.labelling.marks.plates import Pen, Plate, drawn, layers

MARKED_BY = b"/NM (guiju-aigc-mark)"
_MOST_PAGES, _DEPTH = 20_000, 40
_INHERITED = (b"MediaBox", b"CropBox", b"Rotate")
_PIXELS_A_POINT = 200 / 72
_PRINT, _READ_ONLY, _LOCKED = 4, 64, 128
_TURNS = {0: b"1 0 0 1", 90: b"0 1 -1 0", 180: b"-1 0 0 -1", 270: b"0 -1 1 0"}
_SHARE = 0.016
"""Height of the letters as a share of a page's shortest side: nine points on A4."""


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    found: Found
    box: tuple[float, float, float, float]
    turn: int


def mark_edits(source: Source, text: str, position: Position, *, pen: Pen) -> Sequence[Edit]:
    """Plan to append a revision that stamps every page which is not stamped yet.

    Raises:
        DamagedFileError: it cannot be read as a PDF.
        UnsupportedFormatError: it is encrypted.
    """
    objects = _objects(source)
    pages = [page for page in _pages(objects) if not _is_stamped(objects, page)]
    if not pages:
        return []
    return [Edit(source.size, source.size, _Revision(objects, source.size).of(pages, text, position, pen=pen))]


def stamped_pages(source: Source) -> tuple[int, int]:
    """Return how many pages are stamped, and how many there are.

    Raises:
        DamagedFileError: it cannot be read as a PDF.
        UnsupportedFormatError: it is encrypted.
    """
    objects = _objects(source)
    pages = list(_pages(objects))
    return sum(_is_stamped(objects, page) for page in pages), len(pages)


def page_pen(pen: Pen) -> Pen:
    """Return the pen for pages, which the standard gives no least height."""
    return Pen(pen.font, pen.law, _SHARE)


def _objects(source: Source) -> Objects:
    objects = Objects(source, source.size)
    if any(section.trailer.get(b"Encrypt") for section in objects.sections):
        raise unsupported("PDF 已加密", "the PDF is encrypted")
    return objects


def _pages(objects: Objects) -> Iterator[_Page]:
    root = objects.trailer.reference(b"Root")
    catalog = objects.find(root[0]) if root else None
    top = catalog.dictionary.reference(b"Pages") if catalog else None
    if top is None:
        raise damaged("PDF 没有页面树", "a PDF without pages")
    left: list[tuple[int, dict[bytes, bytes], int]] = [(top[0], {}, 0)]
    seen: set[int] = set()
    count = 0
    while left:
        number, inherited, depth = left.pop()
        if number in seen or depth > _DEPTH:
            raise damaged("PDF 页面树有环或过深", "the pages of the PDF go in circles")
        seen.add(number)
        found = objects.find(number)
        if found is None:
            raise damaged(f"PDF 页面对象 {number} 不存在", f"the page object {number} of the PDF is not there")
        own = {key: value for key in _INHERITED if (value := found.dictionary.get(key)) is not None}
        passed = {**inherited, **own}
        kids = objects.value(found.dictionary.get(b"Kids"))
        if kids is not None:
            left += [(int(one[1]), passed, depth + 1) for one in reversed(list(REFERENCE.finditer(kids)))]
            continue
        count += 1
        if count > _MOST_PAGES:
            raise damaged("PDF 页数过多", "too many pages")
        yield _Page(number, found, _box(objects, passed), _turn(objects, passed))


def _box(objects: Objects, passed: dict[bytes, bytes]) -> tuple[float, float, float, float]:
    for key in (b"CropBox", b"MediaBox"):
        raw = objects.value(passed.get(key))
        try:
            numbers = [float(one) for one in raw.strip(b"[] \r\n\t").split()] if raw else []
        except ValueError:
            continue
        if len(numbers) == 4:  # noqa: PLR2004 - two corners
            left, right = sorted((numbers[0], numbers[2]))
            low, high = sorted((numbers[1], numbers[3]))
            if right - left > 1 and high - low > 1:
                return left, low, right, high
    raise damaged("PDF 页面没有大小", "a page of the PDF has no size")


def _turn(objects: Objects, passed: dict[bytes, bytes]) -> int:
    raw = objects.value(passed.get(b"Rotate")) or b"0"
    return int(raw) % 360 // 90 * 90 if raw.strip().lstrip(b"-").isdigit() else 0


def _is_stamped(objects: Objects, page: _Page) -> bool:
    annotations = objects.value(page.found.dictionary.get(b"Annots")) or b""
    numbers = [int(one[1]) for one in REFERENCE.finditer(annotations)][-8:]
    return any(
        (one := objects.find(number)) and one.dictionary.get(b"NM") == b"(guiju-aigc-mark)" for number in numbers
    )


class _Revision:
    """A revision in the making: objects with their places, then the cross-reference."""

    def __init__(self, objects: Objects, at: int) -> None:
        sizes = [section.trailer.number(b"Size") or 0 for section in objects.sections]
        self._objects = objects
        self._next = max(sizes)
        if not self._next:
            raise damaged("PDF 的 trailer 没有 Size", "the trailer of the PDF has no Size")
        self._pieces = [b"\n"]
        self._at = at + 1
        self._numbers: dict[int, tuple[int, int]] = {}
        self._forms: dict[tuple[int, int], tuple[int, Plate]] = {}

    def of(self, pages: Sequence[_Page], text: str, position: Position, *, pen: Pen) -> bytes:
        """Return the revision that stamps pages."""
        for page in pages:
            width, height = page.box[2] - page.box[0], page.box[3] - page.box[1]
            seen = (width, height) if page.turn % 180 == 0 else (height, width)
            size = max(1, round(seen[0] * _PIXELS_A_POINT)), max(1, round(seen[1] * _PIXELS_A_POINT))
            if size not in self._forms:
                plate = drawn(text, size, position, pen=pen)
                self._forms[size] = (self._picture(plate), plate)
            self._stamp(page, *self._forms[size])
        return self._closed()

    def _add(self, number: int, generation: int, body: bytes) -> None:
        piece = b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
        self._numbers[number] = (self._at, generation)
        self._pieces.append(piece)
        self._at += len(piece)

    def _new(self, body: bytes) -> int:
        number = self._next
        self._next += 1
        self._add(number, 0, body)
        return number

    def _picture(self, plate: Plate) -> int:
        shade, cover = layers(plate)
        height, width = shade.shape
        numbers: list[int] = []
        for pixels, more in ((cover, b""), (shade, b"/SMask %d 0 R ")):
            packed = zlib.compress(pixels.tobytes(), 9)
            extra = more % numbers[0] if more else b""
            head = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d " % (width, height)
            kind = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode "
            numbers.append(
                self._new(head + kind + extra + b"/Length %d >>\nstream\n%s\nendstream" % (len(packed), packed))
            )
        return numbers[1]

    def _stamp(self, page: _Page, picture: int, plate: Plate) -> None:
        height, width = (side / _PIXELS_A_POINT for side in plate.letters.shape)
        drawing = b"q %.2f 0 0 %.2f 0 0 cm /P Do Q" % (width, height)
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 %.2f %.2f] " % (width, height)
        matrix = b"/Matrix [%s 0 0] /Resources << /XObject << /P %d 0 R >> >> " % (_TURNS[page.turn], picture)
        form = self._new(head + matrix + b"/Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
        flags = _PRINT | _READ_ONLY | _LOCKED
        annotation = self._new(
            b"<< /Type /Annot /Subtype /Stamp /Rect [%.2f %.2f %.2f %.2f] /F %d %s /AP << /N %d 0 R >> >>"
            % (*_rectangle(page, plate), flags, MARKED_BY, form)
        )
        old = self._objects.value(page.found.dictionary.get(b"Annots")) or b"[]"
        annotations = old.strip().removeprefix(b"[").removesuffix(b"]")
        kept = [(key, value) for key, value in page.found.dictionary.entries if key != b"Annots"]
        body = b"<< %s/Annots [%s %d 0 R] >>" % (_written(kept), annotations, annotation)
        self._add(page.number, page.found.generation, body)

    def _closed(self) -> bytes:
        trailer = b"".join(
            b"/%s %s " % (key, value) for key in (b"Root", b"Info", b"ID") if (value := self._trailer_value(key))
        )
        trailer += b"/Prev %d " % self._objects.start
        if self._objects.sections[0].is_stream:
            trailer += b"/Size %d " % (self._next + 1)
            end = pdf_objects.new_stream(self._numbers, trailer, self._at, number=self._next)
        else:
            end = pdf_objects.new_table(self._numbers, trailer + b"/Size %d " % self._next, self._at)
        return b"".join(self._pieces) + end

    def _trailer_value(self, key: bytes) -> bytes | None:
        """Return a value of the newest trailer that has it."""
        found = (section.trailer.get(key) for section in self._objects.sections)
        return next((value for value in found if value), None)


def _written(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    return Dictionary(tuple(entries), 0).written()


def _rectangle(page: _Page, plate: Plate) -> tuple[float, float, float, float]:
    """Return where the stamp stands in the page's own space, which is turned when it is shown."""
    x0, y0, x1, y1 = (side / _PIXELS_A_POINT for side in plate.box)
    left, low, right, high = page.box
    if page.turn == 90:  # noqa: PLR2004 - the top of what is seen is the left of the page
        return left + y0, low + x0, left + y1, low + x1
    if page.turn == 180:  # noqa: PLR2004 - upside down
        return right - x1, low + y0, right - x0, low + y1
    if page.turn == 270:  # noqa: PLR2004 - the top of what is seen is the right of the page
        return right - y1, high - x1, right - y0, high - x0
    return left + x0, high - y1, left + x1, high - y0
