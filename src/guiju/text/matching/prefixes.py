"""Matching a stream symbol by symbol, knowing at every symbol how much of the text could still become a term.

The automaton's state *is* the text of the longest suffix that is a prefix of a pattern, so there is nothing to pickle
or to corrupt, and the depth of a state (how many symbols must be held back) is the length of a string. Libraries with
an Aho-Corasick automaton do not tell that depth. Prefixes are not stored: patterns are sorted and searched by halves,
and what was worked out for a state is remembered, so a step is mostly one look-up.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from guiju.text.matching.gentle import sorted_gently

_REMEMBERED = 32_768

Step: TypeAlias = tuple[str, int, tuple[int, ...]]
"""State, how many of its last symbols are a proper prefix of a held pattern, and the patterns that end with it."""


class Prefixes:
    """Which texts are the beginning of a form."""

    def __init__(self, forms: Iterable[str]) -> None:
        """Index forms, which are distinct and not empty."""
        self.forms = tuple(sorted_gently(tuple(forms), key=str))
        # Many of these stand side by side, with mostly the same heads.
        self._heads = dict.fromkeys(sys.intern(form[:2]) for form in self.forms)  # smaller than a set
        self._begins = frozenset(head[0] for head in self._heads if len(head) > 1)
        self._all = self._begins | frozenset(head for head in self._heads if len(head) == 1)
        self.is_empty = not self.forms
        self.longest = max(map(len, self.forms), default=0)

    def is_prefix(self, tail: str) -> bool:
        """Whether `tail` is a form or the beginning of one."""
        if len(tail) == 1:
            return tail in self._all
        if tail[:2] not in self._heads:
            return False
        place = bisect_left(self.forms, tail)
        return place < len(self.forms) and self.forms[place].startswith(tail)

    def is_live(self, tail: str) -> bool:
        """Whether `tail` is a proper beginning of a form."""
        if len(tail) == 1:
            return tail in self._begins
        if tail[:2] not in self._heads:
            return False
        place = bisect_left(self.forms, tail)
        if place < len(self.forms) and self.forms[place] == tail:  # forms are distinct: the next one is another
            place += 1
        return place < len(self.forms) and self.forms[place].startswith(tail)

    def live(self, symbols: str) -> int:
        """Return how many of the last symbols are a proper beginning of a form; the most there are, 0 for none."""
        size = len(symbols)
        heads = self._heads
        for length in range(min(self.longest - 1, size), 1, -1):
            at = size - length
            if symbols[at : at + 2] in heads and self.is_live(symbols[at:]):
                return length
        return 1 if size and symbols[-1] in self._begins else 0


class PrefixTree:
    """All prefixes of all patterns, with what is found and what is live at each.

    Attributes:
        known: state and next symbol → the step, for the steps that were asked for lately.
    """

    def __init__(self, patterns: Sequence[str], held: Collection[int]) -> None:
        """Build from distinct, non-empty `patterns`; the ones in `held` are held back while they may grow."""
        self._all = Prefixes(patterns)
        self._numbers = array("I", sorted_gently(range(len(patterns)), key=patterns.__getitem__))
        self._held = self._all if len(held) == len(patterns) else Prefixes(patterns[at] for at in held)
        self.known: dict[str, Step] = {}

    def step(self, key: str) -> Step:
        """Return the step to the longest suffix of `key`, a state and the symbol after it, that is a prefix."""
        known = self.known.get(key)
        if known is None:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            known = self.known[key] = self._work_out(key)
        return known

    def _work_out(self, state: str) -> Step:
        while state and not self._all.is_prefix(state):
            state = state[1:]
        suffixes = [state[at:] for at in range(len(state))]
        live = next((len(suffix) for suffix in suffixes if self._held.is_live(suffix)), 0)
        return state, live, tuple(number for suffix in suffixes for number in self._number(suffix))

    def _number(self, form: str) -> tuple[int, ...]:
        place = bisect_left(self._all.forms, form)
        is_there = place < len(self._all.forms) and self._all.forms[place] == form
        return (self._numbers[place],) if is_there else ()
