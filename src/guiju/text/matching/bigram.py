"""The matcher that needs nothing but Python: a dictionary on the first two symbols, then on the length."""

from collections.abc import Collection, Iterator, Sequence

from guiju.text.matching.interface import Hit

_ONE_SHELF = 20_000
_SHELVES = 32


class BigramMatcher:
    """For machines without a wheel of ahocorasick_rs; same results, about four times slower."""

    name = "bigram"

    def __init__(self, patterns: Sequence[str]) -> None:
        """Index `patterns`, which are distinct and not empty."""
        # Many small dictionaries instead of a large one, whose growing would keep other threads waiting for 20 ms.
        self._mask = 0 if len(patterns) <= _ONE_SHELF else _SHELVES - 1
        indices: list[dict[str, int]] = [{} for _ in range(self._mask + 1)]
        lengths: list[dict[str, tuple[int, ...]]] = [{} for _ in range(self._mask + 1)]
        for at, pattern in enumerate(patterns):
            shelf = ord(pattern[0]) & self._mask
            indices[shelf][pattern] = at
            known = lengths[shelf].get(pattern[:2], ())
            if len(pattern) not in known:
                lengths[shelf][pattern[:2]] = tuple(sorted((*known, len(pattern))))
        self._shelves = tuple(zip(indices, lengths, strict=True))
        self._has_single = any(len(pattern) == 1 for pattern in patterns)

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, overlapping ones too."""
        hits: list[Hit] = []
        shelves, mask = self._shelves, self._mask
        index, lengths = shelves[0]
        if self._has_single:
            hits.extend(self._singles(symbols))
        for at in range(len(symbols) - 1):
            if mask:
                index, lengths = shelves[ord(symbols[at]) & mask]
            found = lengths.get(symbols[at : at + 2])
            if found is None:
                continue
            for length in found:
                pattern = index.get(symbols[at : at + length])
                if pattern is not None and at + length <= len(symbols):
                    hits.append((at, at + length, pattern))
        return hits

    def _singles(self, symbols: str) -> Iterator[Hit]:
        for at, symbol in enumerate(symbols):
            single = self._shelves[ord(symbol) & self._mask][0].get(symbol)
            if single is not None:
                yield at, at + 1, single
