"""Matching a stream symbol by symbol, knowing at every symbol how much of the text could still become a term.

The automaton's state *is* the text of the longest suffix that is a prefix of a pattern. So a step is one dictionary
look-up when the text is clean, there is nothing to pickle or to corrupt, and the depth of a state (how many symbols
must be held back) is the length of a string. Libraries with an Aho-Corasick automaton do not tell that depth.
"""

from collections.abc import Collection, Sequence


class PrefixTree:
    """All prefixes of all patterns, with what is found and what is live at each.

    Attributes:
        live: prefix → how many of its last symbols are a *proper* prefix of a held pattern (0: nothing to hold back).
        found: prefix → indices of the patterns that end here, longest first. Only prefixes at which one ends.
    """

    def __init__(self, patterns: Sequence[str], held: Collection[int]) -> None:
        """Build from distinct, non-empty `patterns`; the ones in `held` are held back while they may grow."""
        index = {pattern: at for at, pattern in enumerate(patterns)}
        prefixes = {pattern[:length] for pattern in patterns for length in range(1, len(pattern) + 1)}
        growing = {patterns[at][:length] for at in held for length in range(1, len(patterns[at]))}
        self.live: dict[str, int] = {"": 0}
        self.found: dict[str, tuple[int, ...]] = {}
        for prefix in prefixes:
            suffixes = [prefix[at:] for at in range(len(prefix))]
            self.live[prefix] = next((len(suffix) for suffix in suffixes if suffix in growing), 0)
            ending = tuple(index[suffix] for suffix in suffixes if suffix in index)
            if ending:
                self.found[prefix] = ending

    def step(self, state: str, symbol: str) -> str:
        """Return the state after `symbol`: the longest suffix of `state + symbol` that is a prefix of a pattern."""
        live = self.live
        state += symbol
        while state not in live:
            state = state[1:]
        return state
