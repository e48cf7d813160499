"""No first part of a banned term leaves, however the model server cuts its stream, under any policy for streams."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator

import pytest
from bench.gateway.leaks.leaks import TERMS, Case, Target, cases, judge, run, table
from tests.e2e.faults.house import House

from guiju.ledger.models import EntryQuery

CASES = cases(TERMS)
RELOADED = EntryQuery(actions=("policy.reloaded",), limit=100)


@pytest.fixture(params=["exact", "sentences", "whole"])
def release(request: pytest.FixtureRequest, house: House) -> Iterator[str]:
    """Put a policy for streams in force, as an operator does, and take it back."""
    path = house.settings.var / "policy.yaml"
    before = path.read_text(encoding="utf-8")
    reload_with(house, f"{before}streams: {{release: {request.param}}}\n")
    yield request.param
    reload_with(house, before)


def reload_with(house: House, policy: str) -> None:
    """Write a policy and tell the house; returns when it is in force."""
    path = house.settings.var / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    count = len(house.ledger.find(RELOADED))
    house.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 20
    while len(house.ledger.find(RELOADED)) == count:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_there_are_enough_cases_of_every_kind() -> None:
    assert len(CASES) >= 300
    assert len({case.cut for case in CASES}) >= 10
    assert {case.packets for case in CASES} == {"event", "one", "byte"}
    assert json.dumps([case.number for case in CASES]) == json.dumps(list(range(len(CASES))))


def test_no_first_part_of_a_term_leaves_and_nothing_harmless_is_harmed(house: House, release: str) -> None:
    target = Target(f"http://127.0.0.1:{house.port}/v1", house.key)
    results = asyncio.run(run(target, CASES, listen=f"127.0.0.1:{house.leaks_port}"))
    assert len(results) == len(CASES), release
    assert not [result for result in results if result.leaked or result.is_harmed or result.error], table(results)
    assert not [result for result in results if result.is_cut], "every answer has an end"


@pytest.mark.parametrize(
    ("got", "leaked", "is_harmed"),
    [
        ("好的，", 0, False),
        ("好的，抱歉，我不能回答。", 0, False),
        ("好的，赤", 1, False),
        ("好的，赤狐行动抱歉", 4, False),
        ("好的，赤狐行动计划", 6, False),
        ("", 0, False),
    ],
)
def test_the_suite_sees_a_leak(got: str, leaked: int, is_harmed: bool) -> None:  # noqa: FBT001 - a table
    case = Case(0, "x", "stream", "好的，", "赤狐行动计划", tuple("好的，赤狐行动计划"))
    result = judge(case, got)
    assert (result.leaked, result.is_harmed) == (leaked, is_harmed)


def test_the_suite_sees_a_harmless_text_that_is_cut() -> None:
    case = Case(0, "x", "stream", "赤狐", "", tuple("赤狐"))
    assert judge(case, "赤").is_harmed
    assert not judge(case, "赤狐").is_harmed
