"""The nouns of views."""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.kit.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Stretch:
    """Symbols that a view looks at, with the decorations between them taken out.

    Attributes:
        symbols: as they stand.
        plain: without decorations; barriers stay.
        places: for each plain symbol its index in `symbols`; None when they are the same.
        decorations: what was taken out.
        has_latin: whether a Latin letter is among them.
        is_final: whether no more text follows.
    """

    symbols: str
    plain: str
    places: Sequence[int] | None
    decorations: frozenset[str]
    has_latin: bool
    is_final: bool

    def place(self, index: int) -> int:
        """Return where the plain symbol stands in `symbols`."""
        return index if self.places is None else self.places[index]

    def without_last(self, count: int) -> "Stretch":
        """Return the stretch without its last symbols, none of which is a decoration."""
        if not count:
            return self
        places = None if self.places is None else self.places[:-count]
        symbols, plain = self.symbols[:-count], self.plain[:-count]
        return Stretch(symbols, plain, places, self.decorations, self.has_latin, is_final=self.is_final)

    def widest_gap(self, first: int, last: int) -> int:
        """Return the most decorations in a row between the plain symbols `first` and `last` (included)."""
        places = self.places
        if places is None or places[last] - places[first] == last - first:
            return 0
        return max(places[at + 1] - places[at] - 1 for at in range(first, last))


@dataclass(frozen=True, slots=True)
class ViewText:
    """Where the symbols of a stretch in a view's alphabet come from.

    Attributes:
        starts: for each, the index in the stretch's symbols of the first symbol that it comes from.
        ends: one past the last symbol that it comes from.
        known: how many symbols of the stretch must have come before it is known to be this.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    known: Sequence[int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A term's form in a view of a stretch.

    Attributes:
        owner: index of the form's term.
        view: in which view.
        start: first symbol of the stretch that belongs to it.
        end: one past the last.
        known: how many symbols of the stretch must have come before this is certain.
        cost: how far the writing is from the term, in tenths of a symbol.
    """

    owner: int
    view: str
    start: int
    end: int
    known: int
    cost: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A term as views need it.

    Attributes:
        owner: its index.
        form: its normal form without decorations.
        views: in which views it is looked for.
    """

    owner: int
    form: str
    views: frozenset[str]
