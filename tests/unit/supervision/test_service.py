from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.supervision.contexts import LAW, TODAY, State, counted

from guiju.kit.clock import BEIJING, FixedClock
from guiju.kit.errors import GuijuError, InputError, NotFoundError
from guiju.law.models import Outcome, Profile
from guiju.ledger.models import Draft, EntryFacts
from guiju.ledger.service import Ledger
from guiju.storage.database import Database
from guiju.supervision.models import (
    Assessment,
    CheckContext,
    CheckResult,
    Control,
    EvidenceFacts,
    ObligationState,
)
from guiju.supervision.reading import LedgerEvidence, end_of
from guiju.supervision.service import Supervision

if TYPE_CHECKING:
    from collections.abc import Callable

LABEL = "cn/genai-measures-2023/art-12/para-1#label"
KEEP = "cn/genai-measures-2023/art-14/para-2#keep-records"
LICENCE = "cn/genai-measures-2023/art-23/para-1#licence"
REPORT = "cn/genai-measures-2023/art-14/para-1#report"


def found(assessment: Assessment, obligation: str) -> ObligationState:
    return next(item for state in assessment.articles for item in state.obligations if item.obligation.id == obligation)


def close_exchange(ledger: Ledger, at: datetime | None = None) -> str:
    return ledger.append(Draft("exchange.closed", "app:a", "exchange:e", occurred_at=at)).id


def test_all_articles_and_every_obligation_in_force_are_in_an_assessment(supervision: Supervision) -> None:
    assessment = supervision.assess(None)
    assert assessment.as_of == TODAY
    assert [state.article for state in assessment.articles] == list(LAW.articles(TODAY))
    listed = [item.obligation.id for state in assessment.articles for item in state.obligations]
    assert listed == [item.id for item in LAW.obligations(TODAY)]
    for state in assessment.articles:
        assert (state.outcome is None) == (not state.article.is_assessable)
        assert all(item.reason and item.reason_en for item in state.obligations)


def test_an_empty_ledger_claims_nothing_for_what_needs_evidence(supervision: Supervision) -> None:
    assert found(supervision.assess(None), LABEL).outcome is Outcome.INSUFFICIENT
    assert found(supervision.assess(None), KEEP).outcome is Outcome.INSUFFICIENT


def test_an_exchange_in_the_ledger_is_evidence_and_grows_stale(
    supervision: Supervision, ledger: Ledger, clock: FixedClock, state: State
) -> None:
    entry = close_exchange(ledger)
    label = found(supervision.assess(None), LABEL)
    assert label.outcome is Outcome.MET
    assert label.checks[0].evidence == (entry,)
    assert label.checks[0].evidence_at == clock.now()
    clock.advance(40 * 86400)
    assert found(supervision.assess(None), LABEL).outcome is Outcome.STALE
    assert state.asked


def test_a_past_day_sees_only_what_had_happened_and_no_state(
    supervision: Supervision, ledger: Ledger, clock: FixedClock, state: State
) -> None:
    close_exchange(ledger)
    clock.advance(3 * 86400)
    state.asked.clear()
    yesterday = supervision.assess(TODAY + timedelta(days=1))
    label = found(yesterday, LABEL)
    assert label.outcome is Outcome.INSUFFICIENT
    assert "过去的日期" in label.reason
    assert label.checks[0].evidence
    assert not found(supervision.assess(TODAY - timedelta(days=1)), LABEL).checks[0].evidence
    assert not state.asked


def test_a_day_is_a_day_in_beijing(ledger: Ledger) -> None:
    last = datetime(2026, 11, 20, 23, 59, 59, tzinfo=BEIJING)
    close_exchange(ledger, last)
    close_exchange(ledger, last + timedelta(seconds=1))
    counts = [LedgerEvidence(ledger, end_of(date(2026, 11, day))).of("exchange.closed").count for day in (19, 20, 21)]
    assert counts == [0, 1, 2]


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), date.max, date.min])
def test_a_day_that_has_no_evidence_yet_is_refused(supervision: Supervision, day: date) -> None:
    with pytest.raises(InputError):
        supervision.assess(day)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.dates(min_value=date.min + timedelta(days=2), max_value=TODAY))
