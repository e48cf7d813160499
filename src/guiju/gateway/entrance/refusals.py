"""Evidence of calls that were not let in: the first at once, the rest of a minute counted, so that nobody floods it."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from guiju.gateway.entrance.models import Refused
from guiju.kit.canonical_json import JsonObject  # noqa: TC001 - as elsewhere, imports are not split by their use
from guiju.kit.clock import Clock, to_iso
from guiju.kit.errors import GuijuError
from guiju.ledger.models import SYSTEM_PERSON, Draft, Receipt

_log = logging.getLogger(__name__)
WINDOW_SECONDS = 60.0
_OPEN_MOST = 1000

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Window:
    refused: Refused
    ends: float
    first_at: datetime
    last_at: datetime
    further: int = 0


class RefusalLog:
    """Writes refusals: of an app, a person and a reason one entry at once, and one a minute that counts the others.

    At most a thousand such minutes are open in a process; what comes beyond is counted for the app alone. A process
    that is killed loses the counts of its open minutes, never their first entries.
    """

    def __init__(self, append: Callable[[Draft], Awaitable[Receipt]], clock: Clock) -> None:
        """Write with `append`."""
        self._append = append
        self._clock = clock
        self._open: dict[Key, _Window] = {}

    async def note(self, refused: Refused) -> None:
        """Take a refusal; returns when what must stand is durable. A ledger that cannot write changes no refusal."""
        key = (refused.app_id, refused.person, refused.code)
        if key not in self._open and len(self._open) >= _OPEN_MOST:
            refused = Refused(refused.app_id, SYSTEM_PERSON, refused.code, "", refused.provision)
            key = (refused.app_id, SYSTEM_PERSON, refused.code)
        now = self._clock.now()
        window = self._open.get(key)
        if window is not None and window.ends > self._clock.monotonic():
            window.further += 1
            window.last_at = now
            return
        self._open[key] = _Window(refused, self._clock.monotonic() + WINDOW_SECONDS, now, now)
        if window is not None and window.further:
            await self._write(_draft(window.refused, window.further, window.first_at, last_at=window.last_at))
        await self._write(_draft(refused, 1, now, last_at=now))

    async def flush(self, *, is_last: bool = False) -> None:
        """Write the counts of the minutes that are over; `is_last` of every one."""
        now = self._clock.monotonic()
        over = [key for key, window in self._open.items() if is_last or window.ends <= now]
        for window in [self._open.pop(key) for key in over]:
            if window.further:
                await self._write(_draft(window.refused, window.further, window.first_at, last_at=window.last_at))

    async def _write(self, draft: Draft) -> None:
        try:
            await self._append(draft)
        except GuijuError as error:
            _log.error("a refusal cannot be recorded", extra={"code": error.code, "reason": str(error)})


def _draft(refused: Refused, count: int, first_at: datetime, *, last_at: datetime) -> Draft:
    facts: JsonObject = {
        "code": refused.code,
        "where": refused.where[:200],
        "count": count,
        "first_at": to_iso(first_at),
        "last_at": to_iso(last_at),
        **refused.facts,
    }
    return Draft(
        action="call.refused",
        actor=f"app:{refused.app_id}",
        subject=f"app:{refused.app_id}",
        person=refused.person,
        provisions=(refused.provision,),
        body=facts,
    )
