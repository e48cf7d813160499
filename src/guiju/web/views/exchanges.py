"""Exchanges: the list that a person searches, and one exchange as a timeline."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guiju.gateway.models import ExchangeQuery, ExchangeRecord
from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.law.models import Risk
from guiju.ledger.models import EntryQuery, Head
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, beijing_midnight, plain, read_date

# The words of an exchange's outcome, and the tone each is shown in.
EXCHANGE_OUTCOMES = {
    "answered": ("已回答", "met"),
    "input_refused": ("输入被拦截", "not_met"),
    "output_stopped": ("输出被停止", "not_met"),
    "undetermined": ("未能判定", "needs_review"),
    "client_left": ("用户离开", "not_applicable"),
    "upstream_failed": ("模型故障", "insufficient"),
    "bad_request": ("请求有误", "not_applicable"),
    "interrupted": ("中断", "insufficient"),
    "evidence_failed": ("证据写入失败", "insufficient"),
    "open": ("进行中", "not_run"),
}
_CHART_HOURS = 24
_BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class ExchangesView:
    """A page of exchanges, newest first; `next_before` asks for the next page, empty on the last."""

    exchanges: tuple[ExchangeRecord, ...]
    next_before: str


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange and the entries about it, oldest first."""

    exchange: ExchangeRecord
    entries: tuple[Head, ...]
    risks: tuple[Risk, ...]


@dataclass(frozen=True, slots=True)
class HourCount:
    """How many exchanges that were opened in an hour were answered, withheld, or ended in another way."""

    hour: datetime
    answered: int
    withheld: int
    other: int


def exchange_query(values: dict[str, str], limit: int = PAGE_ROWS) -> ExchangeQuery:
    """Read a search from query values; days are days in Beijing.

    Raises:
        InputError: a date or an outcome cannot be read.
    """
    outcome = values.get("outcome", "")
    if outcome and outcome not in EXCHANGE_OUTCOMES:
        raise InputError(
            f"没有名为 {outcome[:20]!r} 的结果。", f"There is no outcome {outcome[:20]!r}.", where="outcome"
        )
    since, until = read_date(values.get("since", ""), "since"), read_date(values.get("until", ""), "until")
    return ExchangeQuery(
        outcome=outcome,
        risk=plain(values.get("risk", ""), 16),
        app_id=plain(values.get("app", ""), 64),
        since=beijing_midnight(since) if since else None,
        until=beijing_midnight(until + timedelta(days=1)) if until else None,
        before_id=plain(values.get("before", ""), 64),
        limit=limit,
    )


def exchanges_view(house: WebHouse, values: dict[str, str]) -> ExchangesView:
    """Return the page of exchanges that `values` ask for.

    Raises:
        InputError: a value cannot be read.
    """
    query = exchange_query(values, PAGE_ROWS + 1)
    found = house.gateway.search_exchanges(query)
    shown = found[:PAGE_ROWS]
    return ExchangesView(tuple(shown), shown[-1].id if len(found) > PAGE_ROWS else "")


def exchange_view(house: WebHouse, exchange_id: str) -> ExchangeView:
    """Return one exchange, without anything that was said.

    Raises:
        NotFoundError: there is none.
    """
    record = house.gateway.exchange(plain(exchange_id, 64))
    entries = house.ledger.find(EntryQuery(subject=f"exchange:{record.id}", limit=100))
    titles = {risk.id: risk for risk in house.law.risks()}
    return ExchangeView(
        record, tuple(reversed(entries)), tuple(titles[risk] for risk in record.risks if risk in titles)
    )


def newest_exchanges(house: WebHouse, query: ExchangeQuery, most: int) -> list[ExchangeRecord]:
    """Return the newest `most` exchanges that match, read batch by batch."""
    found: list[ExchangeRecord] = []
    while len(found) < most:
        wanted = min(_BATCH_ROWS, most - len(found))
        before = found[-1].id if found else query.before_id
        batch = house.gateway.search_exchanges(replace(query, before_id=before, limit=wanted))
        found += batch
        if len(batch) < wanted:
            break
    return found


def hours_view(records: Iterable[ExchangeRecord], now: datetime) -> list[HourCount]:
    """Count the exchanges of the last 24 hours by hour, the oldest first."""
    last = now.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    counts = {last - timedelta(hours=_CHART_HOURS - 1 - step): [0, 0, 0] for step in range(_CHART_HOURS)}
    for record in records:
        hour = record.opened_at.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
        if hour in counts:
            counts[hour][_kind(record.outcome)] += 1
    return [HourCount(hour, *numbers) for hour, numbers in counts.items()]


def _kind(outcome: str) -> int:
    if outcome == "answered":
        return 0
    return 1 if outcome in {"input_refused", "output_stopped", "undetermined"} else 2
