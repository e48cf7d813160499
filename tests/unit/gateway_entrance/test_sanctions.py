"""Sanctions: the gravest holds, more never opens and fewer never closes, the rule counts only what is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.entrance.repository.sanctions import SanctionRepository
from guiju.gateway.entrance.sanctions import rules
from guiju.gateway.entrance.sanctions.conduct import ConductWatch, conduct_of
from guiju.gateway.entrance.sanctions.models import (
    AbuseRule,
    Conduct,
    Sanction,
    SanctionKind,
    SanctionOrder,
    SanctionQuery,
)
from guiju.gateway.entrance.sanctions.register import OwnRegister
from guiju.gateway.entrance.sanctions.watch import SanctionWatch
from guiju.gateway.models import ExchangeQuery, ExchangeRecord
from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, NotFoundError, RefusedError, StorageError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft, Receipt
from guiju.storage.database import Database

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
RULE = AbuseRule(3, 5, 24.0, ("in-a-row", "in-a-day"))
FUNCTIONS = ("stream", "tools", "images/generations")


@st.composite
def sanctions(draw: st.DrawFn) -> Sanction:
    kind = draw(st.sampled_from(SanctionKind))
    until = None if kind is SanctionKind.TERMINATE else NOW + timedelta(hours=draw(st.integers(-3, 3)))
    functions = tuple(draw(st.sets(st.sampled_from(FUNCTIONS), min_size=1))) if kind is SanctionKind.LIMIT else ()
    lifted_at = NOW if draw(st.booleans()) and draw(st.booleans()) else None
    return Sanction(new_id(), SanctionOrder("p", kind, "理由", functions=functions, until=until), "s", NOW, lifted_at)


SOME = st.lists(sanctions(), max_size=6)
USED = st.frozensets(st.sampled_from(FUNCTIONS))


@given(some=SOME, more=sanctions(), used=USED)
def test_one_more_never_opens_and_one_less_never_closes(
    some: list[Sanction], more: Sanction, used: frozenset[str]
) -> None:
    before, after = rules.refusing(some, used, NOW), rules.refusing([*some, more], used, NOW)
    if before is not None:
        assert after is not None
        assert rules.severity(after) >= rules.severity(before)
    if after is None:
        assert before is None
    lifted = [replace(one, lifted_at=NOW) for one in some]
    assert rules.refusing(lifted, used, NOW) is None


@given(some=SOME, used=USED, hours=st.integers(0, 10))
def test_time_alone_never_closes_what_was_open(some: list[Sanction], used: frozenset[str], hours: int) -> None:
    if rules.refusing(some, used, NOW) is None:
        assert rules.refusing(some, used, NOW + timedelta(hours=hours)) is None


@given(some=SOME, used=USED)
def test_who_may_do_nothing_may_not_do_something(some: list[Sanction], used: frozenset[str]) -> None:
    if rules.is_shut_out(some, NOW):
        assert rules.refusing(some, used, NOW) is not None


def history(marks: str, *, minutes: int = 1) -> list[Conduct]:
    """`x` illegal, `o` let through, `?` nobody knows; the last one is the newest."""
    known = {"x": True, "o": False, "?": None}
    made = [
        Conduct(f"e{place:03d}", NOW - timedelta(minutes=minutes * (len(marks) - place)), known[mark])
        for place, mark in enumerate(marks)
    ]
    return made[::-1]


@pytest.mark.parametrize(
    ("marks", "speaks"),
    [
        ("xxx", True),
        ("xx", False),
        ("xxox", False),
        ("xxxo", True),
        ("xxxooooo?o", True),
        ("oxxx", True),
        ("x?x?x", True),
        ("???", False),
        ("xoxoxoxox", True),
        ("xoxoxox", False),
        ("x?oxoxoxo?x", True),
        ("", False),
    ],
)
def test_three_in_a_row_or_five_in_a_day(marks: str, *, speaks: bool) -> None:
    assert bool(rules.abuse(history(marks), RULE, NOW)) is speaks


def test_a_day_is_twenty_four_hours_and_numbers_that_the_law_does_not_name_count_nothing() -> None:
    slow = history("xoxoxoxox", minutes=300)
    assert rules.abuse(slow, RULE, NOW) == []
    assert rules.abuse(history("xxxxxxx"), AbuseRule(None, None, 24.0), NOW) == []


@given(st.text("xo?", max_size=20), st.text("xo?", max_size=5))
def test_nothing_that_comes_later_silences_the_rule(marks: str, later: str) -> None:
    if rules.abuse(history(marks), RULE, NOW):
        assert rules.abuse(history(marks + later), RULE, NOW)


class Recorded:
    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.is_broken = False

    def append(self, draft: Draft) -> Receipt:
        if self.is_broken:
            raise StorageError("坏了。", "Broken.")
        self.drafts.append(draft)
        return Receipt(len(self.drafts), draft.id)


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def now() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def register(database: Database, recorded: Recorded, now: FixedClock) -> OwnRegister:
    return OwnRegister(SanctionRepository(database), recorded.append, now)


def order(kind: SanctionKind = SanctionKind.SUSPEND, **more: object) -> SanctionOrder:
    until = None if kind is SanctionKind.TERMINATE else NOW + timedelta(hours=1)
    return replace(SanctionOrder("p-1", kind, "多次违法输入", until=until), **more)  # type: ignore[arg-type]


async def test_what_one_process_imposes_and_lifts_another_sees(register: OwnRegister, now: FixedClock) -> None:
    watch = SanctionWatch(register, now)
    await watch.refresh()
    assert await watch.of("p-1") == []
    imposed = register.impose(order(), by="staff:s")
    assert imposed is not None
    await watch.refresh()
    assert [one.id for one in await watch.of("p-1")] == [imposed.id]
    late = SanctionWatch(register, now)
    await late.refresh()
    assert await late.of("p-1") == [imposed]
    register.lift(imposed.id, by="staff:t", reason="误判")
    await watch.refresh()
    assert await watch.of("p-1") == []
    assert watch._known.by_person == {}
    with pytest.raises(RefusedError):
        register.lift(imposed.id, by="staff:t", reason="误判")


async def test_a_watch_that_is_not_refreshed_asks_and_does_not_guess(register: OwnRegister, now: FixedClock) -> None:
    watch = SanctionWatch(register, now)
    await watch.refresh()
    imposed = register.impose(order(), by="staff:s")
    now.advance(1.0)
    assert await watch.of("p-1") == [imposed]


async def test_a_suspension_ends_by_itself(register: OwnRegister, now: FixedClock) -> None:
    imposed = register.impose(order(), by="staff:s")
    assert imposed is not None
    now.advance(3601)
    watch = SanctionWatch(register, now)
    await watch.refresh()
    assert await watch.of("p-1") == []
    assert register.search(SanctionQuery(person="p-1")) == [imposed]
    assert register.search(SanctionQuery(person="p-1", only_in_force=True)) == []
    with pytest.raises(RefusedError):
        register.lift(imposed.id, by="staff:s", reason="x")


async def test_what_cannot_be_recorded_takes_no_effect(
    register: OwnRegister, recorded: Recorded, now: FixedClock
) -> None:
    recorded.is_broken = True
    with pytest.raises(StorageError):
        register.impose(order(), by="staff:s")
    watch = SanctionWatch(register, now)
    await watch.refresh()
    assert await watch.of("p-1") == []
    assert register.search(SanctionQuery()) == []


def test_every_sanction_is_an_entry_with_who_and_why(register: OwnRegister, recorded: Recorded) -> None:
    imposed = register.impose(order(SanctionKind.TERMINATE), by="staff:s")
    assert imposed is not None
    register.lift(imposed.id, by="staff:t", reason="申诉成立")
    made, ended = recorded.drafts
    assert (made.action, made.actor, made.person, made.id) == ("user.sanctioned", "staff:s", "p-1", imposed.id)
    assert made.body["reason"] == "多次违法输入"
    assert "cn/genai-measures-2023/art-14/para-2" in made.provisions
    assert (ended.action, ended.actor, ended.body["reason"]) == ("user.sanction_lifted", "staff:t", "申诉成立")


@pytest.mark.parametrize(
    "wrong",
    [
        order(reason=" "),
        order(reason="长" * 1001),
        order(until=None),
        order(until=NOW),
        order(SanctionKind.LIMIT),
        order(SanctionKind.LIMIT, functions=("Everything!",)),
        order(person=""),
        order(SanctionKind.WARN, until=None),
    ],
)
def test_an_order_that_lacks_something_is_refused(wrong: SanctionOrder, tmp_path: Path, now: FixedClock) -> None:
    del tmp_path
    from guiju.gateway.entrance.sanctions.register import checked_order  # noqa: PLC0415

    with pytest.raises(InputError):
        checked_order(wrong, now.now())


def record(outcome: str, risks: tuple[str, ...] = ("A.1-f",)) -> ExchangeRecord:
    return ExchangeRecord(new_id(), NOW, NOW, "app-1", "p-1", "m", "u", outcome, risks, "o", "c", None, None)


def test_only_a_refused_input_with_a_risk_counts_and_only_a_passed_one_breaks_the_row() -> None:
    assert conduct_of(record("input_refused")).is_illegal is True
    assert conduct_of(record("input_refused", ())).is_illegal is None
    assert conduct_of(record("undetermined")).is_illegal is None
    assert conduct_of(record("bad_request")).is_illegal is None
    assert conduct_of(record("open")).is_illegal is None
    assert conduct_of(record("answered")).is_illegal is False
    assert conduct_of(record("output_stopped")).is_illegal is False


def test_the_rule_suspends_once_and_counts_anew_afterwards(register: OwnRegister, now: FixedClock) -> None:
    kept: list[ExchangeRecord] = []

    def find(query: ExchangeQuery) -> list[ExchangeRecord]:
        assert query.person == "p-1"
        return kept[::-1]

    watches = [ConductWatch(register, find, lambda: RULE, now) for _ in range(2)]
    kept += [record("input_refused") for _ in range(2)]
    assert watches[0].look_at("p-1", "app-1") is None
    kept.append(record("input_refused"))
    raised = watches[0].look_at("p-1", "app-1")
    assert raised is not None
    assert (raised.by, raised.order.kind, raised.order.rule) == ("system", SanctionKind.SUSPEND, "in-a-row, in-a-day")
    assert raised.order.exchanges == tuple(one.id for one in kept[::-1])
    assert watches[1].look_at("p-1", "app-1") is None
    assert register.impose(raised.order, by="system", sanction_id=raised.id) is None
    register.lift(raised.id, by="staff:s", reason="误判")
    assert watches[1].look_at("p-1", "app-1") is None
    kept += [record("input_refused") for _ in range(3)]
    assert watches[1].look_at("p-1", "app-1") is not None
    assert ConductWatch(register, find, lambda: None, now).look_at("p-1", "app-1") is None


def test_a_sanction_that_is_not_there_is_said_so(register: OwnRegister) -> None:
    with pytest.raises(NotFoundError):
        register.get(new_id())
