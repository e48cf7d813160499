"""The counts behind the score, kept small: two short texts a first character."""

import json
import sys
import zlib
from functools import cache
from importlib import resources

_STEPS = 8
_ZERO = ord("0")


class Bigrams:
    """Counts of characters and pairs, as the table keeps them: log2 in eighths."""

    def __init__(self, content: bytes) -> None:
        """Read the table."""
        data = json.loads(zlib.decompress(content))
        self.total: int = data["total"]
        self.words: int = data["words"]
        self._place = {sys.intern(character): at for at, character in enumerate(data["characters"])}
        self._single: bytes = data["single"].encode("latin-1")
        self._first: bytes = data["first"].encode("latin-1")
        self._last: bytes = data["last"].encode("latin-1")
        self._rows: dict[str, tuple[str, bytes]] = {
            sys.intern(key): (seconds, amounts.encode("latin-1")) for key, (seconds, amounts) in data["rows"].items()
        }

    def count(self, character: str) -> float:
        """Return how often the character stands in the corpus; 0 when it is unknown."""
        return self._level(self._single, character)

    def begins(self, character: str) -> float:
        """Return how many words begin with the character."""
        return self._level(self._first, character)

    def ends(self, character: str) -> float:
        """Return how many words end with the character."""
        return self._level(self._last, character)

    def pair(self, first: str, second: str) -> float:
        """Return how often the pair stands inside a word."""
        row = self._rows.get(first)
        at = -1 if row is None else row[0].find(second)
        return 0.0 if row is None or at < 0 else 2.0 ** ((row[1][at] - _ZERO) / _STEPS)

    def _level(self, levels: bytes, character: str) -> float:
        at = self._place.get(character)
        return 0.0 if at is None else 2.0 ** ((levels[at] - _ZERO) / _STEPS)


@cache
def load_bigrams() -> Bigrams:
    """Return the shipped counts; the same object every time."""
    return Bigrams(resources.files("guiju.text").joinpath("data", "bigrams.table").read_bytes())
