"""Views that change symbols one for one, or only their order: shape, swap, reverse, infix. Wide."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from guiju.text.matching.prefixes import Prefixes
from guiju.text.views.forms import MAX_FORM, MAX_GAP, OTHER, FormTable, compact, han_count, translated
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.tables import load_shapes

_BMP = 0x10000
_MIN_HAN = 3
_MAX_SWAPPED = 8
_MAX_LETTERS = 2
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_DIGIT = re.compile("[0-9]")
_INFIX = re.compile("(?<=[\u4e00-\u9fff])[a-z0-9]{1,2}(?=[\u4e00-\u9fff])")
_PER_SYMBOL = 10


class _Alphabet:
    """What these views share: forms over the stretch's plain symbols, one view symbol a symbol."""

    crosses_barriers = False

    def __init__(self, wanted: Collection[Wanted], views: frozenset[str]) -> None:
        self.wanted = {one.owner: one for one in wanted if _is_eligible(one, views)}
        self.forms = FormTable(self.wanted.values(), self._forms_of)

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        return Prefixes({form for one in self.wanted.values() if is_held(one.owner) for form in self._forms_of(one)})

    def _forms_of(self, one: Wanted) -> Collection[str]:
        raise NotImplementedError

    def _found(
        self,
        found: Collection[tuple[int, int, int]],
        stretch: Stretch,
        judge: Callable[[Wanted, int, int], tuple[str, int] | None],
    ) -> Iterator[Hit]:
        for start, end, owner in found:
            term = self.wanted[owner]
            gap = stretch.widest_gap(start, end - 1)
            if gap > (MAX_GAP if "skip" in term.views else 0):
                continue
            said = judge(term, start, end)
            if said is not None and said[0] in term.views:
                stop = stretch.place(end - 1) + 1
                yield Hit(owner, said[0], stretch.place(start), stop, stop, said[1])

    def stirs(self, plain: str) -> bool:  # noqa: ARG002
        """Whether a disguise may be complete in these symbols: any text may look like something."""
        return True

    def may_begin(self, symbol: str) -> bool:  # noqa: ARG002
        """Whether the symbol may begin a disguise."""
        return True

    def _live(self, symbols: str, stretch: Stretch, prefixes: Prefixes) -> int:
        live = prefixes.live(symbols)
        return stretch.place(len(symbols) - live) if live else len(stretch.symbols)


def _is_eligible(one: Wanted, views: frozenset[str]) -> bool:
    return bool(one.views & views) and _MIN_HAN <= han_count(one.form) <= MAX_FORM


class ShapeView(_Alphabet):
    """Finds terms in which characters stand for others that look alike."""

    views = frozenset({"shape"})

    def __init__(self, wanted: Collection[Wanted]) -> None:
        """Index `wanted`."""
        shapes = load_shapes()
        symbols = sorted({symbol for one in wanted if _is_eligible(one, self.views) for symbol in one.form})
        codes = compact(shapes.get(symbol, symbol) for symbol in symbols)
        self._table: list[int] = [ord(OTHER)] * _BMP
        for character in {*shapes, *codes}:
            if character < "\U00010000":
                self._table[ord(character)] = ord(codes.get(shapes.get(character, character), OTHER))
        super().__init__(wanted, self.views)

    def _forms_of(self, one: Wanted) -> Collection[str]:
        return (translated(one.form, self._table),)

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term that looks like what stands there and is written otherwise."""
        found = self.forms.find(translated(stretch.plain, self._table))
        if not found:
            return ()

        def judge(term: Wanted, start: int, end: int) -> tuple[str, int] | None:
            changed = sum(a != b for a, b in zip(stretch.plain[start:end], term.form, strict=True))
            return ("shape", _PER_SYMBOL * changed) if changed else None

        return list(self._found(found, stretch, judge))

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the tail that could still become a term that is held back."""
        return self._live(translated(stretch.plain, self._table), stretch, prefixes)


class OrderView(_Alphabet):
    """Finds terms with two neighbours swapped, written backwards, or with letters put between their characters."""

    views = frozenset({"swap", "reverse", "infix"})
    _also_for = frozenset({"decode"})

    def __init__(self, wanted: Collection[Wanted]) -> None:
        """Index `wanted`."""
        super().__init__(wanted, self.views | self._also_for)

    def _forms_of(self, one: Wanted) -> Collection[str]:
        swapped = _swapped(one.form) if "swap" in one.views else ()
        return dict.fromkeys((one.form, one.form[::-1], *swapped))

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term whose characters stand in another order, or stand there when letters between them go."""
        found = self.forms.find(stretch.plain)
        kept = _without_letters(stretch.plain) if stretch.has_latin or _DIGIT.search(stretch.plain) else None
        if not found and kept is None:
            return ()

        def judge(term: Wanted, start: int, end: int) -> tuple[str, int] | None:
            surface = stretch.plain[start:end]
            if surface == term.form:
                return None
            return ("reverse", 2 * _PER_SYMBOL) if surface == term.form[::-1] else ("swap", _PER_SYMBOL)

        hits = list(self._found(found, stretch, judge))
        if kept is not None:
            hits.extend(self._spread(stretch, kept))
        return hits

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the tail that could still become a term that is held back."""
        plain = stretch.plain
        first = self._live(plain, stretch, prefixes)
        letters = len(plain) - len(plain.rstrip(_LETTERS))
        plain = plain[: len(plain) - letters] if letters <= _MAX_LETTERS else plain
        kept = _without_letters(plain) or range(len(plain))
        live = prefixes.live("".join([plain[at] for at in kept]))
        return min(first, stretch.place(kept[-live])) if live else first

    def _spread(self, stretch: Stretch, kept: Sequence[int]) -> Iterator[Hit]:
        symbols = "".join([stretch.plain[at] for at in kept])
        for start, end, owner in self.forms.find(symbols):
            term = self.wanted[owner]
            first, last = kept[start], kept[end - 1]
            letters = last - first - (end - 1 - start)
            if letters and symbols[start:end] == term.form and "infix" in term.views:
                gap = stretch.widest_gap(first, last)
                if gap <= (MAX_GAP if "skip" in term.views else 0):
                    stop = stretch.place(last) + 1
                    yield Hit(owner, "infix", stretch.place(first), stop, stop, _PER_SYMBOL * letters)


def _without_letters(plain: str) -> list[int] | None:
    """Return which symbols stay when one or two letters or digits between characters go; None when there are none."""
    gone = {at for match in _INFIX.finditer(plain) for at in range(*match.span())}
    return [at for at in range(len(plain)) if at not in gone] if gone else None


def _swapped(form: str) -> Iterator[str]:
    if len(form) <= _MAX_SWAPPED:
        for at in range(len(form) - 1):
            yield form[:at] + form[at + 1] + form[at] + form[at + 2 :]
