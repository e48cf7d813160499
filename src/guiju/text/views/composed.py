"""The view of parts: characters taken apart (拆字), numerals in any dress, Martian writing. Strict.

Terms and texts are both written out in the parts of their characters, so a term with any of its characters taken
apart, at any depth, is the same sequence as the term itself. A hit must begin and end with whole symbols of the text,
and so must every character of the term.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from itertools import accumulate

from guiju.text.matching.prefixes import Prefixes
from guiju.text.views.forms import MAX_FORM, MAX_GAP, MAX_SPAN, FormTable
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.tables import Parts, load_parts

VIEWS = frozenset({"split", "digits", "martian"})
_MIN_DIGITS = 3
_MAX_PARTS = 12
_DRESSES = ("零〇", "一壹弌", "二贰弍", "三叁弎", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_NUMERALS = {one: str(digit) for digit, dresses in enumerate(_DRESSES) for one in dresses}
_PLAIN_NUMERALS = frozenset("一二三四五六七八九")
_MIN_SAME = 3
_HEAD = 6
_COST = 5
_AROUND = 2 * MAX_SPAN


class ComposedView:
    """Finds terms by the parts of their characters."""

    views = VIEWS
    crosses_barriers = False

    def __init__(self, wanted: Collection[Wanted], barriers: Collection[str]) -> None:
        """Index `wanted`; nothing is looked for across `barriers`."""
        self._wanted = {one.owner: one for one in wanted if one.views & VIEWS and 2 <= len(one.form) <= MAX_FORM}  # noqa: PLR2004
        writer = _Writer(load_parts(), {symbol for one in self._wanted.values() for symbol in one.form})
        self._written = writer.table.get
        self._odd = frozenset(writer.odd)
        self._cut_numerals = writer.cut_numerals
        self._forms = FormTable(self._wanted.values(), self._forms_of, head=_HEAD)
        self._seconds = writer.neighbours()
        first, second = set(self._seconds), {one for seconds in self._seconds.values() for one in seconds}
        self._first_parts = frozenset(first)
        self._sign = re.compile(f"[{_class(self._odd)}]|[{_class(first)}](?=[{_class(second)}])")
        self._barrier = re.compile(f"[{_class(barriers)}]")
        self._last_barrier = re.compile(f"(?s).*[{_class(barriers)}]")

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        return Prefixes({form for one in self._wanted.values() if is_held(one.owner) for form in self._forms_of(one)})

    def _forms_of(self, one: Wanted) -> Collection[str]:
        found = {self._write(one.form), self._write_cut(one.form)}
        return [form for form in found if form != one.form or len(form) >= _MIN_SAME]

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
        after, odd = self._seconds.get, self._odd
        for match in self._sign.finditer(plain):
            at = match.start()
            first = plain[at]
            if first in odd or plain[at + 1] in after(first, ""):
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
        for start, end, owner in found:
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

    def _write_cut(self, symbols: str) -> str:
        """Write out symbols with the numerals among them taken apart (陆 as 阝击) instead of folded (陆 as 6)."""
        return "".join(self._cut_numerals.get(one) or self._written(one, one) for one in symbols)

    def _view(self, form: str, surface: str) -> str:
        """Say how `surface` writes `form`; empty when it is no disguise of it."""
        if surface == form:
            return ""
        if len(surface) > len(form):
            ends = set(accumulate(len(self._write(one)) for one in surface))
            by_fold, by_cut = (accumulate(len(write(one)) for one in form) for write in (self._write, self._write_cut))
            return "split" if ends.issuperset(by_fold) or ends.issuperset(by_cut) else ""
        if len(surface) < len(form):
            return ""
        view = ""
        for stands, meant in zip(surface, form, strict=True):
            if stands == meant:
                continue
            if stands not in self._odd or self._write(stands) != self._write(meant):
                return ""
            is_digit = stands in _NUMERALS or stands.isdigit()
            view = "martian" if not is_digit else view or "digits"
        return "" if view == "digits" and len(form) < _MIN_DIGITS else view


class _Writer:
    """Writes out characters in their parts, as far down as the parts go.

    Attributes:
        table: symbol → how it is written out, where that is not itself.
        cut_numerals: numeral → its parts, where it has any.
        odd: symbols that say at once that something may be disguised.
    """

    def __init__(self, parts: Parts, alphabet: set[str]) -> None:
        self._parts = parts
        self._learnt: dict[str, str] = {}
        writings = {self._learn(symbol) for symbol in alphabet}
        self.cut_numerals = {
            one: "".join(map(self._learn, parts.parts[one])) for one in _NUMERALS if one in alphabet & set(parts.parts)
        }
        writings |= set(self.cut_numerals.values())
        self.pieces = {
            writing[start:end]
            for writing in writings
            for start in range(len(writing))
            for end in range(start + 1, len(writing) + 1)
        }
        self.table = {symbol: self._learn(symbol) for symbol in {*alphabet, *parts.parts, *parts.forms}}
        self.table = {symbol: writing for symbol, writing in self.table.items() if writing in self.pieces}
        rare = {
            rare: meant
            for rare, meant in parts.inner.items()
            if rare not in alphabet and rare not in self.pieces and meant in self.table
        }
        self.table.update((rare, self.table[meant]) for rare, meant in rare.items())
        self.odd = set(rare)
        self.table.update(_NUMERALS)
        for digit in "0123456789":
            dresses = {digit, *(one for one, value in _NUMERALS.items() if value == digit)}
            # A plain Han numeral is in every text; it counts as a disguise only where no term is written with it.
            self.odd |= dresses - (alphabet & dresses if len(alphabet & dresses) == 1 else alphabet & _PLAIN_NUMERALS)
        self._writings = {writing for writing in writings if len(writing) > 1}
        self._written: dict[str, list[str]] = {}
        for symbol, writing in self.table.items():
            self._written.setdefault(writing, []).append(symbol)
        self.table = {one: written for one, written in self.table.items() if one != written}

    def neighbours(self) -> dict[str, str]:
        """Return symbol → all that may stand after it where a character was taken apart."""
        found: dict[str, set[str]] = {}
        for writing in self._writings:
            for cut in range(1, len(writing)):
                left = {one for start in range(cut) for one in self._symbols(writing[start:cut])}
                right = {one for end in range(cut + 1, len(writing) + 1) for one in self._symbols(writing[cut:end])}
                for one in left:
                    found.setdefault(one, set()).update(right)
        return {one: "".join(sorted(seconds)) for one, seconds in found.items()}

    def _symbols(self, writing: str) -> Collection[str]:
        """Return the symbols that are written out like this, a single part itself among them."""
        found = self._written.get(writing, [])
        return [*found, writing] if len(writing) == 1 else found

    def _learn(self, symbol: str) -> str:
        """Return how a character is written out; every character on the way is learnt too."""
        known = self._learnt.get(symbol)
        if known is not None:
            return known
        full = self._parts.forms.get(symbol, symbol)
        if full in _NUMERALS:
            return _NUMERALS[full]
        self._learnt[symbol] = full  # a character that is part of itself ends here
        parts = self._parts.parts.get(full)
        if parts is not None and full not in parts:
            written = "".join(self._learn(part) for part in parts)
            self._learnt[symbol] = written if len(written) <= _MAX_PARTS else full
        return self._learnt[symbol]


def _class(symbols: Collection[str]) -> str:
    return "".join(re.escape(one) for one in sorted(symbols)) or "\ud800"
