"""What is known of a user's real identity: declared by who may, recorded, never guessed, and no number of anybody."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from guiju.gateway import rules
from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.entrance.models import IdentityState, RealIdentity
from guiju.kit.clock import Clock
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft, Receipt

# 《互联网信息服务深度合成管理规定》第九条: who publishes with a deep-synthesis service has a verified identity.
REAL_IDENTITY_DUTY = "cn/deep-synthesis-provisions/art-9"
_KEPT_SECONDS = 1.0
_KEPT_MOST = 10_000


class PeopleStore(Protocol):
    """Where declarations are kept."""

    def identity(self, person: str) -> IdentityState:
        """Return what was declared of a person."""
        ...

    def declare(self, person: str, state: IdentityState) -> None:
        """Keep what was declared last."""
        ...


class People:
    """Takes declarations and answers what was declared."""

    def __init__(self, store: PeopleStore, append: Callable[[Draft], Receipt], clock: Clock) -> None:
        """Keep in `store`, after `append` made it evidence."""
        self._store = store
        self._append = append
        self._clock = clock
        self._kept: dict[str, tuple[float, IdentityState]] = {}

    async def identity(self, person: str) -> IdentityState:
        """Return what was declared of a person, at most a second old.

        Raises:
            StorageError: it cannot be read.
        """
        now = self._clock.monotonic()
        kept = self._kept.get(person)
        if kept is None or kept[0] < now:
            kept = (now + _KEPT_SECONDS, await asyncio.to_thread(self._store.identity, person))
            if len(self._kept) >= _KEPT_MOST:
                self._kept.clear()
            self._kept[person] = kept
        return kept[1]

    async def declare(
        self, person: str, state: RealIdentity, method: IdentityMethod | None, *, app_id: str, issuer: str = ""
    ) -> IdentityState:
        """Take a declaration of an app, or of an `issuer` by a token that came through it.

        One that says what is known already changes nothing.

        Raises:
            GuijuError: it cannot be recorded.
        """
        known = await self.identity(person)
        if (known.state, known.method) == (state, method):
            return known
        declared = IdentityState(
            state, method, (f"issuer:{issuer}" if issuer else f"app:{app_id}")[:80], self._clock.now(), new_id()
        )
        await asyncio.to_thread(self._keep, person, declared, app_id)
        return declared

    def _keep(self, person: str, declared: IdentityState, app_id: str) -> None:
        draft = Draft(
            id=declared.entry_id,
            action="user.identity_declared",
            actor=f"app:{app_id}",
            subject=f"person:{person}",
            person=person,
            provisions=(rules.PRODUCER_DUTY, REAL_IDENTITY_DUTY),
            body={
                "state": declared.state.value,
                "method": declared.method.value if declared.method is not None else "",
                "declared_by": declared.declared_by,
            },
        )
        self._append(draft)
        self._store.declare(person, declared)
        self._kept.pop(person, None)
