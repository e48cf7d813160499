"""Which matcher this machine gets."""

import logging
from collections.abc import Collection, Sequence
from importlib.util import find_spec

from guiju.text.matching.bigram import BigramMatcher
from guiju.text.matching.interface import Hit, Matcher

logger = logging.getLogger(__name__)

SHARD_SYMBOLS = 50_000
"""Building an automaton keeps every other thread waiting, about 30 ms for so many symbols of patterns."""
MOST_SYMBOLS = 4 * SHARD_SYMBOLS
"""Beyond so many, plain Python is used, which lets other threads run while it indexes."""


class ShardedMatcher:
    """Several automata, each quick to build, that look at a text one after the other."""

    name = "shards"

    def __init__(self, shards: Sequence[tuple[int, Matcher]]) -> None:
        """Take automata with the index of their first pattern."""
        self._shards = shards

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, in no promised order."""
        found: list[Hit] = []
        for first, shard in self._shards:
            hits = shard.find(symbols)
            if hits:
                found.extend([(start, end, first + index) for start, end, index in hits])
        return found


def build_matcher(patterns: Sequence[str]) -> Matcher:
    """Build the fastest matcher there is for `patterns`, which are distinct and not empty."""
    size = sum(map(len, patterns))
    if not patterns or size > MOST_SYMBOLS:
        return BigramMatcher(patterns)
    if find_spec("ahocorasick_rs") is None:
        logger.warning("ahocorasick_rs is not installed; matching runs in plain Python, about four times slower")
        return BigramMatcher(patterns)
    from guiju.text.matching.rust import RustMatcher  # noqa: PLC0415 - the library may be missing on this machine

    if size <= SHARD_SYMBOLS:
        return RustMatcher(patterns)
    step = -(-len(patterns) * SHARD_SYMBOLS // size)
    cuts = range(0, len(patterns), step)
    return ShardedMatcher([(first, RustMatcher(patterns[first : first + step])) for first in cuts])
