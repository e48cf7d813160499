"""Apps and their keys: made, changed, revoked, each with its entry in the ledger."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from guiju.gateway import rules
from guiju.gateway.app_rules import NO_RULES, AppRules, read_rules, read_scope, rules_facts
from guiju.gateway.models import ApiKey, App, KeyWish
from guiju.gateway.ports import Recording
from guiju.gateway.stages.authenticate import hash_key
from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import Clock, to_iso
from guiju.kit.errors import InputError, NotFoundError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft

_NAME_CHARACTERS = 128
_MARK_CHARACTERS = 200
_SECRET_BYTES = 30
_PREFIX_CHARACTERS = 10
_REASON_CHARACTERS = 1000
_OVERLAP_MOST = timedelta(days=90)


class AppStore(Protocol):
    """Where apps and keys are kept."""

    def add_app(self, app: App, created_at: datetime) -> None:
        """Keep an app."""
        ...

    def update_app(self, app: App) -> bool:
        """Keep an app's new settings; False when there is none."""
        ...

    def apps(self) -> list[App]:
        """Return every app."""
        ...

    def add_key(self, key: ApiKey, digest: str, *, replaces: ApiKey | None = None) -> None:
        """Keep a key by its hash; `replaces` is an older one with its new end."""
        ...

    def keys(self, app_id: str) -> list[ApiKey]:
        """Return the keys of an app."""
        ...

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; False when nothing changed."""
        ...


class Apps:
    """The programs that may call."""

    def __init__(self, store: AppStore, ledger: Recording, clock: Clock, check_mark: Callable[[str], str]) -> None:
        """Keep in `store`; `check_mark` raises on a text mark that is not lawful."""
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._check_mark = check_mark

    def all(self) -> list[App]:
        """Return every app, oldest first."""
        return self._store.apps()

    def get(self, app_id: str) -> App:
        """Return one app.

        Raises:
            NotFoundError: there is none with this id.
        """
        for app in self._store.apps():
            if app.id == app_id:
                return app
        raise NotFoundError(f"没有编号为 {app_id} 的应用。", f"There is no app with the id {app_id}.", where="app")

    def create(  # noqa: PLR0913 - one a field
        self,
        name: str,
        *,
        refuses_with_error: bool,
        text_mark: str,
        actor: str,
        reason: str = "",
        rules: AppRules = NO_RULES,
    ) -> tuple[App, str]:
        """Make an app with its first key; the key's secret is returned here and never again.

        Raises:
            InputError: the name is empty or too long, or a rule cannot be kept.
            ConfigurationError: the text mark is not lawful.
        """
        app = App(
            new_id(),
            self._name(name),
            refuses_with_error=refuses_with_error,
            text_mark=self._mark(text_mark),
            rules=read_rules(rules_facts(rules)),
        )
        self._enter("app.created", app, {"reason": _reason(reason)}, actor=actor)
        self._store.add_app(app, self._clock.now())
        return app, self.create_key(app.id, actor=actor, reason=reason)[1]

    def change(self, app: App, *, actor: str, reason: str = "") -> App:
        """Give an app new settings.

        Raises:
            InputError: the name is empty or too long, or a rule cannot be kept.
            ConfigurationError: the text mark is not lawful.
            NotFoundError: there is no such app.
        """
        self.get(app.id)
        changed = replace(
            app,
            name=self._name(app.name),
            text_mark=self._mark(app.text_mark),
            rules=read_rules(rules_facts(app.rules)),
            key=None,
        )
        self._enter("app.changed", changed, {"reason": _reason(reason)}, actor=actor)
        self._store.update_app(changed)
        return changed

    def keys(self, app_id: str) -> list[ApiKey]:
        """Return the keys of an app, oldest first."""
        return self._store.keys(app_id)

    def create_key(
        self, app_id: str, wish: KeyWish | None = None, *, actor: str, reason: str = ""
    ) -> tuple[ApiKey, str]:
        """Make one more key for an app; its secret is returned here and never again.

        Raises:
            NotFoundError: there is no such app.
            InputError: the key's name, scope or end cannot be taken.
        """
        app = self.get(app_id)
        key, secret = self._new_key(app_id, wish or KeyWish())
        self._enter("api_key.created", app, {**_key_facts(key), "reason": _reason(reason)}, actor=actor)
        self._store.add_key(key, hash_key(secret))
        return key, secret

    def rotate_key(
        self, app_id: str, key_id: str, *, overlap: timedelta, actor: str, reason: str = ""
    ) -> tuple[ApiKey, str]:
        """Make a key that takes the place of another; for `overlap` both are good, then the old one ends.

        The new key opens what the old one did and has no end of its own unless the old one had a later one.

        Raises:
            NotFoundError: the app has no such key in force.
            InputError: the overlap is negative or longer than ninety days.
        """
        app = self.get(app_id)
        old = self._in_force(app_id, key_id)
        if not timedelta(0) <= overlap <= _OVERLAP_MOST:
            raise InputError(
                f"重叠时间应在 0 到 {_OVERLAP_MOST.days} 天之间。",
                f"The overlap must be from 0 to {_OVERLAP_MOST.days} days.",
                where="overlap",
            )
        key, secret = self._new_key(app_id, KeyWish(old.label, old.scope, old.expires_at))
        end = self._clock.now() + overlap
        ending = replace(old, expires_at=end if old.expires_at is None else min(end, old.expires_at))
        facts = {
            **_key_facts(key),
            "replaces": old.id,
            "old_ends_at": to_iso(ending.expires_at or end),
            "reason": _reason(reason),
        }
        self._enter("api_key.rotated", app, facts, actor=actor)
        self._store.add_key(key, hash_key(secret), replaces=ending)
        return key, secret

    def revoke_key(self, app_id: str, key_id: str, *, actor: str, reason: str = "") -> None:
        """Revoke a key; within a second no call with it is taken.

        Raises:
            NotFoundError: the app has no such key that could be revoked.
        """
        app = self.get(app_id)
        known = next((key for key in self._store.keys(app_id) if key.id == key_id and key.revoked_at is None), None)
        if known is None:
            raise NotFoundError(f"没有可吊销的密钥 {key_id}。", f"There is no key {key_id} to revoke.", where="key")
        self._enter("api_key.revoked", app, {**_key_facts(known), "reason": _reason(reason)}, actor=actor)
        self._store.revoke_key(key_id, self._clock.now())

    def _in_force(self, app_id: str, key_id: str) -> ApiKey:
        now = self._clock.now()
        for key in self._store.keys(app_id):
            if key.id == key_id and key.is_in_force(now):
                return key
        raise NotFoundError(f"没有有效的密钥 {key_id}。", f"There is no key {key_id} in force.", where="key")

    def _new_key(self, app_id: str, wish: KeyWish) -> tuple[ApiKey, str]:
        now = self._clock.now()
        label = wish.label.strip()
        if len(label) > _NAME_CHARACTERS:
            raise InputError(
                f"密钥的名称不超过 {_NAME_CHARACTERS} 字。",
                f"A key's name has at most {_NAME_CHARACTERS} characters.",
                where="label",
            )
        if wish.expires_at is not None and wish.expires_at <= now:
            raise InputError("密钥的到期时间应在将来。", "A key must end in the future.", where="expires_at")
        secret = f"gj-{secrets.token_urlsafe(_SECRET_BYTES)}"
        scope = read_scope(wish.scope.endpoints, wish.scope.models)
        key = ApiKey(
            new_id(),
            app_id,
            secret[:_PREFIX_CHARACTERS],
            now,
            None,
            label=label,
            scope=scope,
            expires_at=wish.expires_at,
        )
        return key, secret

    def _enter(self, action: str, app: App, facts: JsonObject, *, actor: str) -> None:
        draft = Draft(
            action=action,
            actor=actor,
            subject=f"app:{app.id}",
            provisions=(rules.PRODUCER_DUTY,),
            body={
                "name": app.name,
                "refuses_with_error": app.refuses_with_error,
                "text_mark": app.text_mark,
                "rules": rules_facts(app.rules),
                **facts,
            },
        )
        self._ledger.append(draft)

    def _name(self, name: str) -> str:
        name = name.strip()
        if not 0 < len(name) <= _NAME_CHARACTERS:
            raise InputError(
                f"应用名称应为 1 到 {_NAME_CHARACTERS} 个字。",
                f"An app's name has 1 to {_NAME_CHARACTERS} characters.",
                where="name",
            )
        return name

    def _mark(self, text_mark: str) -> str:
        if len(text_mark) > _MARK_CHARACTERS:
            raise InputError(
                f"文字标识不应超过 {_MARK_CHARACTERS} 字。",
                f"A text mark has at most {_MARK_CHARACTERS} characters.",
                where="text_mark",
            )
        return self._check_mark(text_mark) if text_mark else ""


def _key_facts(key: ApiKey) -> JsonObject:
    return {
        "key_id": key.id,
        "label": key.label,
        "endpoints": list(key.scope.endpoints),
        "models": list(key.scope.models),
        "expires_at": to_iso(key.expires_at) if key.expires_at is not None else None,
    }


def _reason(text: str) -> str:
    text = text.strip()
    if len(text) > _REASON_CHARACTERS:
        raise InputError(
            f"理由不超过 {_REASON_CHARACTERS} 字。",
            f"A reason has at most {_REASON_CHARACTERS} characters.",
            where="reason",
        )
    return text
