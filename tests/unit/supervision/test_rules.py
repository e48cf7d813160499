from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.supervision.contexts import LAW, TODAY

from guiju.law.models import Applicability, Applied, Obligation, Outcome
from guiju.law.rules import is_worse
from guiju.supervision.models import CheckResult, ObligationState, Override, RecordedReason
from guiju.supervision.rules import Ages, Answers, article_outcome, obligation_state

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LABEL = LAW.obligation("cn/genai-measures-2023/art-12/para-1#label")
APPLIES = Applied(Applicability.APPLIES, "适用。", "Applies.")
NOT_BOUND = Applied(Applicability.DOES_NOT_APPLY, "不适用：已声明。", "Does not apply: declared.")
UNDECIDED = Applied(Applicability.UNDECIDED, "待定：尚未声明。", "Undecided: not declared.", ("modalities",))
FRESH = Ages(TODAY, lambda _: NOON, {"exchange.closed": ("对话记录", "exchanges")})
REASON = RecordedReason(LABEL.id, Outcome.NOT_RUN, "尚未建立。", "Not built.")

outcomes = st.sampled_from(list(Outcome))
overrides = st.none() | st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.NOT_RUN])
bindings = st.sampled_from([APPLIES, UNDECIDED, NOT_BOUND])


def check(outcome: Outcome) -> CheckResult:
    return CheckResult("x", outcome, "检查。", "Checked.")


def override(outcome: Outcome | None, at: datetime = NOON) -> Override | None:
    return None if outcome is None else Override(LABEL.id, outcome, "zhang", "看过了。", at, "entry")


def state(
    machine: list[Outcome],
    person: Outcome | None = None,
    applied: Applied = APPLIES,
    ages: Ages = FRESH,
    obligation: Obligation = LABEL,
) -> ObligationState:
    return obligation_state(
        obligation, applied, Answers(tuple(map(check, machine)), REASON, override(person)), ages=ages
    )


@given(machine=st.lists(outcomes, min_size=1, max_size=4), further=outcomes, person=overrides, applied=bindings)
def test_a_further_check_that_lacks_something_never_makes_it_better(
    machine: list[Outcome], further: Outcome, person: Outcome | None, applied: Applied
) -> None:
    before = state(machine, person, applied).outcome
    lacking = further if further in {Outcome.NOT_MET, Outcome.PARTIAL} else Outcome.NOT_MET
    assert not is_worse(before, state([*machine, lacking], person, applied).outcome)


@given(machine=st.lists(outcomes, max_size=4), person=overrides, applied=bindings)
def test_met_takes_a_machine_that_saw_it_met_or_a_person_where_the_machine_saw_no_lack(
    machine: list[Outcome], person: Outcome | None, applied: Applied
) -> None:
    if state(machine, person, applied).outcome is not Outcome.MET:
        return
    assert applied is not NOT_BOUND
    assert not {Outcome.NOT_MET, Outcome.PARTIAL} & set(machine)
    saw_it = Outcome.MET in machine and set(machine) <= {Outcome.MET, Outcome.NOT_APPLICABLE} and applied is APPLIES
    assert person is Outcome.MET or (person is None and saw_it)


@given(machine=st.lists(outcomes, min_size=1, max_size=3), days=st.integers(min_value=-3, max_value=3000))
def test_met_needs_evidence_that_is_there_and_not_too_old(machine: list[Outcome], days: int) -> None:
    ages = Ages(TODAY, lambda _: NOON - timedelta(days=days), {})
    outcome = state(machine, ages=ages).outcome
    if Outcome.MET in machine and set(machine) <= {Outcome.MET, Outcome.NOT_APPLICABLE}:
        assert outcome is (Outcome.INSUFFICIENT if days < 0 else Outcome.MET if days <= 31 else Outcome.STALE)
    else:
        assert outcome is state(machine).outcome


