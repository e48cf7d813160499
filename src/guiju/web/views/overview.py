"""The overview: where the service stands, what needs someone, what happened in the last day."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from guiju.gateway.models import ExchangeQuery, ExchangeRecord
from guiju.kit.clock import BEIJING
from guiju.law.models import Risk
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
class OverviewView:
    """Everything on the overview; `is_cut` says that the charts count only the newest exchanges, of which `counted`."""

    counts: tuple[OutcomeCount, ...]
    needs: tuple[Need, ...]
    hours: tuple[HourCount, ...]
    risks: tuple[RiskTally, ...]
    counted: int
    is_cut: bool


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
    )


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
