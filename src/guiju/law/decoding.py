"""Nodes of YAML into the frozen models of the law, strictly: an error names file, line, id and field."""

import dataclasses
import types
import typing
from collections.abc import Hashable
from datetime import date
from functools import cache
from typing import TypeVar

from guiju.kit.errors import ConfigurationError
from guiju.law.models import AllOf, AnyOf, Compare, FactValue, Not, Obligation, Predicate
from guiju.law.vocabulary import WORDS
from guiju.law.yaml_nodes import Mapping, Node, Scalar, Sequence

T = TypeVar("T")
MAX_INTEGER_DIGITS = 15


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: the file, and the thing and field that it belongs to."""

    file: str
    id: str = ""
    field: str = ""

    def error(self, node: Node, zh: str, en: str) -> ConfigurationError:
        """Make the error about `node` that names file, line, id and field."""
        about = ".".join(part for part in (self.id, self.field) if part)
        where = f"{self.file}:{node.line}" + (f" {about}" if about else "")
        return ConfigurationError(zh, en, where=where)

    def at(self, field: str) -> "Place":
        """Return this place, one field further in."""
        return Place(self.file, self.id, f"{self.field}.{field}" if self.field else field)


def decode_list(node: Node, model: type[T], file: str) -> tuple[T, ...]:
    """Read a file that is a list of mappings, each an instance of `model`.

    Raises:
        ConfigurationError: the file is no such list.
    """
    place = Place(file)
    if not isinstance(node, Sequence):
        raise place.error(
            node, "文件应当是一个列表（每项以 - 开头）。", "The file must be a list (each item begins with -)."
        )
    return tuple(decode(item, model, place) for item in node.items)


def decode(node: Node, model: type[T], place: Place) -> T:
    """Read a mapping as an instance of the dataclass `model`.

    Raises:
        ConfigurationError: an unknown key, a missing key, or a value of the wrong kind.
    """
    entries = _mapping(node, place)
    named = entries.get("id")
    if isinstance(named, Scalar) and named.text:
        place = Place(place.file, named.text)
    hints, required = _shape(model)  # type: ignore[arg-type]  # every class is hashable; mypy looks at its instances
    for key, value in entries.items():
        if key not in hints:
            known = "、".join(hints)
            raise place.error(
                value,
                f"不认识的键 {key}；可以用：{known}。",
                f"Unknown key {key}; the known ones: {', '.join(hints)}.",
            )
    missing = [name for name in required if name not in entries]
    if missing:
        raise place.error(
            node, f"缺少键：{'、'.join(missing)}，请补上。", f"Missing keys: {', '.join(missing)}; add them."
        )
    values = {key: _value(value, hints[key], place.at(key)) for key, value in entries.items()}
    for key, value in entries.items():
        _check_word(model, key, value, place=place.at(key))
    if model is Obligation:
        values["provision_id"] = ""
    return model(**values)


@cache
def _shape(model: Hashable) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the fields that a file may hold with their types, and the names of those that it must hold."""
    hints = dict(typing.get_type_hints(model))
    required = []
    for item in dataclasses.fields(typing.cast("type[Obligation]", model)):
        if model is Obligation and item.name == "provision_id":
            del hints[item.name]  # an obligation stands inside its provision
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            required.append(item.name)
    return hints, tuple(required)


def _value(node: Node, hint: object, place: Place) -> object:
    if hint == FactValue:
        return fact_value(node, place)
    if isinstance(hint, types.UnionType):
        return None if is_null(node) else _optional(node, hint, place)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        if not isinstance(node, Sequence):
            raise place.error(node, "应当是一个列表。", "This must be a list.")
        return tuple(_value(item, inner, place) for item in node.items)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return decode(node, hint, place)
    return _scalar(node, hint, place)


def _optional(node: Node, hint: types.UnionType, place: Place) -> object:
    """Read what stands in a field that may be null: one kind of value, or a predicate, which is a union itself."""
    kinds = tuple(kind for kind in typing.get_args(hint) if kind is not type(None))
    return _value(node, kinds[0], place) if len(kinds) == 1 else predicate(node, place)


def _scalar(node: Node, hint: object, place: Place) -> object:
    if not isinstance(node, Scalar):
        raise place.error(node, "应当是一个值，不是列表或映射。", "This must be one value, no list or mapping.")
    if hint is date:
        return iso_date(node, place)
    if hint is bool:
        return _boolean(node, place)
    if hint is int:
        return integer(node, place)
    if is_null(node):
        raise place.error(node, '不能为空；没有内容请写 ""。', 'This may not be null; write "" for nothing.')
    return node.text