def test_missing_evidence_is_named_in_words() -> None:
    found = state([Outcome.MET], ages=replace(FRESH, newest=lambda _: None))
    assert found.outcome is Outcome.INSUFFICIENT
    assert found.reason.startswith("尚缺证据：对话记录（没有）")
    assert "exchanges (none)" in found.reason_en
    stale = state([Outcome.MET], ages=replace(FRESH, newest=lambda _: NOON - timedelta(days=40)))
    assert "对话记录（超过 31 天）" in stale.reason


def test_what_does_not_bind_is_not_applicable_with_the_reason_unless_a_person_says_otherwise() -> None:
    found = state([Outcome.NOT_MET], applied=NOT_BOUND)
    assert (found.outcome, found.reason) == (Outcome.NOT_APPLICABLE, NOT_BOUND.reason)
    assert state([], Outcome.NOT_APPLICABLE, NOT_BOUND).outcome is Outcome.NOT_APPLICABLE
    assert state([], Outcome.NOT_MET, NOT_BOUND).outcome is Outcome.NEEDS_REVIEW


def test_undecided_needs_review_and_keeps_the_checks_in_sight() -> None:
    found = state([Outcome.NOT_MET], applied=UNDECIDED)
    assert found.outcome is Outcome.NEEDS_REVIEW
    assert found.checks
    assert found.reason == "待定：尚未声明。若适用：不符合。检查。"


def test_a_persons_met_over_a_lack_that_the_machine_saw_is_shown_as_both() -> None:
    for machine in (Outcome.NOT_MET, Outcome.PARTIAL):
        for person in (Outcome.MET, Outcome.NOT_APPLICABLE):
            found = state([machine], person)
            assert found.outcome is Outcome.NEEDS_REVIEW
            assert "看过了" in found.reason
            assert "检查。" in found.reason
            assert "disagree" in found.reason_en


def test_a_persons_word_stands_where_the_machine_does_not_know() -> None:
    for machine in ([], [Outcome.INSUFFICIENT], [Outcome.NEEDS_REVIEW], [Outcome.STALE]):
        assert state(machine, Outcome.MET).outcome is Outcome.MET
        assert state(machine, Outcome.NOT_APPLICABLE).outcome is Outcome.NOT_APPLICABLE
    assert state([Outcome.MET], Outcome.NOT_MET).outcome is Outcome.NOT_MET
    assert state([Outcome.NOT_MET], Outcome.PARTIAL).outcome is Outcome.NOT_MET


def test_a_persons_met_ages_with_the_evidence() -> None:
    answers = Answers((), REASON, override(Outcome.MET, NOON - timedelta(days=32)))
    found = obligation_state(LABEL, APPLIES, answers, ages=FRESH)
    assert found.outcome is Outcome.STALE
    assert "已超过 31 天" in found.reason


def test_a_declaration_that_cannot_be_read_keeps_from_met() -> None:
    found = obligation_state(LABEL, APPLIES, Answers((check(Outcome.MET),), is_unreadable=True), ages=FRESH)
    assert found.outcome is Outcome.NEEDS_REVIEW
    assert "guiju ledger verify" in found.reason_en


def test_without_control_and_reason_it_was_not_run() -> None:
    assert obligation_state(LABEL, APPLIES, Answers(), ages=FRESH).outcome is Outcome.NOT_RUN
    assert state([]).outcome is Outcome.NOT_RUN
    assert state([]).reason == "尚未建立。"


@given(machine=st.lists(outcomes, min_size=1, max_size=6))
def test_an_article_is_its_worst_obligation_that_applies(machine: list[Outcome]) -> None:
    states = [state([outcome]) for outcome in machine]
    whole = article_outcome(states, is_assessable=True)
    assert whole in {item.outcome for item in states}
    assert whole is not None
    assert not any(is_worse(item.outcome, whole) for item in states)


def test_an_article_that_informs_has_no_outcome() -> None:
    assert article_outcome([], is_assessable=False) is None
    assert article_outcome([], is_assessable=True) is None