def test_any_past_day_can_be_assessed_and_nothing_is_met_without_evidence(supervision: Supervision, day: date) -> None:
    assessment = supervision.assess(day)
    outcomes = {item.outcome for state in assessment.articles for item in state.obligations}
    assert not {Outcome.MET, Outcome.PARTIAL} & outcomes
    assert bool(assessment.articles) == (day >= date(2023, 8, 15))


def test_a_declaration_is_in_the_ledger_and_read_back_by_another_process(
    supervision: Supervision, ledger: Ledger, state: State, profile: Profile, clock: FixedClock
) -> None:
    override = supervision.declare(REPORT, Outcome.MET, person=" zhang ", reason=" 已报告，回执在案。 ")
    assert (override.person, override.reason) == ("zhang", "已报告，回执在案。")
    head = ledger.entry_by_id(override.entry_id)
    assert head is not None
    assert (head.action, head.actor, head.subject) == ("outcome.declared", "staff:zhang", f"obligation:{REPORT}")
    assert head.provisions == ("cn/genai-measures-2023/art-14/para-1",)
    other = Supervision(LAW, ledger, state, lambda: profile, clock)
    for reader in (supervision, other):
        item = found(reader.assess(None), REPORT)
        assert (item.outcome, item.override) == (Outcome.MET, override)
        assert "回执在案" in item.reason


def test_the_newest_declaration_up_to_the_day_counts(supervision: Supervision, clock: FixedClock) -> None:
    supervision.declare(REPORT, Outcome.MET, person="zhang", reason="已报告。")
    clock.advance(86400)
    supervision.declare(REPORT, Outcome.NOT_MET, person="li", reason="回执不在。")
    clock.advance(86400)
    assert found(supervision.assess(None), REPORT).outcome is Outcome.NOT_MET
    first = found(supervision.assess(TODAY), REPORT)
    assert first.outcome is Outcome.MET
    assert first.override is not None
    assert first.override.person == "zhang"
    assert found(supervision.assess(TODAY - timedelta(days=1)), REPORT).override is None


def test_a_newest_declaration_is_found_behind_very_many_others(supervision: Supervision, ledger: Ledger) -> None:
    supervision.declare(REPORT, Outcome.PARTIAL, person="zhang", reason="部分。")
    body = {"obligation": KEEP, "outcome": "partial", "reason": "部分。"}
    waiting = [
        ledger.submit(Draft("outcome.declared", "staff:li", f"obligation:{KEEP}", dict(body))) for _ in range(450)
    ]
    for future in waiting:
        future.result()
    assert found(supervision.assess(None), REPORT).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (("cn/genai-measures-2023/art-99#x", Outcome.MET, "zhang", "好"), NotFoundError),
        (("", Outcome.MET, "zhang", "好"), NotFoundError),
        ((REPORT, Outcome.MET, "  ", "好"), InputError),
        ((REPORT, Outcome.NOT_APPLICABLE, "zhang", " \n"), InputError),
        ((REPORT, Outcome.MET, "zhang", "好" * 2001), InputError),
        ((REPORT, Outcome.NOT_RUN, "zhang", "好"), InputError),
        ((REPORT, Outcome.MET, "z" * 101, "好"), InputError),
    ],
)
def test_a_declaration_without_person_or_reason_is_refused_and_not_kept(
    supervision: Supervision,
    ledger: Ledger,
    said: tuple[str, Outcome, str, str],
    error: type[GuijuError],
) -> None:
    with pytest.raises(error):
        supervision.declare(*said[:2], person=said[2], reason=said[3])
    assert ledger.size() == 0


@pytest.mark.parametrize(
    ("actor", "body"),
    [
        ("staff:li", {"obligation": REPORT, "outcome": "splendid", "reason": "好"}),
        ("staff:li", {"obligation": KEEP, "outcome": "met", "reason": "好"}),
        ("staff:li", {"obligation": REPORT, "outcome": "met"}),
        ("system", {"obligation": REPORT, "outcome": "met", "reason": "好"}),
        ("staff:li", {"obligation": REPORT, "outcome": "met", "reason": "好", "declared_at": "today"}),
    ],
)
def test_an_entry_that_is_no_proper_declaration_never_makes_met(
    supervision: Supervision, ledger: Ledger, actor: str, body: Mapping[str, str]
) -> None:
    ledger.append(Draft("outcome.declared", actor, f"obligation:{REPORT}", dict(body)))
    item = found(supervision.assess(None), REPORT)
    assert item.override is None
    assert item.outcome is Outcome.NOT_RUN
    assert "guiju ledger verify" in item.reason


