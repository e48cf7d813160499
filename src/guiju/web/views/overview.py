"""The overview: where the service stands, what needs someone, what happened in the last day."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from guiju.gateway.models import ExchangeQuery, ExchangeRecord
from guiju.kit.clock import BEIJING
from guiju.law.models import Risk
from guiju.review.models import ChangeState
from guiju.review.rules import ON_TRIAL
from guiju.supervision.models import Assessment
from guiju.web.house import WebHouse
from guiju.web.views.exchanges import HourCount, hours_view, newest_exchanges
from guiju.web.views.law import Need, OutcomeCount, needs, overview_counts

_MOST_ROWS = 5000
_MOST_RISKS = 8


@dataclass(frozen=True, slots=True)
class RiskTally:
    """How many exchanges of the last seven days touched a risk."""

    risk: Risk
    count: int


@dataclass(frozen=True, slots=True)
class Duty:
    """Work of the day that waits for somebody: what, how much, until when, and where it is done.

    `what` is one of `DUTIES`; `count` fills its place; `due` is a day, None where there is none.
    """

    what: str
    count: int
    due: date | None
    path: str
    action: str
    is_late: bool


DUTIES = {
    "sanctions": "{n} 条对处置的异议等待答复",
    "objections": "{n} 条用户异议等待答复",
    "overdue": "{n} 条待复核已逾期",
    "waiting": "{n} 条等待复核",
    "proposed": "{n} 项词库变更等待第二人批准",
    "trial": "{n} 项词库变更在试行，看实测后再推进",
    "update_late": "关键词库已 {n} 天未按期更新",
    "update_soon": "关键词库还有 {n} 天须更新",
    "by_hand": "{n} 个手写词库文件未经第二人复核",
}
_SOON_DAYS = 2


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Everything on the overview; `is_cut` says that the charts count only the newest exchanges, of which `counted`."""

    counts: tuple[OutcomeCount, ...]
    needs: tuple[Need, ...]
    hours: tuple[HourCount, ...]
    risks: tuple[RiskTally, ...]
    counted: int
    is_cut: bool
    duties: tuple[Duty, ...] = ()


def overview_view(house: WebHouse, assessment: Assessment) -> OverviewView:
    """Return the overview of the moment."""
    now = house.clock.now()
    records = newest_exchanges(house, ExchangeQuery(since=now - timedelta(days=7)), _MOST_ROWS)
    return OverviewView(
        counts=overview_counts(assessment),
        needs=tuple(needs(assessment)),
        hours=tuple(hours_view(records, now)),
        risks=tuple(_risks(house, records)),
        counted=len(records),
        is_cut=len(records) == _MOST_ROWS,
        duties=tuple(
            duty for duty in (*_review_duties(house), *_user_duties(house), *_library_duties(house)) if duty.count
        ),
    )


def _review_duties(house: WebHouse) -> Iterator[Duty]:
    """Say what waits for people who review."""
    counts = house.review.queue.counts()
    due = counts.oldest_due.astimezone(BEIJING).date() if counts.oldest_due else None
    path = "/console/review"
    yield Duty("objections", counts.objections, due, f"{path}?reason=objection", "view_review", is_late=False)
    yield Duty("overdue", counts.overdue, due, f"{path}?state=overdue", "view_review", is_late=True)
    yield Duty("waiting", max(0, counts.waiting - counts.overdue), due, path, "view_review", is_late=False)


def _user_duties(house: WebHouse) -> Iterator[Duty]:
    """Say what waits for people who answer users about measures against them."""
    if house.gateway.admission is not None:
        waiting = len(house.gateway.admission.sanctions.waiting())
        path = "/console/sanctions?state=waiting"
        yield Duty("sanctions", waiting, None, path, "view_sanctions", is_late=False)


def _library_duties(house: WebHouse) -> Iterator[Duty]:
    """Say what waits for people who keep the keyword library; how old it may get is the law's number."""
    changes, path, action = house.review.changes, "/console/changes", "view_policy"
    yield Duty("proposed", changes.count((ChangeState.PROPOSED,)), None, path, action, is_late=False)
    yield Duty("trial", changes.count(ON_TRIAL), None, path, action, is_late=False)
    yield Duty("by_hand", len(changes.by_hand()), None, path, action, is_late=False)
    update = house.review.updates.due()
    if update.days_left is not None and update.days_left < 0:
        yield Duty("update_late", -update.days_left, update.due, path, action, is_late=True)
    elif update.days_left is not None and update.days_left <= _SOON_DAYS:
        yield Duty("update_soon", max(1, update.days_left), update.due, path, action, is_late=False)


def hours_chart(view: OverviewView, names: tuple[str, str, str]) -> dict[str, object]:
    """Return the exchanges of each hour as the chart's data; `names` are those of answered, withheld and other."""
    values = (
        [hour.answered for hour in view.hours],
        [hour.withheld for hour in view.hours],
        [hour.other for hour in view.hours],
    )
    tones = ("azurite", "cinnabar", "not_run")
    return {
        "labels": [f"{hour.hour.astimezone(BEIJING):%H}:00" for hour in view.hours],
        "series": [
            {"name": name, "tone": tone, "values": numbers}
            for name, tone, numbers in zip(names, tones, values, strict=True)
        ],
        "is_stacked": True,
        "is_horizontal": False,
    }


def risks_chart(view: OverviewView, titles: list[str], name: str) -> dict[str, object]:
    """Return the tally of risks as the chart's data."""
    return {
        "labels": titles,
        "series": [{"name": name, "tone": "cinnabar", "values": [item.count for item in view.risks]}],
        "is_stacked": False,
        "is_horizontal": True,
    }


def _risks(house: WebHouse, records: list[ExchangeRecord]) -> list[RiskTally]:
    counts = Counter(risk for record in records for risk in record.risks)
    titles = {risk.id: risk for risk in house.law.risks()}
    return [RiskTally(titles[risk], count) for risk, count in counts.most_common(_MOST_RISKS) if risk in titles]
