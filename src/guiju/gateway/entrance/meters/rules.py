"""How a meter moves; pure."""

import math

from guiju.gateway.entrance.meters.models import Grant, Level, Meter, Take


def level_now(meter: Meter, kept: Level | None, now: float) -> Level:
    """Return how a meter stands at `now`.

    A clock that goes back empties nothing, and does not make the same second count twice.
    """
    if kept is None:
        return Level(0.0, now, meter.period)
    if meter.period:
        return kept if kept.period == meter.period else Level(0.0, now, meter.period)
    emptied = max(0.0, now - kept.at) * meter.per_second
    return Level(max(0.0, kept.used - emptied), max(now, kept.at), "")


def settled(level: Level, take: Take, now: float) -> tuple[Level, Grant]:
    """Return the level after a take, and what was granted: never so much that the capacity is passed."""
    meter = take.meter
    used = max(0.0, level.used + take.charge)
    room = meter.capacity - used
    granted = min(take.want, math.floor(room)) if take.want > 0 and room >= take.least else 0.0
    granted = max(granted, take.least) if granted > 0 else 0.0
    wait = 0.0 if granted > 0 or take.want <= 0 else _wait(meter, room, take.least, now=now)
    return Level(used + granted, level.at, level.period), Grant(granted, room - granted, wait)


def slots_granted(by: int, limit: int, held_by_all: int) -> int:
    """Return how many of `by` more slots may be had while `held_by_all` are held."""
    return max(0, min(by, limit - held_by_all)) if by > 0 else by


def _wait(meter: Meter, room: float, least: float, *, now: float) -> float:
    if least > meter.capacity:
        return math.inf
    if meter.period:
        return max(0.0, meter.ends_at - now)
    return (least - room) / meter.per_second if meter.per_second > 0 else math.inf
