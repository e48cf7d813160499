"""How likely Chinese text is, character by character: does a term read better than what stands there?"""

from functools import cache, lru_cache
from math import log2

from guiju.text.views.score_table import load_bigrams

_PAIR_SHARE = 0.9
_UNKNOWN = 2.0**-24


class Score:
    """A character-bigram model, in bits. Pairs inside words are counted; pairs across words follow from chance."""

    def __init__(self) -> None:
        """Read the shipped counts."""
        self._table = load_bigrams()

    def of(self, symbols: str, before: str) -> float:
        """Return log2 of how likely `symbols` are after the symbol `before` (empty at a break)."""
        total = 0.0
        last = before
        for symbol in symbols:
            total += log2(self._likelihood(last, symbol))
            last = symbol
        return total

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one score, as long as the process lives
    def gain(self, term: str, surface: str, *, before: str, after: str) -> int:
        """Return how much likelier the text gets when `term` replaces `surface`, in hundredths of a bit."""
        gained = self.of(term + after, before) - self.of(surface + after, before)
        return round(100 * gained)

    def _likelihood(self, last: str, symbol: str) -> float:
        table = self._table
        single = table.count(symbol) / table.total
        if not single:
            return _UNKNOWN
        follows = table.count(last) if last else 0.0
        if not follows:
            return max(single, _UNKNOWN)
        by_chance = table.ends(last) * table.begins(symbol) / table.words
        share = (table.pair(last, symbol) + by_chance) / follows
        return max(_PAIR_SHARE * share + (1 - _PAIR_SHARE) * single, _UNKNOWN)


@cache
def shipped_score() -> Score:
    """Return the score by the shipped counts; the same object every time."""
    return Score()
