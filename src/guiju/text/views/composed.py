"""The view of parts: characters taken apart (拆字), numerals in any dress, Martian writing. Strict.

Terms and texts are both written out in the parts of their characters, so a term with any of its characters taken
apart, at any depth, is the same sequence as the term itself. A hit must begin and end with whole symbols of the text,
and so must every character of the term.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from itertools import accumulate, pairwise

from guiju.text.views.forms import MAX_FORM, MAX_GAP, MAX_SPAN, FormTable, Prefixes, pairs
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.tables import Parts, load_parts

VIEWS = frozenset({"split", "digits", "martian"})
_MIN_DIGITS = 3
_MAX_PARTS = 12
_DRESSES = ("零〇", "一壹弌", "二贰弍", "三叁弎", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_NUMERALS = {one: str(digit) for digit, dresses in enumerate(_DRESSES) for one in dresses}
_PLAIN_NUMERALS = frozenset("一二三四五六七八九")
_MIN_SAME = 3
_COST = 5
_MAX_DEPTH = 8
_AROUND = 2 * MAX_SPAN


class ComposedView:
    """Finds terms by the parts of their characters."""

    views = VIEWS

    def __init__(self, wanted: Collection[Wanted], barriers: Collection[str]) -> None:
        """Index `wanted`; nothing is looked for across `barriers`."""
        mine = [one for one in wanted if one.views & VIEWS and 2 <= len(one.form) <= MAX_FORM]  # noqa: PLR2004
        self._writer = _Writer(load_parts(), {symbol for one in mine for symbol in one.form})
        self._written = self._writer.table.get
        self._wanted = {one.owner: one for one in mine}
        forms: dict[str, list[int]] = {}
        for one in mine:
            written = self._write(one.form)
            if written != one.form or len(written) >= _MIN_SAME:
                forms.setdefault(written, []).append(one.owner)
        self._forms = FormTable(forms)
        self._pairs = self._writer.neighbours()
        first, second = ({pair[at] for pair in self._pairs} for at in (0, 1))
        self._first_parts = frozenset(first)
        self._sign = re.compile(f"[{_class(self._writer.odd)}]|[{_class(first)}](?=[{_class(second)}])")
        self._barrier = re.compile(f"[{_class(barriers)}]")
        self._last_barrier = re.compile(f"(?s).*[{_class(barriers)}]")

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        return self._forms.prefixes(is_held)

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term that is written otherwise than plainly."""
        plain = stretch.plain
        found: dict[tuple[int, int], Hit] = {}
        done = 0
        for at in self._signs(plain):
            if at < done:
                continue
            first, last = self._sentence(plain, at)
            done = last if last - at < _AROUND else last - MAX_SPAN
            for hit in self._checked(stretch, first, last):
                found[hit.owner, hit.start] = hit
        return found.values()

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the stretch's tail that could still become a term that is held back."""
        plain, write = stretch.plain, self._written
        first, tail = len(plain), ""
        for at in range(len(plain) - 1, max(len(plain) - MAX_SPAN, 0) - 1, -1):
            symbol = plain[at]
            tail = write(symbol, symbol) + tail
            if len(tail) >= prefixes.longest:
                break
            if prefixes.is_live(tail):
                first = at
        return stretch.place(first) if first < len(plain) else len(stretch.symbols)

    def stirs(self, plain: str) -> bool:
        """Whether a disguise may be complete in these symbols; while none is, the plain views hold back enough."""
        return any(True for _ in self._signs(plain))

    def may_begin(self, symbol: str) -> bool:
        """Whether the symbol may be the first part of a character that was taken apart."""
        return symbol in self._first_parts

    def _signs(self, plain: str) -> Iterator[int]:
        """Yield where parts of one character stand side by side, and numerals and rare characters."""
        pairs, odd = self._pairs, self._writer.odd
        for match in self._sign.finditer(plain):
            at = match.start()
            if plain[at] in odd or plain[at : at + 2] in pairs:
                yield at

    def _sentence(self, plain: str, at: int) -> tuple[int, int]:
        """Return the stretch between barriers around a place, at most so much on either side."""
        low = max(at - _AROUND, 0)
        before = self._last_barrier.match(plain, low, at)
        after = self._barrier.search(plain, at, at + _AROUND)
        return before.end() if before else low, after.start() if after else min(at + _AROUND, len(plain))

    def _checked(self, stretch: Stretch, first: int, last: int) -> Iterator[Hit]:
        plain = stretch.plain[first:last]
        pieces = list(map(self._written, plain, plain))
        found = self._forms.find("".join(pieces))
        if not found:
            return
        ends = list(accumulate(map(len, pieces)))
        for start, end, _, owner in pairs(found, self._forms.owners):
            head, tail = bisect_right(ends, start), bisect_left(ends, end)
            if ends[tail] != end or start != (ends[head - 1] if head else 0):
                continue
            term = self._wanted[owner]
            view = self._view(term.form, plain[head : tail + 1])
            head, tail = head + first, tail + first
            if view in term.views and stretch.widest_gap(head, tail) <= (MAX_GAP if "skip" in term.views else 0):
                stop = stretch.place(tail) + 1
                yield Hit(owner, view, stretch.place(head), stop, stop, _COST)

    def _write(self, symbols: str) -> str:
        return "".join(map(self._written, symbols, symbols))

    def _view(self, form: str, surface: str) -> str:
        """Say how `surface` writes `form`; empty when it is no disguise of it."""
        if surface == form:
            return ""
        if len(surface) > len(form):
            ends = set(accumulate(len(self._write(one)) for one in surface))
            return "split" if all(end in ends for end in accumulate(len(self._write(one)) for one in form)) else ""
        if len(surface) < len(form):
            return ""
        view = ""
        for stands, meant in zip(surface, form, strict=True):
            if stands == meant:
                continue
            if stands not in self._writer.odd or self._write(stands) != self._write(meant):
                return ""
            is_digit = stands in _NUMERALS or stands.isdigit()
            view = "martian" if not is_digit else view or "digits"
        return "" if view == "digits" and len(form) < _MIN_DIGITS else view


