"""The published page of availability: for anybody, true to the records, and only where the operator wants it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date

import httpx
import pytest
from tests.unit.web.small_house import Served, build_small_house, serve

from guiju.gateway.availability import Day
from guiju.gateway.availability import Served as Counted
from guiju.web.routes.status import kind_of


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(build_small_house(tmp_path_factory.mktemp("status"))) as served:
        yield served


def test_nobody_needs_an_account_and_no_record_is_no_availability(served: Served) -> None:
    with closing(httpx.Client(base_url=served.base)) as client:
        page = client.get("/status")
        facts = client.get("/status.json")
    assert page.status_code == facts.status_code == 200
    assert "服务状态" in page.text
    assert "可用性未知" in page.text
    told = facts.json()
    assert told["share"] is None
    assert len(told["days"]) == 90
    assert {day["state"] for day in told["days"]} == {"unknown"}
    assert page.text.count('class="status-bar ') == 90


def test_it_is_there_in_english_too(served: Served) -> None:
    with closing(httpx.Client(base_url=served.base)) as client:
        assert "Service status" in client.get("/status?lang=en").text


def test_no_name_of_a_model_server_is_told(served: Served) -> None:
    with closing(httpx.Client(base_url=served.base)) as client:
        told = client.get("/status").text + client.get("/status.json").text
    assert not any(state.name in told for state in served.house.gateway.upstream_states() if len(state.name) > 3)


def test_an_operator_may_keep_it_to_himself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.house, "settings", served.house.settings.model_copy(update={"publish_status": False}))
    with closing(httpx.Client(base_url=served.base)) as client:
        assert client.get("/status").status_code == client.get("/status.json").status_code == 404


@pytest.mark.parametrize(
    ("answered", "failed", "kind"), [(0, 0, "unknown"), (1000, 0, "well"), (1000, 20, "weak"), (10, 10, "bad")]
)
def test_a_day_is_called_what_it_was(answered: int, failed: int, kind: str) -> None:
    assert kind_of(Day(date(2026, 11, 26), Counted(answered, failed))) == kind
