"""Forms in a view's alphabet: finding them in a stretch, and knowing at its end what could still become one."""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from guiju.text.matching.choose import build_matcher
from guiju.text.normalising import Normaliser
from guiju.text.views.models import Stretch

_LATIN = re.compile("[a-z]")
_CODES = range(0xA1, 0xD800)
OTHER = " "
"""Stands in a compact alphabet for whatever no form holds."""

MAX_GAP = 3
"""How many decorations in a row may be passed over inside a form."""
MAX_SPAN = 256
"""No hit spans more symbols than this; a stream needs to keep no more."""
MAX_FORM = 16
"""Longer terms are looked for as they are written only: nobody disguises a sentence character by character."""


class FormTable:
    """Distinct forms with their owners, and an automaton over them."""

    def __init__(self, forms: Mapping[str, Iterable[int]]) -> None:
        """Index `forms`: form → owners."""
        self.forms = tuple(forms)
        self.owners: tuple[tuple[int, ...], ...] = tuple(tuple(dict.fromkeys(owners)) for owners in forms.values())
        self._matcher = build_matcher(self.forms)

    def prefixes(self, is_held: Callable[[int], bool]) -> "Prefixes":
        """Return the index of the forms that a stream must hold back: those of which an owner is held."""
        return Prefixes(
            form for form, owners in zip(self.forms, self.owners, strict=True) if any(is_held(one) for one in owners)
        )

    def find(self, symbols: str) -> Collection[tuple[int, int, int]]:
        """Return all hits: first symbol, one past the last, index of the form."""
        return self._matcher.find(symbols)


class Prefixes:
    """What a tail must be to become a form: sorted forms, searched by halves, instead of every prefix as a key."""

    def __init__(self, forms: Iterable[str]) -> None:
        """Index forms of at least two symbols."""
        buckets: dict[str, list[str]] = {}
        for form in forms:
            buckets.setdefault(form[:2], []).append(form)
        self._buckets = {head: tuple(sorted(found)) for head, found in buckets.items()}
        self._first = frozenset(head[0] for head in buckets)
        self.is_empty = not buckets
        self.longest = max((len(form) for found in buckets.values() for form in found), default=0)

    def is_prefix(self, tail: str) -> bool:
        """Whether `tail` is a form or the beginning of one."""
        if len(tail) == 1:
            return tail in self._first
        bucket = self._buckets.get(tail[:2], ())
        place = bisect_left(bucket, tail)
        return place < len(bucket) and bucket[place].startswith(tail)

    def is_live(self, tail: str) -> bool:
        """Whether `tail` is a proper beginning of a form."""
        if len(tail) == 1:
            return tail in self._first
        bucket = self._buckets.get(tail[:2])
        if bucket is None:
            return False
        place = bisect_left(bucket, tail)
        if place < len(bucket) and bucket[place] == tail:  # forms are distinct: the next one is another
            place += 1
        return place < len(bucket) and bucket[place].startswith(tail)

    def live(self, symbols: str) -> int:
        """Return how many of the last symbols are a proper beginning of a form; the most there are, 0 for none."""
        size = len(symbols)
        buckets = self._buckets
        for length in range(min(self.longest - 1, size), 1, -1):
            at = size - length
            if symbols[at : at + 2] in buckets and self.is_live(symbols[at:]):
                return length
        return 1 if size and symbols[-1] in self._first else 0


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


def pairs(
    hits: Iterable[tuple[int, int, int]], owners: Sequence[tuple[int, ...]]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield first symbol, one past the last, form and owner, once for each owner of a form."""
    for start, end, form in hits:
        for owner in owners[form]:
            yield start, end, form, owner
