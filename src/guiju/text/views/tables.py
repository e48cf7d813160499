"""The shipped tables of the views, read once."""

import json
import sys
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

_Json: TypeAlias = "str | int | list[_Json] | dict[str, _Json]"


@dataclass(frozen=True, slots=True)
class Readings:
    """How Han characters sound, without tones.

    Attributes:
        syllables: all toneless syllables, ü written v.
        first: character → index of its most frequent reading.
        others: character → indices of further readings in everyday use.
    """

    syllables: tuple[str, ...]
    first: dict[str, int]
    others: dict[str, tuple[int, ...]]

    def of(self, character: str) -> tuple[int, ...]:
        """Return all readings, the most frequent first; empty when it has none."""
        first = self.first.get(character)
        return () if first is None else (first, *self.others.get(character, ()))


@dataclass(frozen=True, slots=True)
class Parts:
    """What characters are made of.

    Attributes:
        parts: character → its parts, one level.
        inner: rare character or Martian writing → the everyday character that is meant.
        forms: a radical's squeezed form → the character that names it.
    """

    parts: dict[str, str]
    inner: dict[str, str]
    forms: dict[str, str]


def _read(name: str) -> dict[str, _Json]:
    content = resources.files("guiju.text").joinpath("data", f"{name}.table").read_bytes()
    found: dict[str, _Json] = json.loads(zlib.decompress(content))
    return found


def _texts(node: _Json) -> dict[str, str]:
    return {key: str(value) for key, value in node.items()} if isinstance(node, dict) else {}


def _numbers(node: _Json) -> list[int]:
    return [one for one in node if isinstance(one, int)] if isinstance(node, list) else []


def _strings(node: _Json) -> list[str]:
    # Interned: the same characters are the keys of many tables.
    return [sys.intern(one) for one in node if isinstance(one, str)] if isinstance(node, list) else []


@cache
def load_readings() -> Readings:
    """Return the table of readings; the same object every time."""
    data = _read("readings")
    others = data["others"]
    return Readings(
        syllables=tuple(_strings(data["syllables"])),
        first=dict(zip(map(sys.intern, str(data["characters"])), _numbers(data["first"]), strict=True)),
        others={key: tuple(_numbers(value)) for key, value in others.items()} if isinstance(others, dict) else {},
    )


def load_parts() -> Parts:
    """Read the table of parts; it is needed only while a view is built, and not kept."""
    data = _read("parts")
    return Parts(_texts(data["parts"]), _texts(data["inner"]), _texts(data["forms"]))


def load_shapes() -> dict[str, str]:
    """Read character → the character that stands for all that look like it; not kept, as the parts."""
    keys, values = _strings(_read("shapes")["shapes"])
    return dict(zip(keys, values, strict=True))


@cache
def load_glosses() -> dict[str, tuple[str, ...]]:
    """Return emoji or symbol → what it is read as, the likeliest first."""
    data = _read("glosses")["glosses"]
    return {key: tuple(_strings(value)) for key, value in data.items()} if isinstance(data, dict) else {}
