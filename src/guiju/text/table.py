"""The base table: what a matcher sees in place of each code point. Built by `tools/build_text_tables.py`, read here."""

import json
import sys
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

IGNORED = 0
"""Marks a code point that has no symbol."""
EXPANDS = 1
"""Marks a code point that has several symbols; they stand in `Table.many`."""

_BMP_SIZE = 0x10000
_REPLACEMENT = 0xFFFD


@dataclass(frozen=True, slots=True)
class Table:
    """The table in the shape the hot path wants.

    Attributes:
        bmp: one entry a code point below U+10000: the symbol's code point, `IGNORED` or `EXPANDS`.
        astral: the same for the mapped code points above; an empty text is ignored.
        many: the code points below U+10000 that have several symbols.
        barriers: symbols that end a sentence or part one; nothing is passed over across them.
        decorations: punctuation, symbols, emoji and spaces, as symbols; may be passed over inside a term.
        lookalikes: Cyrillic, Greek and Armenian code points that the table reads as Latin.
    """

    bmp: list[int]
    astral: dict[str, str]
    many: dict[str, str]
    barriers: frozenset[str]
    decorations: frozenset[str]
    lookalikes: frozenset[str]


@cache
def load_table() -> Table:
    """Read the shipped table; the same object every time."""
    content = zlib.decompress(resources.files(__package__).joinpath("data/base.table").read_bytes())
    data = json.loads(content)
    bmp = list(range(_BMP_SIZE))
    bmp[IGNORED] = bmp[EXPANDS] = IGNORED
    bmp[0xD800:0xE000] = [_REPLACEMENT] * 0x800
    astral: dict[str, str] = {}
    for key, value in zip(*data["single"], strict=True):
        if ord(key) < _BMP_SIZE and ord(value) < _BMP_SIZE:
            bmp[ord(key)] = ord(value)
        else:
            astral[key] = value
    for low, high in data["ignored"]:
        if low < _BMP_SIZE:
            bmp[low : high + 1] = [IGNORED] * (high + 1 - low)
        else:
            astral.update((chr(code), "") for code in range(low, high + 1))
    many: dict[str, str] = {}
    for key, value in data["many"].items():
        (many if ord(key) < _BMP_SIZE else astral)[key] = value
    for key in many:
        bmp[ord(key)] = EXPANDS
    # A symbol above U+FFFF for a code point below it would not fit the list; it takes the way of the expansions.
    for key in [key for key in astral if ord(key) < _BMP_SIZE]:
        many[key] = astral.pop(key)
        bmp[ord(key)] = EXPANDS
    return Table(
        bmp=bmp,
        astral=astral,
        many=many,
        barriers=frozenset(data["barriers"]),
        decorations=frozenset(
            sys.intern(chr(code)) for low, high in data["decorations"] for code in range(low, high + 1)
        ),
        lookalikes=frozenset(data["lookalikes"]),
    )
