"""Whatever a signed-in browser sends, it gets a page or a clear error, never a fault; and leaving early is recorded."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.web.small_house import Served, build_small_house, csrf_of

from guiju.gateway.evidence import Noted
from guiju.gateway.models import ExchangeQuery
from guiju.gateway.repository import GatewayRepository
from guiju.kit.ids import new_id
from guiju.web.views.exchanges import hours_view, newest_exchanges

PATHS = (
    "/console/law",
    "/console/exchanges",
    "/console/policy",
    "/console/policy/terms",
    "/console/ledger",
    "/api/law",
    "/api/exchanges",
    "/api/policy/terms",
    "/api/ledger",
)
NAMES = (
    "as_of",
    "outcome",
    "chapter",
    "risk",
    "app",
    "since",
    "until",
    "before",
    "q",
    "page",
    "action",
    "provision",
    "lang",
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["-1", "0", "99999999999999999999", "2026-11-23", "0001-01-01", "9999-12-31", "met", "A.1-f", "%", "'", "\x00"]
    ),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), query=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_no_query_is_a_fault(owner: httpx.Client, path: str, query: dict[str, str]) -> None:
    assert owner.get(path, params=query).status_code in {200, 400}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        [
            "/console/law/declare",
            "/console/policy/trial",
            "/console/apps",
            "/console/staff",
            "/console/account",
            "/chat",
        ]
    ),
    form=st.dictionaries(
        st.sampled_from(
            ["text", "scope", "obligation", "outcome", "reason", "days", "role", "old", "new", "history", "model"]
        ),
        st.text(max_size=40),
        max_size=4,
    ),
)
def test_no_form_is_a_fault(owner: httpx.Client, path: str, form: dict[str, str]) -> None:
    token = csrf_of(owner, "/console/account")
    answer = owner.post(path, data={"csrf": token, **form})
    assert answer.status_code in {200, 400, 403, 404, 429}
    assert "Traceback" not in answer.text


@pytest.fixture(scope="module")
def owner(served: Served) -> httpx.Client:
    return served.signed_in("owner", "hostile")  # its wrong passwords lock this account only


@pytest.mark.parametrize(
    "path",
    [
        "/console/exchanges/%00",
        "/console/ledger/entries/%F0%9F%98%80",
        "/console/law/../x",
        "/objections/" + "x" * 3000,
    ],
)
def test_no_path_is_a_fault(owner: httpx.Client, path: str) -> None:
    assert owner.get(path).status_code == 404


def test_a_visitor_who_leaves_stops_the_upstream_and_it_is_recorded(served: Served) -> None:
    with served.client() as client:
        headers = {"X-CSRF-Token": csrf_of(client, "/")}
        body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": "长" * 3000}]}
        with client.stream("POST", "/chat/completions", json=body, headers=headers) as answer:
            next(answer.iter_raw())
    for _ in range(100):
        if served.house.gateway.search_exchanges(ExchangeQuery(outcome="client_left")):
            return
        time.sleep(0.05)
    raise AssertionError("nobody recorded that the visitor left")


def test_charts_count_every_exchange_however_many_batches_they_come_in(tmp_path: Path) -> None:
    house = build_small_house(tmp_path)
    now = datetime.now(UTC)
    outcomes = ("answered", "input_refused", "upstream_failed")
    noted = [
        Noted(new_id(), now - timedelta(hours=n % 20), now, "a", "p", "m", "u", outcomes[n % 3], (), "", None, None)
        for n in range(1234)
    ]
    GatewayRepository(house.database).keep(noted)
    found = newest_exchanges(house, ExchangeQuery(), 5000)
    assert [record.id for record in found] == sorted((item.id for item in noted), reverse=True)
    hours = hours_view(found, now)
    assert len(hours) == 24
    assert [sum(getattr(hour, kind) for hour in hours) for kind in ("answered", "withheld", "other")] == [412, 411, 411]
    assert len(newest_exchanges(house, ExchangeQuery(), 700)) == 700
    house.database.close()


def test_pages_lead_to_earlier_pages(tmp_path: Path) -> None:
    from tests.unit.web.small_house import serve  # noqa: PLC0415

    house = build_small_house(tmp_path)
    now = datetime.now(UTC)
    noted = [Noted(new_id(), now, now, "a", "p", "m", "u", "answered", (), "", None, None) for _ in range(120)]
    GatewayRepository(house.database).keep(noted)
    with serve(house) as served, closing(served.signed_in("auditor")) as client:
        seen: list[str] = []
        before = ""
        for size in (50, 50, 20):
            view = client.get("/api/exchanges", params={"before": before}).json()
            assert len(view["exchanges"]) == size
            seen += [item["id"] for item in view["exchanges"]]
            before = view["next_before"]
        assert before == ""
        assert seen == sorted((item.id for item in noted), reverse=True)
        page = client.get("/console/exchanges").text
        assert f"before={seen[49]}" in page
