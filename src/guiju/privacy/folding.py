"""One width, one case, no invisible characters; with the way back to the original offsets."""

import re

INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SPACES = "\t\u00a0\u2002\u2003\u2005\u2007\u2009\u200a\u202f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
DIGITS = "0-9０-９⓪①-⑨𝟎-𝟿"
SEPARATORS = f" .·•．－\\-{_SPACES}{_DASHES}"


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)}
    table |= {code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)}
    table |= {ord("①") + place: str(place + 1) for place in range(9)} | {ord("⓪"): "0"}
    table |= {0x1D7CE + place: str(place % 10) for place in range(50)}
    table |= {ord(space): " " for space in _SPACES} | {ord(dash): "-" for dash in _DASHES}
    return table | {ord(dot): "." for dot in "·•"}


_TABLE = _table()
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def fold(text: str) -> tuple[str, list[int] | None]:
    """Return the folded text, and where each of its characters stood; None where every one kept its place."""
    if not _INVISIBLE.search(text):
        return text.translate(_TABLE), None
    places = [place for place, character in enumerate(text) if character not in INVISIBLE]
    return "".join(text[place] for place in places).translate(_TABLE), places
