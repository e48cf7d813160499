"""Forms in a view's alphabet: finding them in a stretch, and knowing at its end what could still become one."""

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache

from guiju.text.matching.choose import build_matcher
from guiju.text.normalising import Normaliser
from guiju.text.views.models import Stretch, Wanted

_LATIN = re.compile("[a-z]")
_CODES = range(0xA1, 0xD800)
OTHER = " "
"""Stands in a compact alphabet for whatever no form holds."""

_REMEMBERED = 4096
MAX_GAP = 3
"""How many decorations in a row may be passed over inside a form."""
MAX_SPAN = 128
"""No hit spans more symbols than this; a stream needs to keep no more."""
MAX_FORM = 12
"""Longer terms are looked for as they are written only: nobody disguises a sentence character by character."""


class FormTable:
    """The forms of many terms, found by their first symbols and checked one by one; they themselves are not kept."""

    def __init__(
        self, wanted: Iterable[Wanted], forms_of: Callable[[Wanted], Collection[str]], *, head: int = 3
    ) -> None:
        """Index the forms of all `wanted` by their first `head` symbols."""
        owners: dict[str, list[int]] = {}
        self._wanted = {one.owner: one for one in wanted}
        for one in self._wanted.values():
            for start in dict.fromkeys(form[:head] for form in forms_of(one)):
                owners.setdefault(start, []).append(one.owner)
        self._matcher = build_matcher(tuple(owners))
        self._first = array("I", [found[0] for found in owners.values()])
        self._further = {at: array("I", found[1:]) for at, found in enumerate(owners.values()) if len(found) > 1}
        self._forms_of = lru_cache(maxsize=_REMEMBERED)(lambda owner: tuple(forms_of(self._wanted[owner])))

    def find(self, symbols: str) -> list[tuple[int, int, int]]:
        """Return all hits: first symbol, one past the last, owner."""
        found: list[tuple[int, int, int]] = []
        for start, _, head in self._matcher.find(symbols):
            for owner in (self._first[head], *self._further.get(head, ())):
                found.extend(
                    (start, start + len(form), owner)
                    for form in self._forms_of(owner)
                    if symbols.startswith(form, start)
                )
        return found


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
