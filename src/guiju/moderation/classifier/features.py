"""Hashed n-grams: a text as rows of a table of weights. The same function trains and runs.

Feature hashing after Weinberger et al. 2009; the mixing constants are those of MurmurHash3's finaliser.
"""

import re

import numpy as np
from numpy.typing import NDArray

from guiju.text.normalising import base_normaliser

Codes = NDArray[np.uint32]

ORDERS = 4
"""N-grams of one to so many symbols."""
LONGEST = 512
"""So many symbols of a text are read, from its end; a window is never longer."""

_EDGE = "\x02"
_SEED = np.uint32(0x9E3779B1)
_STEP = np.uint32(0x85EBCA6B)
_MIX = np.uint32(0xC2B2AE35)
_HIGH = np.uint32(16)
_LOW = np.uint32(13)
_HAN = "\u3400-\u9fff\uf900-\ufaff"


def _decorated() -> re.Pattern[str]:
    """Return the pattern of what stands between two Han characters only to part them."""
    low = sorted(symbol for symbol in base_normaliser().table.decorations if ord(symbol) < 0x10000)  # noqa: PLR2004 - end of the BMP
    astral = "\U0001f000-\U0001faff"
    inside = "".join(map(re.escape, low)) + astral
    return re.compile(f"(?<=[{_HAN}])[{inside}]{{1,4}}(?=[{_HAN}])")


_DECORATED = _decorated()


def readable(symbols: str) -> str:
    """Return normalised text as the classifier reads it: without what merely parts one character from the next."""
    text = " ".join(symbols[-LONGEST:].split())
    return text if text.isascii() else _DECORATED.sub("", text)


def codes_of(text: str) -> Codes:
    """Return the code points of a text, with an edge on both sides."""
    return np.frombuffer(f"{_EDGE}{text}{_EDGE}".encode("utf-32-le", "surrogatepass"), np.uint32)


def gram_rows(codes: Codes, bits: int) -> NDArray[np.intp]:
    """Return the row of each n-gram of 1 to `ORDERS` symbols in a table of 2**bits rows; repeated grams repeat."""
    count = len(codes)
    single = codes * _SEED
    rows = np.empty(ORDERS * count, np.uint32)
    rows[:count] = single
    at, gram = count, single
    for order in range(2, min(ORDERS, count) + 1):
        gram = (gram[:-1] * _STEP) ^ single[order - 1 :]
        rows[at : at + len(gram)] = gram
        at += len(gram)
    rows = rows[:at]
    rows ^= rows >> _HIGH
    rows *= _MIX
    rows ^= rows >> _LOW
    return (rows & np.uint32((1 << bits) - 1)).astype(np.intp)
