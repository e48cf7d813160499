"""One JSON text for one value, byte for byte: the integer-and-string subset of RFC 8785 (JCS).

Numbers with a fraction are refused instead of formatted: a value that is hashed must read the same on every machine,
and nothing that we hash needs them (ratios are written as strings or as counts). Keys are ASCII, which makes
UTF-8 order and JCS's UTF-16 order the same.
"""

from typing import TYPE_CHECKING, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Collection

Json: TypeAlias = "str | int | bool | list[Json] | tuple[Json, ...] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, "Json"]

_SAFE_INTEGER = 2**53 - 1
_OPTIONS = orjson.OPT_SORT_KEYS
_DEPTH = 64
_FEW_NAMES, _KNOWN_MOST = 24, 1024
_known_names: set[tuple[str, ...]] = set()


class NotCanonicalError(ValueError):
    """A value that has no canonical form here: a float, an integer beyond 2^53-1, a non-ASCII key, a lone surrogate."""


def canonical_bytes(value: Json) -> bytes:
    """Write `value` as its canonical UTF-8 bytes (RFC 8785).

    Raises:
        NotCanonicalError: the value holds something that has no canonical form here.
    """
    _check(value)
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise NotCanonicalError(str(error)) from error


def _check(value: Json) -> None:
    """Look at everything in `value`, container by container; every entry of the ledger pays for it."""
    waiting: list[tuple[Collection[Json], int]] = [((value,), -1)]  # the depth is that of who holds the items
    while waiting:
        items, depth = waiting.pop()
        if depth > _DEPTH:
            raise NotCanonicalError(f"nested deeper than {_DEPTH}")
        for item in items:
            kind = type(item)
            if kind is str or kind is bool or item is None:
                continue
            if kind is int:
                _check_number(item)
            elif inner := _items(item):
                waiting.append((inner, depth + 1))


def _items(value: Json) -> "Collection[Json]":
    """Return what a container holds."""
    if isinstance(value, dict):
        names = tuple(value)
        if names not in _known_names:
            _check_names(names)
        return value.values()
    if isinstance(value, (list, tuple)):
        return value
    raise NotCanonicalError(f"{type(value).__name__} has no canonical form here")


def _check_number(value: Json) -> None:
    if not (isinstance(value, int) and -_SAFE_INTEGER <= value <= _SAFE_INTEGER):
        raise NotCanonicalError(f"integer beyond 2^53-1: {value!r}")


def _check_names(names: tuple[str, ...]) -> None:
    """Look at the keys of an object; those of a few names are remembered, for most objects have the same ones."""
    for name in names:
        if type(name) is not str or not name.isascii():
            raise NotCanonicalError(f"key that is no ASCII text: {name!r}")
    if len(names) <= _FEW_NAMES and len(_known_names) < _KNOWN_MOST:
        _known_names.add(names)


def canonical_text(value: Json) -> str:
    """Write `value` as its canonical text.

    Raises:
        NotCanonicalError: the value holds something that has no canonical form here.
    """
    return canonical_bytes(value).decode()
