"""What sanctions hold now, in this process's memory, never older than a second: a call asks no database."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from guiju.gateway.entrance.sanctions import rules
from guiju.gateway.entrance.sanctions.interface import SanctionRegister
from guiju.gateway.entrance.sanctions.models import Changes, Sanction, SanctionQuery
from guiju.kit.clock import Clock

_FRESH_SECONDS = 0.9
_OF_ONE_MOST = 200


@dataclass(slots=True)
class _Known:
    """What was read last; replaced as a whole, so that readers in other threads see one state."""

    mark: int = -1
    by_person: dict[str, dict[str, Sanction]] = field(default_factory=dict)


class SanctionWatch:
    """Mirrors a register. While it cannot be read, each call asks about its own user, and is refused if that fails."""

    def __init__(self, register: SanctionRegister, clock: Clock) -> None:
        """Mirror `register`."""
        self._register = register
        self._clock = clock
        self._known = _Known()
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Read what changed.

        Raises:
            GuijuError: the register cannot be read.
        """
        at = self._clock.monotonic()
        changes = await asyncio.to_thread(self._register.changed_since, self._known.mark)
        self._take(changes)
        self._read_at = at

    def now(self) -> datetime:
        """Return the time by which sanctions are judged."""
        return self._clock.now()

    async def of(self, person: str) -> list[Sanction]:
        """Return the sanctions of a person that hold now, the gravest first.

        Raises:
            GuijuError: what is known is too old, and the register cannot be read.
        """
        now = self._clock.now()
        if self._clock.monotonic() - self._read_at <= _FRESH_SECONDS:
            found = self._known.by_person.get(person)
            return rules.in_force(found.values(), now) if found else []
        query = SanctionQuery(person=person, only_in_force=True, limit=_OF_ONE_MOST)
        return rules.in_force(await asyncio.to_thread(self._register.search, query), now)

    def _take(self, changes: Changes) -> None:
        if changes.mark == self._known.mark:
            return
        now = self._clock.now()
        for sanction in changes.sanctions:
            own = self._known.by_person.setdefault(sanction.order.person, {})
            own[sanction.id] = sanction
            for ended in [one.id for one in own.values() if not one.is_in_force(now)]:
                del own[ended]
            if not own:
                del self._known.by_person[sanction.order.person]
        self._known.mark = changes.mark
