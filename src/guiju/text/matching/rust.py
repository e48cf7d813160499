"""The default matcher: the Rust library aho-corasick, through ahocorasick_rs (wheels for x86-64 and aarch64)."""

from collections.abc import Collection, Sequence

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from guiju.text.matching.interface import Hit


class RustMatcher:
    """An Aho-Corasick automaton of contiguous states: 3 to 4 µs per 100 Chinese characters, 4 MB for 10,000 terms."""

    name = "ahocorasick_rs"

    def __init__(self, patterns: Sequence[str]) -> None:
        """Build the automaton of `patterns`, which are distinct and not empty."""
        self._automaton = AhoCorasick(
            list(patterns), matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )

    def find(self, symbols: str) -> Collection[Hit]:
        """Return all hits in `symbols`, overlapping ones too."""
        found = self._automaton.find_matches_as_indexes(symbols, overlapping=True)
        return [(start, end, index) for index, start, end in found] if found else ()
