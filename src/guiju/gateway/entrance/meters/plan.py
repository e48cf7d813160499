"""Which meters a call has to pass: those of its app, and those of its user."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from guiju.gateway.app_rules import AppRules, LimitRules
from guiju.gateway.entrance.meters.models import Meter
from guiju.kit.clock import BEIJING

REQUESTS, TOKENS, MONEY = "requests", "tokens", "money"
_MINUTE_SECONDS = 60.0
_KEPT_MOST = 10_000
# limit → (what it counts, minute, day or month)
_SHAPES = {
    "requests_per_minute": (REQUESTS, "minute"),
    "requests_per_day": (REQUESTS, "day"),
    "tokens_per_minute": (TOKENS, "minute"),
    "tokens_per_day": (TOKENS, "day"),
    "budget_tokens": (TOKENS, "month"),
    "budget_money": (MONEY, "month"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The meters of a call by what they count, and the slots it takes: (key, limit, `app` or `user`)."""

    meters: tuple[tuple[Meter, str], ...]
    slots: tuple[tuple[str, int, str], ...]

    def counting(self, unit: str) -> tuple[Meter, ...]:
        """Return the meters that count `unit`."""
        if not self.meters:
            return ()
        return tuple(meter for meter, its in self.meters if its == unit)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is limited."""
        return not self.meters and not self.slots


NO_PLAN = Plan((), ())


class Planner:
    """Makes plans, and remembers them while rules and day stay the same."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[tuple[str, str], tuple[AppRules, str, Plan]] = {}

    def plan(self, app_id: str, person: str, rules: AppRules, *, now: datetime) -> Plan:
        """Return the meters of a call at `now`."""
        if rules.app.is_empty and rules.user.is_empty:
            return NO_PLAN
        today = now.astimezone(BEIJING).date().isoformat()
        kept = self._kept.get((app_id, person))
        if kept is not None and kept[1] == today and kept[0] == rules:
            return kept[2]
        plan = _plan(f"a:{app_id}", f"u:{app_id}:{person}", rules, now=now)
        if len(self._kept) >= _KEPT_MOST:
            self._kept.clear()
        self._kept[app_id, person] = (rules, today, plan)
        return plan


def _plan(app_key: str, user_key: str, rules: AppRules, *, now: datetime) -> Plan:
    meters: list[tuple[Meter, str]] = []
    slots: list[tuple[str, int, str]] = []
    for owner, key, limits in (("app", app_key, rules.app), ("user", user_key, rules.user)):
        meters += _meters(owner, key, limits, now=now)
        if limits.concurrent is not None:
            slots.append((f"s:{key}", limits.concurrent, owner))
    return Plan(tuple(meters), tuple(slots))


def _meters(owner: str, key: str, limits: LimitRules, *, now: datetime) -> list[tuple[Meter, str]]:
    found = []
    for name, (unit, span) in _SHAPES.items():
        limit = getattr(limits, name)
        if limit is None:
            continue
        if span == "minute":
            meter = Meter(f"{key}:{name}", name, owner, float(limit), limit / _MINUTE_SECONDS)
        else:
            period, ends_at = _period(span, now)
            meter = Meter(f"{key}:{name}", name, owner, float(limit), period=period, ends_at=ends_at)
        found.append((meter, unit))
    return found


def _period(span: str, now: datetime) -> tuple[str, float]:
    """Return the name of the day or month in Beijing, and when it ends."""
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    if span == "day":
        return midnight.date().isoformat(), (midnight + timedelta(days=1)).timestamp()
    first = midnight.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return f"{first:%Y-%m}", following.timestamp()
