"""Forms in a view's alphabet: finding them in a stretch, and knowing at its end what could still become one."""

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from guiju.text.matching.choose import build_matcher
from guiju.text.normalising import Normaliser
from guiju.text.views.models import Stretch, Wanted

_LATIN = re.compile("[a-z]")
_CODES = range(0xA1, 0xD800)
OTHER = " "
"""Stands in a compact alphabet for whatever no form holds."""

MAX_GAP = 3
"""How many decorations in a row may be passed over inside a form."""
MAX_SPAN = 128
"""No hit spans more symbols than this; a stream needs to keep no more."""
MAX_FORM = 12
"""Longer terms are looked for as they are written only: nobody disguises a sentence character by character."""


class FormTable:
    """Distinct forms with their owners, and an automaton over them. The forms themselves are not kept."""

    def __init__(self, wanted: Iterable[Wanted], forms_of: Callable[[Wanted], Iterable[str]]) -> None:
        """Index the forms of all `wanted`."""
        first: dict[str, int] = {}
        further: dict[str, list[int]] = {}
        for one in wanted:
            for form in forms_of(one):
                if first.setdefault(form, one.owner) != one.owner:
                    further.setdefault(form, []).append(one.owner)
        self._matcher = build_matcher(tuple(first))
        self._first = array("I", first.values())
        self._further = {at: tuple(further[form]) for at, form in enumerate(first) if form in further}

    def find(self, symbols: str) -> Collection[tuple[int, int, int]]:
        """Return all hits: first symbol, one past the last, index of the form."""
        return self._matcher.find(symbols)

    def owned(self, found: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
        """Yield first symbol, one past the last, and owner, once for each owner of a form."""
        for start, end, form in found:
            yield start, end, self._first[form]
            for owner in self._further.get(form, ()):
                yield start, end, owner


def stretch_of(symbols: str, normaliser: Normaliser, *, is_final: bool) -> Stretch:
    """Return symbols as views look at them."""
    plain, places = normaliser.reduced_with_places(symbols)
    has_latin = _LATIN.search(symbols) is not None
    return Stretch(symbols, plain, places, normaliser.table.decorations, has_latin, is_final)


def compact(symbols: Iterable[str]) -> dict[str, str]:
    """Give each distinct symbol a code point that is short in UTF-8, in which automata walk."""
    return {symbol: chr(code) for symbol, code in zip(dict.fromkeys(symbols), _CODES, strict=False)}


def is_han(symbol: str) -> bool:
    """Whether the symbol is a Han character of the basic block."""
    return "\u4e00" <= symbol <= "\u9fff"


def han_count(form: str) -> int:
    """Return how many Han characters a form has."""
    return sum(map(is_han, form))


def translated(symbols: str, table: Sequence[int]) -> str:
    """Return the symbols by a table of the basic plane; symbols above stay."""
    return symbols.translate(table)
