"""The live page: its figures are those of the exchanges, whatever the window, and an empty house says what to do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.web.small_house import BANNED, Served, csrf_of

from guiju.gateway.models import ExchangeRecord
from guiju.web.views.exchanges import EXCHANGE_OUTCOMES
from guiju.web.views.live import DECISIONS, WINDOWS, Bin, bin_starts, bins, decision_of, percentiles

NOW = datetime(2026, 11, 26, 5, 7, 31, tzinfo=UTC)


def record(opened_at: datetime, outcome: str, total_ms: int | None) -> ExchangeRecord:
    return ExchangeRecord("x", opened_at, None, "a", "p", "m", "u", outcome, (), "x", "", None, total_ms)


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_percentiles_are_values_that_were_measured_with_so_many_at_or_below(durations: list[int]) -> None:
    found = percentiles(durations)
    for share, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        assert value in durations
        below = sum(duration <= value for duration in durations)
        assert below * 100 >= share * len(durations)
        assert sum(duration < value for duration in durations) * 100 < share * len(durations)


def test_nothing_measured_is_unknown_and_not_zero() -> None:
    assert percentiles([None, None]).p99 is None
    assert percentiles([None, 7]).p50 == 7


@given(
    st.sampled_from(sorted(WINDOWS)),
    st.lists(st.tuples(st.integers(-2000, 12_000_000), st.sampled_from(sorted(EXCHANGE_OUTCOMES))), max_size=40),
)
def test_every_exchange_of_the_window_is_in_one_bin(window: str, drawn: list[tuple[int, str]]) -> None:
    starts = bin_starts(NOW, window)
    records = [record(NOW - timedelta(seconds=seconds / 10), outcome, 5) for seconds, outcome in drawn]
    found: list[Bin] = bins(records, starts)
    minutes = timedelta(minutes=WINDOWS[window][1])
    assert len(found) == WINDOWS[window][2]
    assert found[-1].start <= NOW < found[-1].start + minutes
    inside = [one for one in records if starts[0] <= one.opened_at < starts[-1] + minutes]
    assert sum(sum(one.decisions.values()) for one in found) == len(inside)
    for name in DECISIONS:
        wanted = sum(decision_of(one.outcome) == name for one in inside)
        assert sum(one.decisions[name] for one in found) == wanted


@pytest.fixture(scope="module")
def owner(served: Served) -> httpx.Client:
    return served.signed_in("owner", "live-owner")


def ask(served: Served, text: str) -> None:
    with served.client() as visitor:
        token = csrf_of(visitor, "/")
        body = orjson.dumps({"model": "echo", "messages": [{"role": "user", "content": text}]})
        headers = {"Content-Type": "application/json", "X-CSRF-Token": token}
        answer = visitor.post("/chat/completions", content=body, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["x-exchange-id"] == answer.json()["guiju"]["exchange_id"]


def live(owner: httpx.Client, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = owner.get("/api/live", params=query).json()
    return found


def test_the_figures_are_those_of_the_exchanges(served: Served, owner: httpx.Client) -> None:
    before = live(owner)
    ask(served, "你好")
    ask(served, BANNED)
    wanted = before["counted"] + 2
    for _ in range(200):
        after = live(owner)
        if after["counted"] == wanted and not any(one["outcome"] == "open" for one in after["exchanges"][:2]):
            break
    assert after["counted"] == wanted
    assert after["withheld"] == before["withheld"] + 1
    assert sum(one["decisions"]["input_refused"] for one in after["bins"]) == after["withheld"]
    refused = live(owner, outcome="input_refused")
    assert {one["outcome"] for one in refused["exchanges"]} == {"input_refused"}
    assert refused["counted"] == refused["withheld"]
    page = owner.get("/console/live?outcome=input_refused").text
    assert BANNED not in page
    assert "输入被拦截" in page


def test_a_window_that_is_none_is_a_clear_error_and_an_empty_one_says_what_to_do(owner: httpx.Client) -> None:
    assert owner.get("/api/live?window=1y").status_code == 400
    assert owner.get("/console/live?outcome=x").status_code == 400
    page = owner.get("/console/live?app=nobody").text
    assert "这个时段没有对话" in page
    assert "放宽筛选条件再试" in page
    assert "data-chart" not in page
