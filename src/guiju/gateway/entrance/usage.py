"""What each app used, hour by hour: counted in memory, written once a second, shown in the console.

It is a tally for people to look at. A process that is killed loses its last second of it; the ledger loses nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Protocol

from guiju.kit.clock import Clock
from guiju.kit.errors import GuijuError

_APPS_MOST = 10_000
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Tally:
    """Counts of one app in one hour.

    Attributes:
        requests: exchanges that ended.
        stopped: of these, whose input or answer was stopped, or could not be determined.
        refused: calls that were not let in.
        tokens_in: of questions.
        tokens_out: of answers.
        estimated: of all tokens, those that no model server counted.
        cost: in millionths of the price table's unit; of models that have a price.
    """

    requests: int = 0
    stopped: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: int = 0
    cost: int = 0

    def add(self, other: "Tally") -> None:
        """Add another."""
        self.requests += other.requests
        self.stopped += other.stopped
        self.refused += other.refused
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.estimated += other.estimated
        self.cost += other.cost


TALLIED = tuple(item.name for item in fields(Tally))


@dataclass(frozen=True, slots=True)
class UsageHour:
    """What an app used in the hour that begins at `hour`."""

    hour: datetime
    tally: Tally


class UsageStore(Protocol):
    """Where the tallies are kept."""

    def add(self, tallies: Mapping[tuple[str, datetime], Tally]) -> None:
        """Add to what is kept, all or nothing."""
        ...

    def hours(self, app_id: str, since: datetime, until: datetime) -> Sequence[UsageHour]:
        """Return the hours of an app in [since, until), oldest first; hours without use are left out."""
        ...


class Usage:
    """Counts for this process."""

    def __init__(self, store: UsageStore, clock: Clock) -> None:
        """Keep in `store`."""
        self._store = store
        self._clock = clock
        self._waiting: dict[tuple[str, datetime], Tally] = {}
        self._hour = datetime.min.replace(tzinfo=UTC)

    def note(self, app_id: str, tally: Tally) -> None:
        """Count."""
        now = self._clock.now()
        if not self._hour <= now < self._hour + _HOUR:
            self._hour = now.replace(minute=0, second=0, microsecond=0)
        hour = self._hour
        kept = self._waiting.get((app_id, hour))
        if kept is not None:
            kept.add(tally)
        elif len(self._waiting) < _APPS_MOST:
            self._waiting[app_id, hour] = tally

    async def flush(self) -> None:
        """Write what was counted; kept for the next time when it cannot be.

        Raises:
            GuijuError: it cannot be written.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        try:
            await asyncio.to_thread(self._store.add, waiting)
        except GuijuError:
            for key, tally in waiting.items():
                self._waiting.setdefault(key, Tally()).add(tally)
            raise

    def hours(self, app_id: str, since: datetime, until: datetime) -> Sequence[UsageHour]:
        """Return what an app used in [since, until), by the hour; blocks."""
        return self._store.hours(app_id, since, until)
