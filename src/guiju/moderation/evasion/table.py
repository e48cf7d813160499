"""The shipped table of disguises, read once."""

import json
import unicodedata
import zlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class EvasionTable:
    """What characters can be written as.

    Attributes:
        readings: character → its reading with tone mark.
        sounds: toneless reading → everyday characters read so.
        traditional: simplified → traditional.
        alike: character → those easily taken for it.
        series: character → characters that share its phonetic part.
        splits: character → its two parts.
    """

    readings: dict[str, str]
    sounds: dict[str, str]
    traditional: dict[str, str]
    alike: dict[str, str]
    series: dict[str, str]
    splits: dict[str, str]


def toneless(reading: str) -> str:
    """Return a reading without its tone mark, ü as v."""
    letters = unicodedata.normalize("NFD", reading.replace("ü", "v").replace("ǖ", "v"))
    letters = letters.replace("u\u0308", "v")
    return "".join(one for one in letters if one.isascii())


@cache
def load_evasion_table() -> EvasionTable:
    """Return the table; the same object every time."""
    content = resources.files("guiju.moderation.evasion").joinpath("data", "evasion.table").read_bytes()
    data = json.loads(zlib.decompress(content))
    sounds: defaultdict[str, list[str]] = defaultdict(list)
    for character, reading in data["readings"].items():
        sounds[toneless(reading)].append(character)
    series: defaultdict[str, list[str]] = defaultdict(list)
    for group in data["series"]:
        for one in group:
            series[one].extend(other for other in group if other != one)
    return EvasionTable(
        readings=data["readings"],
        sounds={sound: "".join(found) for sound, found in sounds.items()},
        traditional=data["traditional"],
        alike=data["alike"],
        series={one: "".join(dict.fromkeys(others)) for one, others in series.items()},
        splits=data["splits"],
    )
