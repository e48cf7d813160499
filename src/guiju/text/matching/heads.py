"""A matcher for long lists of patterns: an automaton over their first symbols, and a comparison for what begins so.

The automaton is several times smaller and quicker to build than one over whole patterns, and in ordinary text few
places begin like a pattern.
"""

from array import array
from collections.abc import Collection, Sequence

from guiju.text.matching.choose import build_matcher
from guiju.text.matching.interface import Hit

_HEAD = 3


class HeadMatcher:
    """Finds every occurrence of every pattern, overlapping ones too."""

    name = "heads"

    def __init__(self, patterns: Sequence[str]) -> None:
        """Index `patterns`, which are distinct and not empty."""
        indices: dict[str, list[int]] = {}
        for at, pattern in enumerate(patterns):
            indices.setdefault(pattern[:_HEAD], []).append(at)
        self._patterns = patterns
        # Most heads begin one pattern: a tuple for each would take a megabyte.
        self._first = array("I", [found[0] for found in indices.values()])
        self._further = {at: tuple(found[1:]) for at, found in enumerate(indices.values()) if len(found) > 1}
        self._heads = build_matcher(tuple(indices))

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, in no promised order."""
        patterns = self._patterns
        return [
            (start, start + len(patterns[index]), index)
            for start, _, head in self._heads.find(symbols)
            for index in (self._first[head], *self._further.get(head, ()))
            if symbols.startswith(patterns[index], start)
        ]
