"""One function a disguise: a piece of text in, the piece as it may be disguised out. Pure, seeded."""

import base64
import codecs
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import quote

from guiju.moderation.evasion.symbols import (
    DECORATORS,
    DIGIT_DRESSES,
    EMOJI,
    FULL_WIDTH_OFFSET,
    MARTIAN,
    ZERO_WIDTH,
)
from guiju.moderation.evasion.table import load_evasion_table, toneless

Method = Callable[[str, float, Random], str]

_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("l", "n"), ("n", "l"))
_FUZZY_INITIALS = ("zh", "ch", "sh", "l", "n")
_FUZZY_SHARE = 0.25
_LETTERS = "abdefhkmvxz13"


def _each(piece: str, strength: float, chance: Random, options: Callable[[str], str | list[str]]) -> str:
    """Put one of `options` for a share of the characters that have any; for at least one of them."""
    places = [at for at, one in enumerate(piece) if options(one)]
    if not places:
        return piece
    chosen = set(chance.sample(places, max(1, round(strength * len(places)))))
    return "".join(chance.choice(options(one)) if at in chosen else one for at, one in enumerate(piece))


def _between(piece: str, strength: float, chance: Random, make: Callable[[], str]) -> str:
    """Put something between a share of the neighbours; between at least two of them."""
    gaps = range(1, len(piece))
    if not gaps:
        return piece
    chosen = set(chance.sample(gaps, max(1, round(strength * len(gaps)))))
    return "".join((make() if at in chosen else "") + one for at, one in enumerate(piece))


def traditional(piece: str, strength: float, chance: Random) -> str:
    """Write traditional characters."""
    return _each(piece, strength, chance, lambda one: load_evasion_table().traditional.get(one, ""))


def width(piece: str, strength: float, chance: Random) -> str:
    """Write Latin letters and digits in full width."""

    def wide(one: str) -> str:
        return chr(ord(one) + FULL_WIDTH_OFFSET) if "!" <= one <= "~" else ""

    return _each(piece, strength, chance, wide)


def zero_width(piece: str, strength: float, chance: Random) -> str:
    """Put invisible characters between."""
    return _between(piece, strength, chance, lambda: chance.choice(ZERO_WIDTH))


def decorated(piece: str, strength: float, chance: Random) -> str:
    """Put one or two decorations between."""
    return _between(piece, strength, chance, lambda: "".join(chance.choices(DECORATORS, k=chance.randint(1, 2))))


def spaced(piece: str, strength: float, chance: Random) -> str:
    """Put spaces between."""
    return _between(piece, strength, chance, lambda: chance.choice((" ", "  ", "\u3000")))


def split(piece: str, strength: float, chance: Random) -> str:
    """Take characters apart."""
    splits = load_evasion_table().splits
    return _each(piece, strength, chance, lambda one: [splits[one]] if one in splits else [])


def digits(piece: str, strength: float, chance: Random) -> str:
    """Write numerals in another dress."""

    def dresses(one: str) -> str:
        return next((dress.replace(one, "") for dress in DIGIT_DRESSES if one in dress), "")

    return _each(piece, strength, chance, dresses)


def martian(piece: str, strength: float, chance: Random) -> str:
    """Write in Martian."""
    return _each(piece, strength, chance, lambda one: MARTIAN.get(one, ""))


def homophone(piece: str, strength: float, chance: Random) -> str:
    """Write other characters of the same sound, now and then of one that speakers confuse with it."""
    table = load_evasion_table()

    def same(one: str) -> str:
        if one not in table.readings:
            return ""
        sound = toneless(table.readings[one])
        exact = table.sounds[sound].replace(one, "")
        near = table.sounds.get(_confused(sound), "").replace(one, "")
        return near if near and (not exact or chance.random() < _FUZZY_SHARE) else exact

    return _each(piece, strength, chance, same)


def _confused(sound: str) -> str:
    for full, short in _FUZZY:
        if full in _FUZZY_INITIALS and sound.startswith(full):
            return short + sound[len(full) :]
        if full not in _FUZZY_INITIALS and sound.endswith(full):
            return sound[: -len(full)] + short
    return sound


