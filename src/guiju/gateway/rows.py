"""How apps and keys stand in their tables."""

from datetime import datetime
from typing import Protocol

import orjson

from guiju.gateway.app_rules import KeyInForce, KeyScope, read_rules
from guiju.gateway.models import ApiKey, App
from guiju.kit.canonical_json import canonical_text
from guiju.kit.clock import from_iso, to_iso


class Row(Protocol):
    """A row of a table."""

    def __getitem__(self, column: str, /) -> object:
        """Return the value of a column."""
        ...


def read_app(values: Row) -> App:
    """Read an app."""
    return App(
        str(values["id"]),
        str(values["name"]),
        refuses_with_error=bool(values["refuses_with_error"]),
        text_mark=str(values["text_mark"]),
        rules=read_rules(orjson.loads(str(values["rules"]))),
    )


def read_key(values: Row) -> ApiKey:
    """Read a key."""
    return ApiKey(
        id=str(values["id"]),
        app_id=str(values["app_id"]),
        prefix=str(values["prefix"]),
        created_at=from_iso(str(values["created_at"])),
        revoked_at=instant_or_none(values["revoked_at"]),
        label=str(values["label"]),
        scope=_scope(str(values["scope"])),
        expires_at=instant_or_none(values["expires_at"]),
        last_used_at=instant_or_none(values["last_used_at"]),
        replaced_by=str(values["replaced_by"]),
    )


def read_key_in_force(values: Row) -> KeyInForce:
    """Read of a joined row what a call needs of its key."""
    return KeyInForce(str(values["key_id"]), _scope(str(values["scope"])), instant_or_none(values["expires_at"]))


def key_row(key: ApiKey, digest: str) -> dict[str, object]:
    """Write a key."""
    return {
        "id": key.id,
        "app_id": key.app_id,
        "prefix": key.prefix,
        "digest": digest,
        "created_at": to_iso(key.created_at),
        "revoked_at": iso_or_none(key.revoked_at),
        "label": key.label,
        "scope": canonical_text({"endpoints": list(key.scope.endpoints), "models": list(key.scope.models)}),
        "expires_at": iso_or_none(key.expires_at),
        "last_used_at": iso_or_none(key.last_used_at),
        "replaced_by": key.replaced_by,
    }


def iso_or_none(at: datetime | None) -> str | None:
    """Write an instant, where there is one."""
    return None if at is None else to_iso(at)


def instant_or_none(text: object) -> datetime | None:
    """Read an instant, where there is one."""
    return from_iso(text) if isinstance(text, str) else None


def _scope(text: str) -> KeyScope:
    facts = orjson.loads(text)
    return KeyScope(tuple(facts.get("endpoints", ())), tuple(facts.get("models", ())))
