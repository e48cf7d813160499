"""Which matcher this machine gets."""

import logging
from collections.abc import Sequence
from importlib.util import find_spec

from guiju.text.matching.bigram import BigramMatcher
from guiju.text.matching.interface import Matcher

logger = logging.getLogger(__name__)

MOST_SYMBOLS = 200_000
"""An automaton over more symbols than these takes longer to build than a stream may be kept waiting (about 20 ms)."""


def build_matcher(patterns: Sequence[str]) -> Matcher:
    """Build the fastest matcher there is for `patterns`, which are distinct and not empty."""
    if not patterns:
        return BigramMatcher(())
    if sum(map(len, patterns)) > MOST_SYMBOLS:
        # Building the automaton keeps every other thread waiting; plain Python does not, and finds the same.
        return BigramMatcher(patterns)
    if find_spec("ahocorasick_rs") is None:
        logger.warning("ahocorasick_rs is not installed; matching runs in plain Python, about four times slower")
        return BigramMatcher(patterns)
    from guiju.text.matching.rust import RustMatcher  # noqa: PLC0415 - the library may be missing on this machine

    return RustMatcher(patterns)
