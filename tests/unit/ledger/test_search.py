"""Finding entries again: by what they did, to what, for which provision, when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.clock import FixedClock
from guiju.ledger.models import Draft, EntryQuery, Head
from guiju.ledger.service import Ledger

ACTIONS = ("exchange.opened", "exchange.closed", "policy.changed")
PROVISIONS = ("cn/m/art-4", "cn/m/art-4/item-1", "cn/m/art-40", "cn/m/art-14/para-1")


@pytest.fixture
def filled(sqlite_ledger: Ledger, clock: FixedClock) -> Ledger:
    for n in range(120):
        clock.advance(60)
        draft = Draft(ACTIONS[n % 3], f"app:{n % 2}", f"exchange:{n % 7}", provisions=PROVISIONS[n % 4 : n % 4 + n % 3])
        when = clock.now() - timedelta(hours=n % 5)
        sqlite_ledger.append(replace(draft, occurred_at=when))
    return sqlite_ledger


def test_a_provision_finds_what_is_below_it_and_not_its_neighbour(ledger: Ledger) -> None:
    for provision in PROVISIONS:
        ledger.append(Draft("a.b", "x", "y", provisions=(provision,)))

    def found(*provisions: str) -> list[str]:
        return [head.provisions[0] for head in ledger.find(EntryQuery(provisions=provisions))]

    assert found("cn/m/art-4") == ["cn/m/art-4/item-1", "cn/m/art-4"]
    assert found("cn/m/art-14") == ["cn/m/art-14/para-1"]
    assert found("cn/m") == list(reversed(PROVISIONS))
    assert found("cn/m/art-1") == []
    assert found("m/art-4") == []
    assert found("cn/m/art-40", "cn/m/art-14/para-1") == ["cn/m/art-14/para-1", "cn/m/art-40"]
    assert found('"') == []


def matches(query: EntryQuery) -> Callable[[Head], bool]:
    def does(head: Head) -> bool:
        return (
            (not query.actions or head.action in query.actions)
            and (
                not query.provisions
                or any(p == q or p.startswith(q + "/") for p in head.provisions for q in query.provisions)
            )
            and (not query.actor or head.actor == query.actor)
            and (not query.subject or head.subject == query.subject)
            and (query.since is None or head.occurred_at >= query.since)
            and (query.until is None or head.occurred_at < query.until)
            and (query.before_seq is None or head.seq < query.before_seq)
        )

    return does


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_query_finds_what_a_plain_filter_finds(filled: Ledger, clock: FixedClock, data: st.DataObject) -> None:
    times = st.none() | st.integers(-60, 60 * 10).map(lambda minutes: clock.now() - timedelta(minutes=minutes))
    query = EntryQuery(
        actions=tuple(data.draw(st.lists(st.sampled_from(ACTIONS), max_size=3))),
        provisions=tuple(data.draw(st.lists(st.sampled_from([*PROVISIONS, "cn/m", "cn"]), max_size=2))),
        actor=data.draw(st.sampled_from(["", "app:1"])),
        subject=data.draw(st.sampled_from(["", "exchange:3"])),
        since=data.draw(times),
        until=data.draw(times),
        before_seq=data.draw(st.none() | st.integers(0, 130)),
        limit=data.draw(st.sampled_from([0, 1, 7, 500])),
    )
    every = [head for head in filled.find(EntryQuery(limit=500)) if matches(query)(head)]
    assert filled.find(query) == every[: query.limit]
    assert filled.count(query) == len(every)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_facts_count_and_name_the_newest_by_when_they_happened(
    filled: Ledger, clock: FixedClock, data: st.DataObject
) -> None:
    actions = tuple(data.draw(st.lists(st.sampled_from([*ACTIONS, "never.seen"]), max_size=4)))
    since, until = (
        data.draw(st.none() | st.integers(0, 600).map(lambda m: clock.now() - timedelta(minutes=m))) for _ in range(2)
    )
    facts = filled.facts(actions, since, until, limit=4)
    wanted = matches(EntryQuery(since=since, until=until))
    expected = sorted(
        (head for head in filled.find(EntryQuery(limit=500)) if head.action in actions and wanted(head)),
        key=lambda head: (head.occurred_at, head.seq),
        reverse=True,
    )
    assert facts.count == len(expected)
    assert facts.newest_ids == tuple(head.id for head in expected[:4])
    assert facts.newest_at == (expected[0].occurred_at if expected else None)


def test_a_search_on_both_databases_pages_from_the_newest(ledger: Ledger) -> None:
    for n in range(25):
        ledger.append(Draft(ACTIONS[n % 2], "x", "y", provisions=(PROVISIONS[n % 3],)))
    seen: list[int] = []
    before = None
    while page := ledger.find(EntryQuery(actions=ACTIONS[:2], provisions=("cn/m",), before_seq=before, limit=10)):
        seen += [head.seq for head in page]
        before = page[-1].seq
    assert seen == list(range(24, -1, -1))
    assert ledger.facts(ACTIONS, None, None, limit=3).count == 25
    assert ledger.count(EntryQuery(actions=ACTIONS[:1])) == 13
