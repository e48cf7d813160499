"""Checking a read document field by field, collecting what is wrong instead of stopping at the first mistake."""

import re
from collections.abc import Collection, Mapping
from datetime import date

from guiju.moderation.models import Refusal
from guiju.moderation.yaml_document import Node

_SHOWN = 60
MAX_ERRORS = 50
_RATIO = re.compile(r"0(?:\.[0-9]{1,4})?|1(?:\.0{1,4})?")


class FieldReader:
    """Reads typed values out of nodes; each mistake becomes a Refusal with its line and field.

    Attributes:
        where: the file's name.
        errors: what is wrong so far, at most `MAX_ERRORS`.
    """

    def __init__(self, where: str) -> None:
        """Read the document named `where`."""
        self.where = where
        self.errors: list[Refusal] = []

    def refuse(self, line: int, field: str, why: tuple[str, str]) -> None:
        """Note a mistake; `why` is what is wrong in Chinese and in English."""
        zh, en = why
        error = Refusal(self.where, line, field, f"字段 {field}：{zh}", f"Field {field}: {en}")
        if len(self.errors) < MAX_ERRORS and error not in self.errors:
            self.errors.append(error)

    def mapping(
        self, node: Node, field: str, allowed: Collection[str], *, required: Collection[str] = ()
    ) -> dict[str, Node]:
        """Return the fields of a mapping; unknown and missing ones are mistakes."""
        if not isinstance(node.value, dict):
            self.refuse(node.line, field, ("这里应当是键值对。", "key: value pairs are expected here."))
            return {}
        for key, value in node.value.items():
            if key not in allowed:
                known = "、".join(sorted(allowed)[:20])
                self.refuse(
                    value.line, f"{field}.{key[:_SHOWN]}".lstrip("."), (f"不认识这个键，可用：{known}。",
                    f"unknown key; known are {known}."),
                )  # fmt: skip
        for key in required:
            if key not in node.value:
                self.refuse(node.line, f"{field}.{key}".lstrip("."), ("缺少这一项。", "it is missing."))
        return node.value

    def text(self, node: Node | None, field: str, default: str = "") -> str:
        """Return a text; an absent node gives `default`."""
        if node is None:
            return default
        if not isinstance(node.value, str):
            self.refuse(node.line, field, ("这里应当是文字。", "text is expected here."))
            return default
        return node.value

    def choice(self, node: Node | None, field: str, choices: Collection[str], *, default: str) -> str:
        """Return one of `choices`."""
        said = self.text(node, field, default)
        if node is not None and said not in choices:
            known = "、".join(choices)
            self.refuse(
                node.line,
                field,
                (f"“{said[:_SHOWN]}”不可用，只能是：{known}。", f"{said[:_SHOWN]!r} is not one of: {known}."),
            )
            return default
        return said

    def texts(self, node: Node | None, field: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of texts."""
        if node is None:
            return default
        if not isinstance(node.value, list):
            self.refuse(node.line, field, ("这里应当是列表，如 [甲, 乙]。", "a list is expected here, such as [a, b]."))
            return default
        return tuple(self.text(item, f"{field}[{at}]") for at, item in enumerate(node.value))

    def choices(
        self, node: Node | None, field: str, choices: Collection[str], *, default: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return a list of which every item is one of `choices`."""
        said = self.texts(node, field, default)
        if node is not None and (wrong := [item for item in said if item not in choices]):
            known = "、".join(list(choices)[:40])
            self.refuse(
                node.line, field, (f"“{wrong[0][:_SHOWN]}”不可用，只能是：{known}。",
                f"{wrong[0][:_SHOWN]!r} is not one of: {known}."),
            )  # fmt: skip
            return default
        return said

    def items(self, node: Node | None, field: str) -> list[Node]:
        """Return the nodes of a list."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.refuse(node.line, field, ("这里应当是列表。", "a list is expected here."))
            return []
        return node.value

    def number(self, node: Node | None, field: str, bounds: tuple[int, int], *, default: int) -> int:
        """Return a whole number within `bounds`, both included."""
        said = self.text(node, field, str(default))
        low, high = bounds
        if not (said.isascii() and said.isdigit() and len(said) < 10 and low <= int(said) <= high):  # noqa: PLR2004 - keeps int() cheap
            line = node.line if node is not None else 0
            self.refuse(
                line, field, (f"应当是 {low} 到 {high} 的整数。", f"a whole number from {low} to {high} is expected.")
            )
            return default
        return int(said)

    def ratio(self, node: Node | None, field: str, *, default: float) -> float:
        """Return a number from 0 to 1 with at most four decimals."""
        if node is None:
            return default
        said = self.text(node, field)
        if not _RATIO.fullmatch(said):
            self.refuse(
                node.line,
                field,
                ("应当是 0 到 1 的数，如 0.85。", "a number from 0 to 1 is expected, such as 0.85."),
            )
            return default
        return float(said)

    def day(self, node: Node | None, field: str) -> str:
        """Return an ISO date as text."""
        said = self.text(node, field)
        try:
            return date.fromisoformat(said).isoformat()
        except ValueError:
            line = node.line if node is not None else 0
            self.refuse(line, field, ("应当是日期，如 2026-11-23。", "a date such as 2026-11-23 is expected."))
            return ""


def child(fields: Mapping[str, Node], key: str, parent: Mapping[str, Node] | None = None) -> Node | None:
    """Return the node under `key`, or the one that `parent` gives it."""
    return fields.get(key) or (parent.get(key) if parent else None)


def summary(errors: Collection[Refusal]) -> tuple[str, str]:
    """Return all mistakes as two texts, Chinese and English, one a line."""
    zh = "\n".join(f"第 {error.line} 行，{error.zh}" for error in errors)
    en = "\n".join(f"Line {error.line}: {error.en}" for error in errors)
    return zh, en