class _Writer:
    """Writes out characters in their parts, as far down as the parts go.

    Attributes:
        table: symbol → how it is written out, where that is not itself.
        odd: symbols that say at once that something may be disguised.
    """

    def __init__(self, parts: Parts, alphabet: set[str]) -> None:
        self._parts = parts
        self._squeezed: dict[str, list[str]] = {}
        self._cut: dict[str, str] = {}
        self.table: dict[str, str] = {}
        for symbol in alphabet:
            self._learn(symbol)
        known = set(self.table)
        for form, full in parts.forms.items():
            self.table.setdefault(form, self.table.get(full, full))
            self._squeezed.setdefault(full, []).append(form)
        rare = {rare: meant for rare, meant in parts.inner.items() if rare not in known and meant in known}
        self.table.update((rare, self.table[meant]) for rare, meant in rare.items())
        self.odd = set(rare)
        self.table.update(_NUMERALS)
        for digit in "0123456789":
            dresses = {digit, *(one for one, value in _NUMERALS.items() if value == digit)}
            # A plain Han numeral is in every text; it counts as a disguise only where no term is written with it.
            self.odd |= dresses - (alphabet & dresses if len(alphabet & dresses) == 1 else alphabet & _PLAIN_NUMERALS)
        self.table = {one: written for one, written in self.table.items() if one != written}

    def neighbours(self) -> frozenset[str]:
        """Return every pair of symbols that may stand side by side where a character was taken apart."""
        found: set[str] = set()
        for parts in self._cut.values():
            for left, right in pairwise(parts):
                found.update(a + b for a in self._edge(left, -1) for b in self._edge(right, 0))
        return frozenset(found)

    def _edge(self, part: str, end: int, depth: int = 0) -> set[str]:
        """Return the symbols that may stand at an end of a part, however far it is taken apart."""
        if depth > _MAX_DEPTH:
            return set()
        edges = {part, *self._squeezed.get(part, ())}
        edges.update(one for one, digit in _NUMERALS.items() if digit == _NUMERALS.get(part))
        inner = self._cut.get(part)
        return edges | (self._edge(inner[end], end, depth + 1) if inner else set())

    def _learn(self, symbol: str) -> str:
        """Return how a character is written out; every character on the way is learnt too."""
        if symbol in self.table:
            return self.table[symbol]
        symbol = self._parts.forms.get(symbol, symbol)
        if symbol in _NUMERALS:
            return _NUMERALS[symbol]
        self.table[symbol] = symbol  # a character that is part of itself ends here
        parts = self._parts.parts.get(symbol)
        if parts is not None and symbol not in parts:
            written = "".join(self._learn(part) for part in parts)
            self._cut[symbol] = parts
            self.table[symbol] = written if len(written) <= _MAX_PARTS else parts
        return self.table[symbol]


def _class(symbols: Collection[str]) -> str:
    return "".join(re.escape(one) for one in sorted(symbols)) or "\ud800"
