"""What a matcher of whole texts does."""

from collections.abc import Collection
from typing import Protocol

Hit = tuple[int, int, int]
"""First symbol, one past the last, and the index of the pattern."""


class Matcher(Protocol):
    """Finds every occurrence of every pattern, overlapping ones too."""

    name: str

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, in no promised order; normalising has left no lone surrogates in them."""
        ...
