"""The matcher that needs nothing but Python: a dictionary on the first two symbols, then on the length."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from guiju.text.matching.interface import Hit


class BigramMatcher:
    """For machines without a wheel of ahocorasick_rs; same results, about four times slower."""

    name = "bigram"

    def __init__(self, patterns: Sequence[str]) -> None:
        """Index `patterns`, which are distinct and not empty."""
        self._index = {pattern: index for index, pattern in enumerate(patterns)}
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for pattern in patterns:
            lengths[pattern[:2]].add(len(pattern))
        self._lengths = {head: tuple(sorted(found)) for head, found in lengths.items()}
        self._has_single = any(len(pattern) == 1 for pattern in patterns)

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, overlapping ones too."""
        hits: list[Hit] = []
        lengths, index = self._lengths, self._index
        if self._has_single:
            hits.extend((at, at + 1, index[symbol]) for at, symbol in enumerate(symbols) if symbol in index)
        for at in range(len(symbols) - 1):
            found = lengths.get(symbols[at : at + 2])
            if found is None:
                continue
            for length in found:
                pattern = index.get(symbols[at : at + length])
                if pattern is not None and at + length <= len(symbols):
                    hits.append((at, at + length, pattern))
        return hits
