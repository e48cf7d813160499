"""Texts: the mark stands on a line of its own at the start, in the middle or at the end (5.1); on a page it is shown.

An SVG gets the drawn plate as a picture in it, so that neither fonts nor colours of the reader matter.
"""

import base64
import html
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from guiju.labelling.carriers.html import tags_of
from guiju.labelling.carriers.markdown import matter_end
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.carriers.xml_places import elements
from guiju.labelling.errors import damaged
from guiju.labelling.marks.models import Moment, Position
from guiju.labelling.marks.plates import Pen, as_png, drawn
from guiju.labelling.plain import decoded

_SHOWN = "display:block;margin:.5em 0;padding:.3em .8em;background:#333;color:#fff;font:600 1rem sans-serif"
_CLASS = "aigc-mark"
_DRAWN_SIDE = 800
_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(?:px)?\s*")
_LARGEST = 1e7


def plain_edits(source: Source, mark: str, moment: Moment, *, is_markdown: bool = False) -> Sequence[Edit]:
    """Plan to put the mark on a line of its own; nothing where the text has such a line.

    Raises:
        DamagedFileError: it is no text that we can read.
    """
    text, coding, start = decoded(source)
    if has_line(text, mark):
        return []
    line_end = "\r\n" if "\r\n" in text else "\n"
    written = f"**{mark}**" if is_markdown else mark
    gap = line_end if is_markdown else ""
    if is_markdown and coding == "utf-8":
        start = max(start, matter_end(source))
        text = source.read(start, source.size - start).decode(coding)
    if moment is Moment.START:
        return [Edit(start, start, f"{written}{line_end}{gap}".encode(coding))]
    place = len(text) if moment is Moment.END else _middle(text)
    at = start + len(text[:place].encode(coding))
    before = "" if not text[:place] or text[:place].endswith("\n") else line_end
    return [Edit(at, at, f"{before}{gap}{written}{line_end}{gap}".encode(coding))]


def has_line(text: str, mark: str) -> bool:
    """Tell whether a line of a text is the mark, bare or in bold."""
    return any(line.strip(" \t\r*_\ufeff") == mark for line in text.split("\n"))


def _middle(text: str) -> int:
    """Return the place between two lines that is nearest to the middle, between paragraphs where there are any."""
    for pattern in ("\n\n", "\r\n\r\n", "\n"):
        places = [match.end() for match in re.finditer(pattern, text) if match.end() < len(text)]
        if places:
            return min(places, key=lambda one: abs(one - len(text) // 2))
    return len(text)


def page_edits(source: Source, mark: str, moment: Moment) -> Sequence[Edit]:
    """Plan to show the mark on an HTML page: at its start, at its end, or before the paragraph nearest to its middle.

    Raises:
        DamagedFileError: it is no page that we can read.
    """
    text = source.whole()
    shown = f'<div class="{_CLASS}" role="note" style="{_SHOWN}">{html.escape(mark)}</div>'.encode()
    if shows(text, mark):
        return []
    tags = tags_of(source)
    start = next((tag.end for tag in tags if tag.name == b"body"), None)
    end = next((tag.start for tag in reversed(tags) if tag.name == b"/body"), None)
    if start is None:
        start = next((tag.end for tag in tags if tag.name in (b"/head", b"html")), 0)
    if end is None:
        end = next((tag.start for tag in reversed(tags) if tag.name == b"/html"), len(text))
    end = max(start, end)
    at = start if moment is Moment.START else end
    if moment is Moment.MIDDLE:
        blocks = [tag.start for tag in tags if tag.name in (b"p", b"section", b"h2") and start <= tag.start <= end]
        at = min(blocks, key=lambda one: abs(one - (start + end) // 2), default=end)
    return [Edit(at, at, shown)]


def shows(text: bytes, mark: str) -> bool:
    """Tell whether a page shows the mark as we write it."""
    return f'class="{_CLASS}"'.encode() in text and html.escape(mark).encode() in text


def drawing_edits(source: Source, mark: str, position: Position, *, pen: Pen) -> Sequence[Edit]:
    """Plan to lay the drawn mark over an SVG.

    Raises:
        DamagedFileError: it is no SVG, or has no size.
        InputError: it is too small.
    """
    part = source.whole()
    root, *found = elements(part, lambda local, attributes: local == "g" and attributes.get("class") == _CLASS)
    if root.local != "svg":
        raise damaged("根元素不是 svg", "its root is no svg")
    if found:
        return []
    left, top, width, height = _drawing_box(root.attributes)
    scale = _DRAWN_SIDE / min(width, height)
    plate = drawn(mark, (round(width * scale), round(height * scale)), position, pen=pen)
    x0, y0, x1, y1 = (side / scale for side in plate.box)
    picture = "data:image/png;base64," + base64.b64encode(as_png(plate)).decode()
    space = f" xmlns={quoteattr(root.space)}" if root.space else ""
    new = (
        f'<g{space} class="{_CLASS}"><title>{escape(mark)}</title><image x="{left + x0:.3f}" y="{top + y0:.3f}" '
        f'width="{x1 - x0:.3f}" height="{y1 - y0:.3f}" href="{picture}"/></g>'
    ).encode()
    if root.is_closed:
        raise damaged("SVG 没有内容", "the SVG is empty")
    return [Edit(root.inner_end, root.inner_end, new)]


def _drawing_box(attributes: dict[str, str]) -> tuple[float, float, float, float]:
    numbers = [_number(one) for one in attributes.get("viewBox", "").replace(",", " ").split()]
    if len(numbers) == 4 and all(one is not None for one in numbers[2:]):  # noqa: PLR2004 - a box
        left, top, width, height = (one or 0.0 for one in numbers)
    else:
        left, top = 0.0, 0.0
        width, height = (_number(attributes.get(name, "")) or 0.0 for name in ("width", "height"))
    if not (0 < width < _LARGEST and 0 < height < _LARGEST and max(width, height) < 100 * min(width, height)):
        raise damaged("SVG 没有可用的尺寸（viewBox 或 width/height）", "an SVG without a usable size")
    return left, top, width, height


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.lstrip("-"))
    if match is None:
        return None
    return -float(match[1]) if text.strip().startswith("-") else float(match[1])
