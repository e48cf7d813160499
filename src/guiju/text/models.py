"""The nouns of text."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as a matcher sees it, with the way back.

    Attributes:
        symbols: the normalised text; one code point a symbol.
        starts: for each symbol, the offset of its code point in the original, counted in code points.
        ends: for each symbol, one past that code point. Symbols of one expanded code point share both.
    """

    symbols: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the original that the symbols `start` to `end` (exclusive) come from.

        Marks that follow the last symbol are not in it: they have no symbol.
        """
        return self.starts[start], self.ends[end - 1]
