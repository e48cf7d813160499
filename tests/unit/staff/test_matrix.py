"""Every role × action pair stands in a golden table; a change of the data is a change of the table, seen in review."""

from pathlib import Path

import pytest

from guiju.kit.errors import ConfigurationError
from guiju.staff import rules
from guiju.staff.roles import load_roles

GOLDEN = Path(__file__).parent / "golden_matrix.txt"


def golden() -> dict[tuple[str, str], bool]:
    lines = [line.split() for line in GOLDEN.read_text().splitlines() if line.strip()]
    roles = lines[0][1:]
    return {(role, row[0]): mark == "yes" for row in lines[1:] for role, mark in zip(roles, row[1:], strict=True)}


def test_every_pair_is_as_the_golden_table_says() -> None:
    matrix = load_roles()
    now = {(role, action): rules.may(matrix, role, action) for role in matrix.roles for action in matrix.actions}
    assert now == golden()


def test_an_unknown_role_or_action_may_nothing() -> None:
    matrix = load_roles()
    assert not any(rules.may(matrix, "nobody", action) for action in matrix.actions)
    assert not rules.may(matrix, "owner", "no_such_action")


def test_read_only_roles_change_nothing_and_the_inspector_is_time_boxed() -> None:
    matrix = load_roles()
    for role in ("auditor", "inspector"):
        assert matrix.roles[role].read_only
        assert not any(matrix.actions[action].changes for action in matrix.roles[role].actions)
    assert matrix.roles["inspector"].longest_days is not None


@pytest.mark.parametrize("actions", ["[look, fly]", "[look, change]"])
def test_a_table_that_does_not_hold_is_refused(tmp_path: Path, actions: str) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(
        "actions:\n  look: {zh: 看, en: Look, changes: false}\n  change: {zh: 改, en: Change, changes: true}\n"
        f"roles:\n  guest: {{zh: 客, en: Guest, read_only: true, actions: {actions}}}\n"
    )
    with pytest.raises(ConfigurationError, match="guest"):
        load_roles(path)
