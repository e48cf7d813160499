"""Reads `data/roles.yaml`: the matrix of roles and actions."""

from pathlib import Path

import yaml

from guiju.kit.errors import ConfigurationError
from guiju.staff.models import Role, RoleMatrix, StaffAction

ROLES_FILE = Path(__file__).parent / "data" / "roles.yaml"


def load_roles(path: Path = ROLES_FILE) -> RoleMatrix:
    """Read the matrix and check that it is whole.

    Raises:
        ConfigurationError: a role names an unknown action, or a read-only role may change something.
        OSError: the file cannot be read.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    actions = {
        name: StaffAction(name, item["zh"], item["en"], bool(item["changes"]))
        for name, item in document["actions"].items()
    }
    roles = {
        name: Role(
            name,
            item["zh"],
            item["en"],
            frozenset(item["actions"]),
            bool(item.get("read_only")),
            item["longest_days"] if item.get("time_boxed") else None,
        )
        for name, item in document["roles"].items()
    }
    for role in roles.values():
        _check(role, actions, path)
    return RoleMatrix(roles, actions)


def _check(role: Role, actions: dict[str, StaffAction], path: Path) -> None:
    unknown = sorted(role.actions - set(actions))
    changing = sorted(name for name in role.actions & set(actions) if role.read_only and actions[name].changes)
    if unknown or changing:
        wrong = "、".join(unknown + changing)
        raise ConfigurationError(
            f"角色 {role.id} 的动作不成立：{wrong}（未定义，或只读角色不得改动）。请修改角色表。",
            f"Role {role.id} may not hold: {wrong} (undefined, or a change by a read-only role). Mend the table.",
            where=str(path),
        )
