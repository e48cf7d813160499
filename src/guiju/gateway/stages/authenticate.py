"""Who calls: an API key stands for an app, the app's name for its user for a person."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from guiju.gateway.errors import EndpointNotOpenError, ModelNotOpenError, UnauthenticatedError
from guiju.gateway.models import App, ChatCall
from guiju.kit.clock import Clock

_KEY_SECONDS = 1.0
_PERSON_SECONDS = 1.0
_CACHE_MOST = 10_000
_KEY_CHARACTERS = 200
_Kept = TypeVar("_Kept")


class Callers:
    """Looks up keys and persons, and remembers them for a moment, so that a revoked key dies within a second."""

    def __init__(self, app_of_key: Callable[[str], App | None], person_for: Callable[[str], str], clock: Clock) -> None:
        """Look up apps by the SHA-256 of a key, and persons by `app|user`; both may block."""
        self._app_of_key = app_of_key
        self._person_for = person_for
        self._clock = clock
        self._apps: dict[str, tuple[float, App | None]] = {}
        self._persons: dict[str, tuple[float, str]] = {}
        self._used: dict[str, datetime] = {}

    async def app(self, call: ChatCall) -> App:
        """Return who calls.

        Raises:
            UnauthenticatedError: there is no key, or none that is in force.
        """
        if call.app is not None:
            return call.app
        scheme, _, key = call.authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not 0 < len(key) <= _KEY_CHARACTERS:
            raise _unauthenticated()
        digest = hash_key(key)
        now = self._clock.monotonic()
        kept = self._apps.get(digest)
        if kept is None or kept[0] < now:
            kept = (now + _KEY_SECONDS, await asyncio.to_thread(self._app_of_key, digest))
            _keep(self._apps, digest, kept)
        if kept[1] is None:
            raise _unauthenticated()
        self._check_key(kept[1], call.endpoint)
        return kept[1]

    def _check_key(self, app: App, endpoint: str) -> None:
        if app.key is None:
            return
        now = self._clock.now()
        if app.key.expires_at is not None and app.key.expires_at <= now:
            raise _unauthenticated()
        if not app.key.scope.opens_endpoint(endpoint):
            raise EndpointNotOpenError(
                f"这把密钥不能调用 {endpoint}；请使用范围合适的密钥，或请运营方调整。",
                f"This key does not open {endpoint}; use another key, or ask the operator to widen it.",
                where="Authorization",
            )
        self._used[app.key.id] = now

    def take_used(self) -> dict[str, datetime]:
        """Return when keys were last used since this was last asked."""
        used, self._used = self._used, {}
        return used

    async def person(self, app: App, end_user: str) -> str:
        """Return the pseudonym of an app's end user; an app that names none has one person for all."""
        return await self.person_of(f"{app.id}|{end_user}")

    async def person_of(self, lookup: str) -> str:
        """Return the pseudonym of whoever `lookup` names."""
        now = self._clock.monotonic()
        kept = self._persons.get(lookup)
        if kept is None or kept[0] < now:
            kept = (now + _PERSON_SECONDS, await asyncio.to_thread(self._person_for, lookup))
            _keep(self._persons, lookup, kept)
        return kept[1]

    def forget(self) -> None:
        """Look everything up again: a key was revoked, a person erased."""
        self._apps.clear()
        self._persons.clear()


def check_model_scope(app: App, model: str) -> None:
    """Refuse a model that the call's key does not open.

    Raises:
        ModelNotOpenError: it does not.
    """
    if app.key is not None and not app.key.scope.opens_model(model):
        raise ModelNotOpenError(
            f"这把密钥不能使用模型 {model}；请使用范围合适的密钥，或请运营方调整。",
            f"This key does not open the model {model}; use another key, or ask the operator to widen it.",
            where="model",
        )


def hash_key(key: str) -> str:
    """Return what is kept of an API key: 160 random bits need no slow hash."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _keep(cache: dict[str, _Kept], key: str, value: _Kept) -> None:
    if len(cache) >= _CACHE_MOST:
        cache.clear()
    cache[key] = value


def _unauthenticated() -> UnauthenticatedError:
    return UnauthenticatedError(
        "没有有效的 API 密钥；请在 Authorization 头中以 “Bearer <密钥>” 提供。密钥在控制台“应用与密钥”中创建。",
        'There is no valid API key; send it as "Authorization: Bearer <key>". Keys are made in the console.',
        where="Authorization",
    )
