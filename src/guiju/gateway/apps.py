"""Apps and their keys: made, changed, revoked, each with its entry in the ledger."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from guiju.gateway import rules
from guiju.gateway.models import ApiKey, App
from guiju.gateway.ports import Recording
from guiju.gateway.stages.authenticate import hash_key
from guiju.kit.clock import Clock
from guiju.kit.errors import InputError, NotFoundError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft

_NAME_CHARACTERS = 128
_MARK_CHARACTERS = 200
_SECRET_BYTES = 30
_PREFIX_CHARACTERS = 10


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

    def add_key(self, key: ApiKey, digest: str) -> None:
        """Keep a key by its hash."""
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

    def create(self, name: str, *, refuses_with_error: bool, text_mark: str, actor: str) -> tuple[App, str]:
        """Make an app with its first key; the key's secret is returned here and never again.

        Raises:
            InputError: the name is empty or too long.
            ConfigurationError: the text mark is not lawful.
        """
        app = App(new_id(), self._name(name), refuses_with_error=refuses_with_error, text_mark=self._mark(text_mark))
        now = self._clock.now()
        self._store.add_app(app, now)
        self._enter("app.created", app, actor)
        return app, self.create_key(app.id, actor=actor)[1]

    def change(self, app: App, *, actor: str) -> App:
        """Give an app new settings.

        Raises:
            InputError: the name is empty or too long.
            ConfigurationError: the text mark is not lawful.
            NotFoundError: there is no such app.
        """
        changed = App(app.id, self._name(app.name), app.refuses_with_error, self._mark(app.text_mark))
        if not self._store.update_app(changed):
            self.get(app.id)
        self._enter("app.changed", changed, actor)
        return changed

    def keys(self, app_id: str) -> list[ApiKey]:
        """Return the keys of an app, oldest first."""
        return self._store.keys(app_id)

    def create_key(self, app_id: str, *, actor: str) -> tuple[ApiKey, str]:
        """Make one more key for an app; its secret is returned here and never again.

        Raises:
            NotFoundError: there is no such app.
        """
        app = self.get(app_id)
        secret = f"gj-{secrets.token_urlsafe(_SECRET_BYTES)}"
        key = ApiKey(new_id(), app_id, secret[:_PREFIX_CHARACTERS], self._clock.now(), None)
        self._store.add_key(key, hash_key(secret))
        self._enter("api_key.created", app, actor, key_id=key.id)
        return key, secret

    def revoke_key(self, app_id: str, key_id: str, *, actor: str) -> None:
        """Revoke a key; within a second no call with it is taken.

        Raises:
            NotFoundError: the app has no such key in force.
        """
        app = self.get(app_id)
        is_its_own = any(key.id == key_id for key in self._store.keys(app_id))
        if not is_its_own or not self._store.revoke_key(key_id, self._clock.now()):
            raise NotFoundError(f"没有可吊销的密钥 {key_id}。", f"There is no key {key_id} to revoke.", where="key")
        self._enter("api_key.revoked", app, actor, key_id=key_id)

    def _enter(self, action: str, app: App, actor: str, *, key_id: str = "") -> None:
        draft = Draft(
            action=action,
            actor=actor,
            subject=f"app:{app.id}",
            provisions=(rules.PRODUCER_DUTY,),
            body={
                "name": app.name,
                "refuses_with_error": app.refuses_with_error,
                "text_mark": app.text_mark,
                "key_id": key_id,
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
