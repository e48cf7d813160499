"""One JSON text for one value, byte for byte: the integer-and-string subset of RFC 8785 (JCS).

Numbers with a fraction are refused instead of formatted: a value that is hashed must read the same on every machine,
and nothing that we hash needs them (ratios are written as strings or as counts). Keys are ASCII, which makes
UTF-8 order and JCS's UTF-16 order the same.
"""

from typing import TYPE_CHECKING, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

Json: TypeAlias = "str | int | bool | list[Json] | tuple[Json, ...] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, "Json"]

_SAFE_INTEGER = 2**53 - 1
_OPTIONS = orjson.OPT_SORT_KEYS
_PLAIN = frozenset((str, bool, type(None)))


class NotCanonicalError(ValueError):
    """A value that has no canonical form here: a float, an integer beyond 2^53-1, a non-ASCII key, a lone surrogate."""


def canonical_bytes(value: Json) -> bytes:
    """Write `value` as its canonical UTF-8 bytes (RFC 8785).

    Raises:
        NotCanonicalError: the value holds something that has no canonical form here.
    """
    _check(value, 0)
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise NotCanonicalError(str(error)) from error


def _check(value: Json, depth: int) -> None:
    if depth > 64:  # noqa: PLR2004 - a bound on nesting, no meaning beyond it
        raise NotCanonicalError("nested deeper than 64")
    kind = type(value)
    if kind in _PLAIN:
        return
    if isinstance(value, dict):
        _check_keys(value)
        _check_each(value.values(), depth + 1)
    elif isinstance(value, (list, tuple)):
        _check_each(value, depth + 1)
    else:
        _check_number(value)


def _check_each(items: "Iterable[Json]", depth: int) -> None:
    for item in items:
        if type(item) not in _PLAIN:  # most are: no call for them
            _check(item, depth)


def _check_number(value: object) -> None:
    if type(value) is not int:
        raise NotCanonicalError(f"{type(value).__name__} has no canonical form here")
    if not -_SAFE_INTEGER <= value <= _SAFE_INTEGER:
        raise NotCanonicalError(f"integer beyond 2^53-1: {value!r}")


def _check_keys(value: "JsonObject") -> None:
    for key in value:
        if type(key) is not str or not key.isascii():
            raise NotCanonicalError(f"key that is no ASCII text: {key!r}")


def canonical_text(value: Json) -> str:
    """Write `value` as its canonical text.

    Raises:
        NotCanonicalError: the value holds something that has no canonical form here.
    """
    return canonical_bytes(value).decode()