def pinyin(piece: str, strength: float, chance: Random) -> str:
    """Write the whole piece in Latin pinyin: joined or apart, with or without tone marks, ü as v or u."""
    del strength
    table = load_evasion_table()
    if not piece or not all(one in table.readings for one in piece):
        return piece
    tones = chance.random() < 1 / 4
    said = [table.readings[one] if tones else toneless(table.readings[one]) for one in piece]
    return chance.choice(("", " ", " ", "-")).join(said)


def mixed_pinyin(piece: str, strength: float, chance: Random) -> str:
    """Write some characters in Latin pinyin."""
    readings = load_evasion_table().readings
    return _each(piece, strength, chance, lambda one: [toneless(readings[one])] if one in readings else [])


def initials(piece: str, strength: float, chance: Random) -> str:
    """Write the first letters of the syllables alone."""
    del strength
    readings = load_evasion_table().readings
    if not piece or not all(one in readings for one in piece):
        return piece
    letters = "".join(toneless(readings[one])[0] for one in piece)
    return chance.choice((letters, letters.upper()))


def emoji(piece: str, strength: float, chance: Random) -> str:
    """Put emoji for characters, by meaning or sound."""
    return _each(piece, strength, chance, lambda one: EMOJI.get(one, ""))


def shape(piece: str, strength: float, chance: Random) -> str:
    """Put characters that look alike, or that share the part by which they sound."""
    table = load_evasion_table()
    return _each(piece, strength, chance, lambda one: table.alike.get(one, "") + table.series.get(one, ""))


def swap(piece: str, strength: float, chance: Random) -> str:
    """Swap two neighbours."""
    del strength
    places = [at for at in range(len(piece) - 1) if piece[at] != piece[at + 1]]
    if not places:
        return piece
    at = chance.choice(places)
    return piece[:at] + piece[at + 1] + piece[at] + piece[at + 2 :]


def reverse(piece: str, strength: float, chance: Random) -> str:
    """Write backwards."""
    del strength, chance
    return piece[::-1]


def infix(piece: str, strength: float, chance: Random) -> str:
    """Put Latin letters or digits between."""
    return _between(piece, strength, chance, lambda: chance.choice(_LETTERS))


def in_base64(piece: str, strength: float, chance: Random) -> str:
    """Encode in base64."""
    del strength, chance
    return base64.b64encode(piece.encode()).decode()


def in_hex(piece: str, strength: float, chance: Random) -> str:
    """Encode as hex digits, or as escapes of one notation or another."""
    del strength
    units = [f"{ord(one):04x}" for one in piece]
    return chance.choice((
        piece.encode().hex(),
        "".join(f"\\u{unit}" for unit in units),
        "".join(f"&#x{unit};" for unit in units),
        "".join(f"&#{ord(one)};" for one in piece),
    ))  # fmt: skip


def in_url(piece: str, strength: float, chance: Random) -> str:
    """Encode by percent signs."""
    del strength, chance
    return quote(piece, safe="")


def rot13(piece: str, strength: float, chance: Random) -> str:
    """Write in Latin pinyin, turned by thirteen letters."""
    plain = pinyin(piece, strength, chance)
    return piece if plain == piece else codecs.encode(plain if plain.isascii() else _ascii(piece), "rot13")


def _ascii(piece: str) -> str:
    return " ".join(toneless(load_evasion_table().readings[one]) for one in piece)


def vertical(piece: str, strength: float, chance: Random) -> str:
    """Write from top to bottom, a character a line."""
    del strength, chance
    return "\n" + "\n".join(piece) + "\n"


METHODS: Mapping[str, Method] = {
    "traditional": traditional, "width": width, "zero-width": zero_width, "decorated": decorated, "spaced": spaced,
    "split": split, "digits": digits, "martian": martian, "homophone": homophone, "pinyin": pinyin,
    "mixed-pinyin": mixed_pinyin, "initials": initials, "emoji": emoji, "shape": shape, "swap": swap,
    "reverse": reverse, "infix": infix, "base64": in_base64, "hex": in_hex, "url": in_url, "rot13": rot13,
    "vertical": vertical,
}  # fmt: skip
"""Name → disguise."""

VIEW_OF: Mapping[str, str] = {
    **{name: name for name in METHODS},
    "traditional": "base", "width": "base", "zero-width": "base", "decorated": "skip", "spaced": "skip",
    "homophone": "pinyin", "mixed-pinyin": "pinyin",
}  # fmt: skip
"""Name → the view that is made for it; another view may find the term as well."""
