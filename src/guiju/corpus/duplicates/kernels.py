"""Character n-grams, their MinHash bands, and the exact Jaccard similarity that alone decides."""

import unicodedata

import numpy as np
from numpy.typing import NDArray

GRAM = 5
# 20 bands of 6: a pair at 0.8 shares a band with probability 0.998, one at 0.5 with 0.27, and is then compared exactly.
BANDS, ROWS = 20, 6
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(29)
_SEED = 20261127
_CHUNK = 512

Words = NDArray[np.uint64]
Halves = NDArray[np.uint32]
_HALF = np.uint64(32)
_MOST = np.iinfo(np.uint32).max


def _constants() -> tuple[Halves, Halves]:
    chance = np.random.Generator(np.random.PCG64(_SEED))
    multipliers = chance.integers(0, _MOST, BANDS * ROWS, dtype=np.uint32) | np.uint32(1)
    return multipliers, chance.integers(0, _MOST, BANDS * ROWS, dtype=np.uint32)


_MULTIPLIERS, _ADDENDS = _constants()


def normalise(text: str) -> str:
    """Return what is compared: NFKC, case folded, runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def gram_hashes(text: str) -> Words:
    """Return a 64-bit hash of every n-gram of code points; a shorter text is one gram of its own."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    size = min(GRAM, len(codes))
    hashes = np.full(len(codes) - size + 1, size, dtype=np.uint64)
    for offset in range(size):
        hashes = hashes * _BASE + codes[offset : offset + len(hashes)]
    hashes ^= hashes >> _SHIFT
    hashes *= _MIX
    return hashes ^ (hashes >> _SHIFT)


def band_keys(text: str) -> Words:
    """Return one key a band, shape (BANDS,): texts that are alike share at least one, most probably."""
    # Half the bits are enough to choose candidates, and are many times as fast; what is alike is decided exactly.
    hashes = (gram_hashes(text) >> _HALF).astype(np.uint32)
    least = np.full(BANDS * ROWS, _MOST, dtype=np.uint32)
    for start in range(0, len(hashes), _CHUNK):
        part = hashes[start : start + _CHUNK]
        np.minimum(least, (part[:, None] * _MULTIPLIERS + _ADDENDS).min(axis=0), out=least)
    keys = np.zeros(BANDS, dtype=np.uint64)
    for row in least.astype(np.uint64).reshape(BANDS, ROWS).T:
        keys = (keys ^ row) * _MIX
        keys ^= keys >> _SHIFT
    return keys


def grams(text: str) -> frozenset[str]:
    """Return the n-grams themselves; a shorter text is one gram of its own."""
    return frozenset(text[start : start + GRAM] for start in range(max(1, len(text) - GRAM + 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the exact Jaccard similarity of two sets of n-grams."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)
