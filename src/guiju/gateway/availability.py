"""Availability as our own records show it: by hour and by day in Beijing, and when the service failed. Pure.

Article 13 asks for a safe, stable and continuous service. An hour in which nobody called is unknown: nothing shows that
the service would have answered, and nothing that it would not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from guiju.gateway import rules
from guiju.kit.clock import BEIJING

FAILED = frozenset((rules.UPSTREAM_FAILED, rules.EVIDENCE_FAILED, rules.INTERRUPTED, rules.UNDETERMINED))
"""How an exchange ends that the service owed an answer and did not give."""
NOT_COUNTED = frozenset((rules.CLIENT_LEFT, rules.BAD_REQUEST, rules.OPEN, rules.UNKNOWN))
"""Ends that say nothing of the service: the caller's own doing, or nobody knows."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HourCount:
    """So many exchanges that were opened in the hour from `at` ended with `outcome`."""

    at: datetime
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class Served:
    """How many exchanges were answered, or lawfully refused, and how many failed."""

    answered: int = 0
    failed: int = 0

    @property
    def share(self) -> float | None:
        """The share that did not fail; None where there was none, which is unknown."""
        total = self.answered + self.failed
        return None if total == 0 else self.answered / total


@dataclass(frozen=True, slots=True)
class Day:
    """One day in Beijing."""

    on: date
    served: Served


@dataclass(frozen=True, slots=True)
class Incident:
    """A run of hours in which much failed: from the first to the end of the last."""

    since: datetime
    until: datetime
    served: Served


@dataclass(frozen=True, slots=True)
class Availability:
    """What the published page shows."""

    days: tuple[Day, ...]
    incidents: tuple[Incident, ...]
    whole: Served


def availability(
    counts: Iterable[HourCount], until: datetime, *, days: int, fewest: int, failed_share: float
) -> Availability:
    """Put hours together.

    Args:
        counts: of the hours before `until`, in any order.
        until: the present.
        days: how many days are shown, the one of `until` included.
        fewest: an hour with fewer failures is no incident.
        failed_share: an hour is one when at least this share failed.
    """
    hours: dict[datetime, Served] = {}
    for one in counts:
        if one.outcome in NOT_COUNTED:
            continue
        has_failed = one.outcome in FAILED
        before = hours.get(one.at, Served())
        hours[one.at] = Served(before.answered + one.count * (not has_failed), before.failed + one.count * has_failed)
    today = until.astimezone(BEIJING).date()
    shown = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    by_day: dict[date, list[Served]] = {on: [] for on in shown}
    for at, served in hours.items():
        if (on := at.astimezone(BEIJING).date()) in by_day:
            by_day[on].append(served)
    told = tuple(Day(on, _sum(found)) for on, found in by_day.items())
    kept = {at: served for at, served in hours.items() if at.astimezone(BEIJING).date() in by_day}
    bad = sorted(at for at, one in kept.items() if one.failed >= fewest and 1 - (one.share or 0) >= failed_share)
    return Availability(told, _incidents(bad, kept), _sum([day.served for day in told]))


def _sum(found: Sequence[Served]) -> Served:
    return Served(sum(one.answered for one in found), sum(one.failed for one in found))


def _incidents(bad: Sequence[datetime], hours: dict[datetime, Served]) -> tuple[Incident, ...]:
    """Join hours that follow each other; newest first."""
    runs: list[list[datetime]] = []
    for at in bad:
        if runs and at - runs[-1][-1] == _HOUR:
            runs[-1].append(at)
        else:
            runs.append([at])
    return tuple(Incident(run[0], run[-1] + _HOUR, _sum([hours[at] for at in run])) for run in reversed(runs))
