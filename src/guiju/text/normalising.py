"""Normalising: each code point alone, by table, so that any split of a text gives the same symbols.

NFKC composes across code points, which a stream could not do without waiting; the table therefore *removes* marks
instead of composing them, and "é" in one code point or two reads the same.
"""

import re
from functools import cache

from guiju.text.models import Normalised
from guiju.text.table import EXPANDS, IGNORED, Table, load_table

_NEEDS_CARE = re.compile("[\x00\x01\U00010000-\U0010ffff]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_BMP_END = 0x10000
_SPACED_SCRIPTS_END = "\u0590"


class Normaliser:
    """Turns text into symbols. Holds no state of any text: a stream passes the offset of its next piece."""

    def __init__(self, table: Table) -> None:
        """Read by `table`."""
        self.table = table
        self._bmp = table.bmp
        # Below U+10000 a class of thousands of characters is one look-up; with one above it, a search through ranges.
        low = sorted(symbol for symbol in table.decorations if ord(symbol) < _BMP_END)
        self._low_decorations = re.compile("[" + "".join(map(re.escape, low)) + "]+")

    def normalise(self, text: str, offset: int = 0) -> Normalised:
        """Return the symbols of `text`, which stands at `offset` of the whole original.

        Any str is taken, lone surrogates too: they read as U+FFFD.
        """
        symbols = text.translate(self._bmp)
        if _NEEDS_CARE.search(symbols) is None:
            end = offset + len(symbols)
            return Normalised(symbols, range(offset, end), range(offset + 1, end + 1))
        return self._one_by_one(text, offset)

    def symbols_of(self, text: str) -> str:
        """Return the symbols alone; `text` itself where it is written in them."""
        symbols = text.translate(self._bmp)
        if _NEEDS_CARE.search(symbols) is not None:
            symbols = self._one_by_one(text, 0).symbols
        return text if symbols == text else symbols

    def _one_by_one(self, text: str, offset: int) -> Normalised:
        bmp, astral, many = self._bmp, self.table.astral, self.table.many
        symbols: list[str] = []
        starts: list[int] = []
        for at, character in enumerate(text, offset):
            code = ord(character)
            seen = bmp[code] if code < _BMP_END else EXPANDS
            if seen == IGNORED:
                continue
            if seen != EXPANDS:
                symbols.append(chr(seen))
                starts.append(at)
                continue
            several = many[character] if code < _BMP_END else astral.get(character, character)
            symbols.extend(several)
            starts.extend([at] * len(several))
        return Normalised("".join(symbols), starts, [start + 1 for start in starts])

    def reduced_with_places(self, symbols: str) -> tuple[str, list[int] | None]:
        """Return `symbols` without decorations, and the place of each that stays; None when all stay."""
        if _ASTRAL.search(symbols) is not None:
            decorations = self.table.decorations
            places = [at for at, symbol in enumerate(symbols) if symbol not in decorations]
            return ("".join([symbols[at] for at in places]), places) if len(places) < len(symbols) else (symbols, None)
        plain: list[str] = []
        places = []
        at = 0
        for match in self._low_decorations.finditer(symbols):
            start, end = match.span()
            plain.append(symbols[at:start])
            places.extend(range(at, start))
            at = end
        if not at:
            return symbols, None
        places.extend(range(at, len(symbols)))
        return "".join(plain) + symbols[at:], places

    def reduced(self, symbols: str) -> str:
        """Return `symbols` without decorations; barriers stay."""
        reduced = self._low_decorations.sub("", symbols)
        if _ASTRAL.search(reduced) is None:
            return reduced
        decorations = self.table.decorations
        return "".join([symbol for symbol in reduced if symbol not in decorations])


@cache
def base_normaliser() -> Normaliser:
    """Return the normaliser of the shipped table; the same object every time."""
    return Normaliser(load_table())


def normalise(text: str) -> Normalised:
    """Return the symbols of `text` with their offsets, by the shipped table."""
    return base_normaliser().normalise(text)


def is_word_symbol(symbol: str) -> bool:
    """Whether the symbol is a letter or digit of a script that puts spaces between words (Latin, Greek, Cyrillic)."""
    return symbol < _SPACED_SCRIPTS_END and symbol.isalnum()
