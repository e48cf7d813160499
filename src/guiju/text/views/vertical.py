"""The view of columns: terms written from top to bottom, or from bottom to top, in short lines. Wide."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from guiju.text.matching.prefixes import Prefixes
from guiju.text.views.forms import OTHER
from guiju.text.views.models import Hit, Stretch
from guiju.text.views.plain import OrderView

MAX_LINE = 8
"""A line of more symbols is no row of columns."""
_MIN_HAN = 3
_COST = 20
_MAX_RAW = MAX_LINE + 2

_Row = Sequence[int]


class VerticalView:
    """Finds terms down and up the columns of lines that follow each other."""

    views = frozenset({"decode"})
    crosses_barriers = True

    def __init__(self, order: OrderView) -> None:
        """Look for the terms of the view of orders that may be decoded; it knows them forwards and backwards."""
        self._order = order

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        mine = (one for one in self._order.wanted.values() if is_held(one.owner))
        return Prefixes({form for one in mine for form in (one.form, one.form[::-1])})

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term that stands in a column."""
        if not _has_short_lines(stretch.symbols):
            return ()
        return [hit for rows in _blocks(stretch) for hit in self._in_rows(stretch.symbols, rows)]

    def stirs(self, plain: str) -> bool:  # noqa: ARG002
        """Whether a disguise may be complete in these symbols: any line may be a row of columns."""
        return True

    def may_begin(self, symbol: str) -> bool:  # noqa: ARG002
        """Whether the symbol may begin a disguise."""
        return True

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the rows at the end that could still become a term that is held back."""
        symbols = stretch.symbols
        rows = _last_block(stretch)
        first = len(symbols)
        for column in range(MAX_LINE if rows else 0):
            places = _column(rows, column)
            if places[-1] < 0:  # the last row has not come to this column yet
                places.pop()
            live = prefixes.live(_text(symbols, places))
            if live:
                first = min(first, places[-live])
        return first

    def _in_rows(self, symbols: str, rows: Sequence[_Row]) -> Iterator[Hit]:
        for column in range(max(map(len, rows))):
            places = _column(rows, column)
            text = _text(symbols, places)
            for start, end, owner in self._order.forms.find(text):
                term = self._order.wanted[owner]
                if "decode" in term.views and text[start:end] in (term.form, term.form[::-1]):
                    stop = places[end - 1] + 1
                    yield Hit(owner, "vertical", places[start], stop, stop, _COST)


def _has_short_lines(symbols: str) -> bool:
    """Whether two short lines follow each other: without them there are no columns of three."""
    if symbols.count("\n") < _MIN_HAN - 1:
        return False
    lengths = map(len, symbols.split("\n"))
    return any(0 < first <= _MAX_RAW and 0 < second <= _MAX_RAW for first, second in pairwise(lengths))


def _column(rows: Sequence[_Row], column: int) -> list[int]:
    return [row[column] if column < len(row) else -1 for row in rows]


def _text(symbols: str, places: Sequence[int]) -> str:
    return "".join([symbols[at] if at >= 0 else OTHER for at in places])


def _blocks(stretch: Stretch) -> Iterator[list[_Row]]:
    """Yield rows that follow each other: short lines, and the beginning of the line after them."""
    rows: list[_Row] = []
    for row, is_short in _rows(stretch):
        if row:
            rows.append(row[:MAX_LINE])
        if not is_short:
            if len(rows) >= _MIN_HAN:
                yield rows
            rows = []
    if len(rows) >= _MIN_HAN:
        yield rows


def _last_block(stretch: Stretch) -> list[_Row]:
    """Return the rows that the line after the end may belong to; the last one may still grow."""
    rows = list(_rows(stretch))
    first = len(rows) - 1
    last, is_short = rows[first]
    if last and not is_short:
        return []
    while first > 0 and rows[first - 1][1]:
        first -= 1
    return [row for row, _ in rows[first:]]


def _rows(stretch: Stretch) -> Iterator[tuple[_Row, bool]]:
    """Yield for each line where its symbols stand, and whether it may be a row with more rows after it."""
    at = 0
    for line in stretch.symbols.split("\n"):
        row = [at + place for place, one in enumerate(line) if one not in stretch.decorations]
        yield row, 0 < len(row) <= MAX_LINE and len(line) <= _MAX_RAW
        at += len(line) + 1