def test_a_declaration_whose_body_was_altered_is_shown_as_unreadable(
    supervision: Supervision, ledger: Ledger, database: Database, state: State, clock: FixedClock
) -> None:
    supervision.declare(REPORT, Outcome.MET, person="zhang", reason="已报告。")
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE ledger_body SET content = :bad"), {"bad": b"\x00" * 40})
    item = found(Supervision(LAW, ledger, state, supervision.profile, clock).assess(None), REPORT)
    assert item.override is None
    assert "guiju ledger verify" in item.reason


def test_a_check_that_fails_is_shown_as_not_run_and_hides_no_other(
    ledger: Ledger, state: State, profile: Profile, clock: FixedClock
) -> None:
    def bad(context: CheckContext) -> CheckResult:
        raise ZeroDivisionError(str(context.as_of))

    broken = Control("bad", "坏", "bad", (LABEL, KEEP), bad)
    assessment = Supervision(LAW, ledger, state, lambda: profile, clock, controls=(broken,)).assess(None)
    assert found(assessment, LABEL).outcome is Outcome.NOT_RUN
    assert "ZeroDivisionError" in found(assessment, LABEL).reason
    assert len(assessment.articles) == 24


def test_what_does_not_bind_by_the_profile_is_not_applicable_and_what_is_not_declared_needs_review(
    ledger: Ledger, state: State, clock: FixedClock
) -> None:
    facts = {"serves_public_in_mainland": True, "needs_licence": False}
    supervision = Supervision(LAW, ledger, state, lambda: Profile(dict(facts)), clock)
    assert found(supervision.assess(None), LICENCE).outcome is Outcome.NOT_APPLICABLE
    empty = Supervision(LAW, ledger, state, Profile, clock).assess(None)
    assert {item.outcome for article in empty.articles for item in article.obligations} == {Outcome.NEEDS_REVIEW}
    assert found(empty, LABEL).checks


class CountingLedger:
    """A ledger that remembers what it was asked."""

    def __init__(self, ledger: Ledger) -> None:
        self.asked: list[tuple[Sequence[str], datetime | None]] = []
        self.find, self.body, self.append = ledger.find, ledger.body, ledger.append
        self._facts: Callable[..., EntryFacts] = ledger.facts

    def facts(
        self, actions: Sequence[str], since: datetime | None, until: datetime | None, *, limit: int = 5
    ) -> EntryFacts:
        self.asked.append((tuple(actions), since))
        return self._facts(actions, since, until, limit=limit)


def test_nothing_is_asked_of_the_ledger_twice_in_one_assessment(
    ledger: Ledger, state: State, profile: Profile, clock: FixedClock
) -> None:
    close_exchange(ledger)
    counting = CountingLedger(ledger)
    Supervision(LAW, counting, state, lambda: profile, clock).assess(None)
    assert len(counting.asked) == len(set(counting.asked)) < 40
    assert len(state.asked) == len(set(state.asked))


def test_a_stopped_exchange_is_evidence_for_stopping(
    ledger: Ledger, state: State, profile: Profile, clock: FixedClock
) -> None:
    asked: list[tuple[datetime | None, datetime | None]] = []

    def endings(since: datetime | None, until: datetime | None) -> Mapping[str, EvidenceFacts]:
        asked.append((since, until))
        return {"output_stopped": counted("stopped", 1), "answered": counted("answered", 3)}

    close_exchange(ledger)
    stop = "cn/genai-measures-2023/art-14/para-1#stop-generation"
    supervision = Supervision(LAW, ledger, state, lambda: profile, clock, exchange_facts=endings)
    assert found(supervision.assess(None), stop).outcome is Outcome.MET
    assert len(asked) == len(set(asked)) == 2
    without = Supervision(LAW, ledger, state, lambda: profile, clock).assess(None)
    assert found(without, stop).outcome is Outcome.INSUFFICIENT


def test_a_reloaded_policy_counts_as_an_activated_one(ledger: Ledger, clock: FixedClock) -> None:
    ledger.append(Draft("policy.reloaded", "staff:li", "policy:p"))
    assert LedgerEvidence(ledger, clock.now() + timedelta(days=1)).of("policy.activated").count == 1


def test_coverage_is_whole(supervision: Supervision) -> None:
    assert supervision.coverage().is_whole
