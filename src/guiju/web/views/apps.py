"""An app: its keys, its rules and limits, what it used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from guiju.gateway.app_rules import LIMIT_NAMES, AppRules, LimitRules, ServedUsers, read_rules, rules_facts
from guiju.gateway.entrance.service import Admission
from guiju.gateway.entrance.usage import Tally
from guiju.gateway.models import ApiKey, App
from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError, NotFoundError
from guiju.web.house import WebHouse

RANGES = {"1": "最近 24 小时", "7": "最近 7 天", "30": "最近 30 天", "90": "最近 90 天"}
_DIGITS_MOST = 15

LIMIT_TITLES = {
    "requests_per_minute": "每分钟请求数",
    "requests_per_day": "每日请求数",
    "tokens_per_minute": "每分钟词元数",
    "tokens_per_day": "每日词元数",
    "concurrent": "同时进行的对话数",
    "budget_tokens": "每月词元预算",
    "budget_money": "每月费用预算（百万分之一元）",
}
SERVES_TITLES = {
    ServedUsers.ANYBODY.value: "任何人",
    ServedUsers.NAMED.value: "应用指明的用户",
    ServedUsers.SIGNED_IN.value: "持身份令牌的用户",
}


@dataclass(frozen=True, slots=True)
class UsageStep:
    """What an app used in an hour or a day that begins at `begins`."""

    begins: datetime
    tally: Tally


@dataclass(frozen=True, slots=True)
class UsageView:
    """What an app used in a range: step by step, and in all."""

    days: int
    steps: tuple[UsageStep, ...]
    total: Tally


@dataclass(frozen=True, slots=True)
class LevelView:
    """How a limit of a whole app stands: how much there is, and how much is left."""

    name: str
    capacity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class AppDetail:
    """An app with its keys, what is left of its limits, and what it used."""

    app: App
    keys: tuple[ApiKey, ...]
    levels: tuple[LevelView, ...]
    usage: UsageView


def admission_of(house: WebHouse) -> Admission:
    """Return the room's gate.

    Raises:
        NotFoundError: this house has none.
    """
    admission = house.gateway.admission
    if admission is None:
        raise NotFoundError("本系统没有开启准入管理。", "Admission is not part of this system.")
    return admission


def app_detail(house: WebHouse, app_id: str, days: str) -> AppDetail:
    """Return an app and what it used in the last `days`.

    Raises:
        NotFoundError: there is no such app.
        InputError: the range is none of ours.
    """
    app = next((one for one in house.gateway.apps() if one.id == app_id), None)
    if app is None:
        raise NotFoundError("没有这个应用。", "There is no such app.", where="app")
    levels = [
        LevelView(meter.name, int(meter.capacity), int(remaining))
        for meter, remaining in admission_of(house).levels(app)
    ]
    return AppDetail(app, tuple(house.gateway.keys(app.id)), tuple(levels), usage_view(house, app.id, days))


def usage_view(house: WebHouse, app_id: str, days: str) -> UsageView:
    """Return what an app used, by the hour for one day, by the day for more.

    Raises:
        InputError: the range is none of ours.
    """
    if days not in RANGES:
        raise InputError(
            f"时间范围应为 {'、'.join(RANGES)} 天之一。", f"A range is one of {', '.join(RANGES)} days.", where="days"
        )
    count = int(days)
    now = house.clock.now()
    step = timedelta(hours=1) if count == 1 else timedelta(days=1)
    last = _begin(now, is_hourly=count == 1)
    begins = [last - step * back for back in range((24 if count == 1 else count) - 1, -1, -1)]
    tallies = {begin: Tally() for begin in begins}
    for row in admission_of(house).hours(app_id, begins[0].astimezone(UTC), now + timedelta(hours=1)):
        begin = _begin(row.hour, is_hourly=count == 1)
        if begin in tallies:
            tallies[begin].add(row.tally)
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    return UsageView(count, tuple(UsageStep(begin, tally) for begin, tally in tallies.items()), total)


def usage_charts(view: UsageView, names: Sequence[str]) -> tuple[dict[str, object], dict[str, object]]:
    """Return two charts: calls (answered, stopped, refused), and tokens (questions, answers)."""
    form = "%H:00" if view.days == 1 else "%m-%d"
    labels = [step.begins.strftime(form) for step in view.steps]
    tallies = [step.tally for step in view.steps]
    calls = (
        (names[0], "azurite", [tally.requests - tally.stopped for tally in tallies]),
        (names[1], "cinnabar", [tally.stopped for tally in tallies]),
        (names[2], "not_run", [tally.refused for tally in tallies]),
    )
    tokens = (
        (names[3], "azurite", [tally.tokens_in for tally in tallies]),
        (names[4], "not_run", [tally.tokens_out for tally in tallies]),
    )
    return _chart(labels, calls), _chart(labels, tokens)


def _chart(labels: list[str], series: Sequence[tuple[str, str, list[int]]]) -> dict[str, object]:
    rows = [{"name": name, "tone": tone, "values": values} for name, tone, values in series]
    return {"labels": labels, "series": rows, "is_stacked": True, "is_horizontal": False}


def rules_of_form(form: dict[str, str]) -> AppRules:
    """Read an app's rules from a form; an empty field is no limit.

    Raises:
        InputError: a field cannot be read.
    """
    rules = AppRules(
        serves=ServedUsers(form["serves"]) if form.get("serves") in SERVES_TITLES else ServedUsers.ANYBODY,
        must_be_real=form.get("must_be_real") == "1",
        may_declare=form.get("may_declare") == "1",
        app=_limits(form, "app"),
        user=_limits(form, "user"),
    )
    return read_rules(rules_facts(rules))


def _limits(form: dict[str, str], owner: str) -> LimitRules:
    numbers: dict[str, int] = {}
    for name in LIMIT_NAMES:
        text = form.get(f"{owner}.{name}", "").strip()
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MOST):
            raise InputError(
                f"{text[:20]!r} 应为不小于零的整数，留空为不限。",
                f"{text[:20]!r} must be a whole number, or empty for no limit.",
                where=f"{owner}.{name}",
            )
        numbers[name] = int(text)
    return LimitRules(**numbers)


def _begin(at: datetime, *, is_hourly: bool) -> datetime:
    local = at.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    return local if is_hourly else local.replace(hour=0)
