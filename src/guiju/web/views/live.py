"""What happens now: the newest exchanges, how long answers take, what was decided, how the model servers do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from guiju.gateway.models import ExchangeQuery, ExchangeRecord, UpstreamState
from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.web.house import WebHouse
from guiju.web.tables import plain
from guiju.web.views.exchanges import EXCHANGE_OUTCOMES, newest_exchanges

_MOST_ROWS = 5000
_SHOWN = 25
# name → (title, length of a bin in minutes, number of bins)
WINDOWS = {
    "15m": ("最近 15 分钟", 1, 15),
    "1h": ("最近 1 小时", 5, 12),
    "24h": ("最近 24 小时", 60, 24),
    "7d": ("最近 7 天", 360, 28),
}
DECISIONS = ("answered", "input_refused", "output_stopped", "undetermined", "other")
_FAILURES = frozenset(("upstream_failed", "evidence_failed", "interrupted"))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of durations in milliseconds, by nearest rank; None where nothing was measured."""

    p50: int | None
    p95: int | None
    p99: int | None


@dataclass(frozen=True, slots=True)
class Bin:
    """A stretch of time: the exchanges that were opened in it, by how they ended, and how long they took."""

    start: datetime
    decisions: dict[str, int]
    total: Percentiles
    first_byte: Percentiles


@dataclass(frozen=True, slots=True)
class UpstreamUse:
    """A model server: how it does as this process sees it, and what it answered in the window."""

    state: UpstreamState
    answers: int
    total: Percentiles


@dataclass(frozen=True, slots=True)
class LiveView:
    """The page; `is_cut` says that only the newest `counted` exchanges of the window are in the figures."""

    window: str
    at: datetime
    bins: tuple[Bin, ...]
    upstreams: tuple[UpstreamUse, ...]
    exchanges: tuple[ExchangeRecord, ...]
    total: Percentiles
    first_byte: Percentiles
    counted: int
    withheld: int
    failed: int
    is_cut: bool


def live_view(house: WebHouse, values: dict[str, str]) -> LiveView:
    """Return what happened in the window that `values` ask for; its filters hold for everything but the model servers.

    Raises:
        InputError: there is no such window or outcome.
    """
    window, outcome = values.get("window") or "1h", values.get("outcome", "")
    if window not in WINDOWS or (outcome and outcome not in EXCHANGE_OUTCOMES):
        raise InputError("没有这个时段或结果。", "There is no such window or outcome.", where="window")
    now = house.clock.now()
    starts = bin_starts(now, window)
    query = ExchangeQuery(outcome=outcome, app_id=plain(values.get("app", ""), 64), since=starts[0])
    records = newest_exchanges(house, query, _MOST_ROWS)
    return LiveView(
        window=window,
        at=now,
        bins=tuple(bins(records, starts)),
        upstreams=tuple(_uses(house.gateway.upstream_states(), records)),
        exchanges=tuple(records[:_SHOWN]),
        total=percentiles(record.total_ms for record in records),
        first_byte=percentiles(record.first_byte_ms for record in records),
        counted=len(records),
        withheld=sum(record.outcome in DECISIONS[1:4] for record in records),
        failed=sum(record.outcome in _FAILURES for record in records),
        is_cut=len(records) == _MOST_ROWS,
    )


def bin_starts(now: datetime, window: str) -> list[datetime]:
    """Return when the bins of a window begin, in Beijing time, the oldest first; the last one is not over."""
    _, minutes, count = WINDOWS[window]
    local = now.astimezone(BEIJING)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    step = timedelta(minutes=minutes)
    last = midnight + step * ((local - midnight) // step)
    return [last - step * (count - 1 - number) for number in range(count)]


def bins(records: Iterable[ExchangeRecord], starts: list[datetime]) -> list[Bin]:
    """Sort exchanges into the bins that begin at `starts`; one outside of all is left out."""
    step = starts[1] - starts[0]
    sorted_in: list[list[ExchangeRecord]] = [[] for _ in starts]
    for record in records:
        place = (record.opened_at - starts[0]) // step
        if 0 <= place < len(starts):
            sorted_in[place].append(record)
    return [
        Bin(
            start,
            {name: sum(decision_of(record.outcome) == name for record in found) for name in DECISIONS},
            percentiles(record.total_ms for record in found),
            percentiles(record.first_byte_ms for record in found),
        )
        for start, found in zip(starts, sorted_in, strict=True)
    ]


def decision_of(outcome: str) -> str:
    """Return under which of `DECISIONS` an outcome is counted."""
    return outcome if outcome in DECISIONS else "other"


def percentiles(durations: Iterable[int | None]) -> Percentiles:
    """Return the percentiles of what was measured, by nearest rank."""
    known = sorted(duration for duration in durations if duration is not None)
    if not known:
        return Percentiles(None, None, None)
    p50, p95, p99 = (known[-(-share * len(known) // 100) - 1] for share in (50, 95, 99))
    return Percentiles(p50, p95, p99)


def _uses(states: Iterable[UpstreamState], records: list[ExchangeRecord]) -> Iterable[UpstreamUse]:
    for state in states:
        answered = [record for record in records if record.upstream == state.name]
        yield UpstreamUse(state, len(answered), percentiles(record.total_ms for record in answered))


def latency_chart(view: LiveView, names: tuple[str, str, str, str]) -> dict[str, object]:
    """Return the percentiles over time as the chart's data."""
    tones = ("azurite", "partial", "cinnabar", "not_applicable")
    lines = (
        [one.total.p50 for one in view.bins],
        [one.total.p95 for one in view.bins],
        [one.total.p99 for one in view.bins],
        [one.first_byte.p50 for one in view.bins],
    )
    return {**_chart(view, names, tones=tones, values=lines), "kind": "line", "is_stacked": False}


def decisions_chart(view: LiveView, names: tuple[str, ...]) -> dict[str, object]:
    """Return the decisions over time as the chart's data; `names` are those of `DECISIONS`."""
    tones = ("azurite", "cinnabar", "partial", "needs_review", "not_run")
    bars = [[one.decisions[name] for one in view.bins] for name in DECISIONS]
    return {**_chart(view, names, tones=tones, values=bars), "kind": "bar", "is_stacked": True}


def _chart(
    view: LiveView, names: tuple[str, ...], *, tones: tuple[str, ...], values: Iterable[object]
) -> dict[str, object]:
    form = "%m-%d %H:%M" if view.window == "7d" else "%H:%M"
    return {
        "labels": [one.start.strftime(form) for one in view.bins],
        "series": [
            {"name": name, "tone": tone, "values": numbers}
            for name, tone, numbers in zip(names, tones, values, strict=True)
        ],
        "is_horizontal": False,
    }