def is_null(node: Node) -> bool:
    """Say whether `node` is an empty value: nothing, `null` or `~` without quotes."""
    return isinstance(node, Scalar) and node.is_plain and node.text in {"", "null", "~"}


def iso_date(node: Scalar, place: Place) -> date:
    """Read a day written as `2023-08-15`.

    Raises:
        ConfigurationError: it is no such day.
    """
    try:
        day = date.fromisoformat(node.text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != node.text:
        raise place.error(
            node,
            f"{node.text!r} 不是日期，请写成 2023-08-15 的样子。",
            f"{node.text!r} is no date; write it like 2023-08-15.",
        )
    return day


def integer(node: Scalar, place: Place) -> int:
    """Read a whole number of at most `MAX_INTEGER_DIGITS` digits.

    Raises:
        ConfigurationError: it is no such number.
    """
    if not _is_integer(node):
        raise place.error(
            node,
            f"{node.text[:40]!r} 不是整数（最多 15 位）。",
            f"{node.text[:40]!r} is no whole number (of at most 15 digits).",
        )
    return int(node.text)


def _is_integer(node: Scalar) -> bool:
    digits = node.text.removeprefix("-")
    return node.is_plain and digits.isascii() and digits.isdigit() and len(digits) <= MAX_INTEGER_DIGITS


def _boolean(node: Scalar, place: Place) -> bool:
    if not node.is_plain or node.text not in {"true", "false"}:
        raise place.error(
            node, f"{node.text[:40]!r} 应当是 true 或 false。", f"{node.text[:40]!r} must be true or false."
        )
    return node.text == "true"


def fact_value(node: Node, place: Place) -> FactValue:
    """Read a value by the way it is written: true, false, a whole number, a text, or a list of texts.

    Raises:
        ConfigurationError: it is none of these; a number with a fraction must stand in quotes.
    """
    if isinstance(node, Sequence):
        return tuple(str(_scalar(item, str, place)) for item in node.items)
    if not isinstance(node, Scalar) or is_null(node):
        raise place.error(node, "应当是一个值或者文字的列表。", "This must be a value or a list of texts.")
    if node.is_plain and node.text in {"true", "false"}:
        return node.text == "true"
    if _is_integer(node):
        return int(node.text)
    if node.is_plain and _looks_like_a_number(node.text):
        raise place.error(
            node,
            f"带小数的数 {node.text[:40]} 请加引号，以免失去精度。",
            f"Put quotes around {node.text[:40]}: a number with a fraction is kept as text, so that no digit is lost.",
        )
    return node.text


def _looks_like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def predicate(node: Node, place: Place) -> Predicate:
    """Read `{all: […]}`, `{any: […]}`, `{not: …}` or `{fact: name, eq|in|contains|gte: value}`.

    Raises:
        ConfigurationError: it is none of these, or holds nothing.
    """
    entries = _mapping(node, place)
    if "fact" in entries:
        return _compare(node, entries, place)
    word = next(iter(entries), "")
    if len(entries) != 1 or word not in {"all", "any", "not"}:
        raise place.error(
            node,
            "条件应当是 {all: […]}、{any: […]}、{not: …} 或 {fact: …, eq: …} 之一。",
            "A predicate is one of {all: […]}, {any: […]}, {not: …} or {fact: …, eq: …}.",
        )
    inner = entries[word]
    if word == "not":
        return Not(predicate(inner, place))
    if not isinstance(inner, Sequence) or not inner.items:
        raise place.error(inner, f"{word} 后面应当是非空的列表。", f"{word} needs a list that is not empty.")
    parts = tuple(predicate(item, place) for item in inner.items)
    return AllOf(parts) if word == "all" else AnyOf(parts)


def _compare(node: Node, entries: dict[str, Node], place: Place) -> Compare:
    operators = [key for key in entries if key != "fact"]
    if len(operators) != 1 or operators[0] not in WORDS["Compare", "operator"]:
        raise place.error(
            node,
            "事实的比较应当是 {fact: 名称, eq|in|contains|gte: 值}。",
            "A comparison is {fact: name, eq|in|contains|gte: value}.",
        )
    name = _scalar(entries["fact"], str, place)
    return Compare(str(name), operators[0], fact_value(entries[operators[0]], place))


def _mapping(node: Node, place: Place) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise place.error(node, "应当是一个映射（键: 值）。", "This must be a mapping (key: value).")
    return node.entries


def _check_word(model: type, key: str, node: Node, *, place: Place) -> None:
    words = WORDS.get((model.__name__, key))
    if words is not None and isinstance(node, Scalar) and node.text not in words:
        raise place.error(
            node,
            f"{node.text[:40]!r} 不是可用的词；可用：{'、'.join(words)}。",
            f"{node.text[:40]!r} is not one of the words: {', '.join(words)}.",
        )
