"""Whether every obligation is spoken for, and everything that speaks names an obligation that there is."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from guiju.law.service import Law
from guiju.supervision.models import Control, RecordedReason

_ID = re.compile(r"cn/genai-measures-2023(?:/(?:art|para|item)-\d+)+(?:#[a-z0-9-]+)?")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is wrong with who speaks for which obligation.

    Attributes:
        uncovered: obligations in force with neither a control nor a recorded reason.
        doubled: obligations with both; the reason is out of date.
        unknown: ids that a control, a reason or the code names and the law has not, with where they stand.
        repeated_controls: ids that two controls share.
    """

    uncovered: tuple[str, ...]
    doubled: tuple[str, ...]
    unknown: Mapping[str, tuple[str, ...]]
    repeated_controls: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.uncovered or self.doubled or self.unknown or self.repeated_controls)


def coverage(
    law: Law,
    controls: Sequence[Control],
    reasons: Mapping[str, RecordedReason],
    *,
    as_of: date,
    cited: Mapping[str, Collection[str]] | None = None,
) -> Coverage:
    """Look both ways: from the obligations in force to who speaks for them, and back.

    Args:
        law: the law.
        controls: all controls.
        reasons: the recorded reasons by obligation.
        as_of: which obligations are in force.
        cited: what the code cites and where, as from `cited_ids`; None leaves it out.
    """
    in_force = [obligation.id for obligation in law.obligations(as_of)]
    controlled = {item for control in controls for item in control.obligations}
    named: dict[str, list[str]] = {}
    for control in controls:
        for item in control.obligations:
            named.setdefault(item, []).append(f"control {control.id}")
    for item in reasons:
        named.setdefault(item, []).append("recorded_reasons.yaml")
    unknown = {item: tuple(places) for item, places in named.items() if not _is_obligation(law, item)}
    for item, places in (cited or {}).items():
        if not law.has(item):
            unknown[item] = (*unknown.get(item, ()), *places)
    return Coverage(
        uncovered=tuple(item for item in in_force if item not in controlled and item not in reasons),
        doubled=tuple(item for item in reasons if item in controlled),
        unknown=unknown,
        repeated_controls=_repeated(control.id for control in controls),
    )


def cited_ids(package_folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the ids of provisions and obligations that string literals of the code hold, with `file:line` of each.

    Docstrings are explanation, not code, and are left out.

    Raises:
        OSError: a file cannot be read.
        SyntaxError: a file is no Python.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(package_folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for literal in _literals(tree):
            for match in _ID.findall(str(literal.value)):
                found.setdefault(match, []).append(f"{path.relative_to(package_folder)}:{literal.lineno}")
    return {item: tuple(places) for item, places in found.items()}


def _literals(tree: ast.Module) -> Iterator[ast.Constant]:
    explained = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
            yield node


def _is_obligation(law: Law, item: str) -> bool:
    return "#" in item and law.has(item)


def _repeated(ids: Iterable[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    twice = []
    for item in ids:
        if item in seen:
            twice.append(item)
        seen.add(item)
    return tuple(dict.fromkeys(twice))
