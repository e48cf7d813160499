"""Which terms of the library are nearest to a stretch of text: by bigrams that they share, then by edits. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from guiju.moderation.models import Term
from guiju.review.models import Nearest

_CANDIDATES = 60
_LONGEST = 64
_EDGE = "\x00"


class TermNeighbours:
    """Finds near terms among those it was made of."""

    def __init__(self, terms: Sequence[Term]) -> None:
        """Index the terms by the bigrams of their normal forms."""
        self._terms = terms
        self._by_bigram: dict[str, list[int]] = defaultdict(list)
        for number, term in enumerate(terms):
            for bigram in _bigrams(term.form):
                self._by_bigram[bigram].append(number)

    def nearest(self, form: str, most: int = 5) -> tuple[Nearest, ...]:
        """Return the terms nearest to a normal form, the fewest edits first; none that shares nothing with it."""
        form = form[:_LONGEST]
        shared: Counter[int] = Counter()
        for bigram in _bigrams(form):
            shared.update(self._by_bigram.get(bigram, ()))
        likely = sorted(shared, key=lambda number: (-self._likeness(form, number, shared[number]), number))
        near = [
            Nearest(self._terms[number], distance(form, self._terms[number].form)) for number in likely[:_CANDIDATES]
        ]
        return tuple(sorted(near, key=lambda one: (one.distance, one.term.id))[:most])

    def _likeness(self, form: str, number: int, shared: int) -> float:
        return 2 * shared / (len(form) + len(self._terms[number].form) + 2)


def _bigrams(form: str) -> set[str]:
    padded = f"{_EDGE}{form}{_EDGE}"
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def distance(one: str, other: str) -> int:
    """Return how many symbols must be put in, taken out or exchanged to make one of the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for at, symbol in enumerate(one, 1):
        corner, row[0] = row[0], at
        for place, wanted in enumerate(other, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (symbol != wanted))
    return row[-1]
