from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.law.models import (
    AllOf,
    AnyOf,
    Applicability,
    Compare,
    Fact,
    FactValue,
    Instrument,
    Not,
    Obligation,
    Outcome,
    Predicate,
    Profile,
)
from guiju.law.predicates import evaluate
from guiju.law.rules import SCOPE_FACT, apply, combine, fold_for_filing, in_force, is_worse, with_freshness

OUTCOMES = st.sampled_from(Outcome)
MANY = st.lists(OUTCOMES, max_size=6)
FAILING = (Outcome.NOT_MET, Outcome.PARTIAL)
UNKNOWN = (Outcome.INSUFFICIENT, Outcome.NOT_RUN, Outcome.NEEDS_REVIEW, Outcome.STALE)
NAMES = ("a", "b", "c", "d")
BOOLS = st.dictionaries(st.sampled_from(NAMES), st.booleans())
LEAVES = st.builds(Compare, st.sampled_from(NAMES), st.just("eq"), st.booleans())
PREDICATES: st.SearchStrategy[Predicate] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)


def obligation(applies_when: Predicate | None = None) -> Obligation:
    return Obligation("p#x", "p", "做", "事", "做事", "Do it", applies_when, None, ())


# the outcome algebra


@given(MANY, st.sampled_from(FAILING))
def test_failing_evidence_never_raises_an_outcome(outcomes: list[Outcome], failing: Outcome) -> None:
    assert not is_worse(combine(outcomes), combine([*outcomes, failing]))


@given(MANY, OUTCOMES)
def test_one_more_outcome_never_makes_the_whole_look_better(outcomes: list[Outcome], more: Outcome) -> None:
    if outcomes:
        assert not is_worse(combine(outcomes), combine([*outcomes, more]))


@given(MANY)
def test_unknown_never_becomes_met(outcomes: list[Outcome]) -> None:
    if combine(outcomes) is Outcome.MET:
        assert set(outcomes) <= {Outcome.MET, Outcome.NOT_APPLICABLE}
        assert Outcome.MET in outcomes


@given(MANY, MANY)
def test_the_order_of_outcomes_does_not_matter(one: list[Outcome], other: list[Outcome]) -> None:
    assert combine([*one, *other]) == combine([*other, *one])


@given(st.lists(OUTCOMES, min_size=1), st.lists(OUTCOMES, min_size=1))
def test_grouping_and_repeating_outcomes_does_not_matter(one: list[Outcome], other: list[Outcome]) -> None:
    assert combine([combine(one), combine(other)]) == combine([*one, *other])
    assert combine([*one, *one]) == combine(one)


@given(OUTCOMES)
def test_not_applicable_is_neutral(outcome: Outcome) -> None:
    assert combine([outcome, Outcome.NOT_APPLICABLE]) is outcome


def test_nothing_that_ran_is_not_run() -> None:
    assert combine([]) is Outcome.NOT_RUN


def test_met_beside_not_met_is_not_met_and_no_middle() -> None:
    assert combine([Outcome.MET, Outcome.NOT_MET]) is Outcome.NOT_MET
    assert combine([Outcome.MET, Outcome.PARTIAL]) is Outcome.PARTIAL
    for unknown in UNKNOWN:
        assert combine([Outcome.MET, unknown]) is unknown
        assert combine([Outcome.PARTIAL, unknown]) is Outcome.PARTIAL


@given(OUTCOMES)
def test_a_filing_says_met_only_of_what_is_met(outcome: Outcome) -> None:
    folded = fold_for_filing(outcome)
    assert folded in {Outcome.MET, Outcome.NOT_MET, Outcome.NOT_APPLICABLE}
    assert (folded is Outcome.MET) == (outcome is Outcome.MET)
    assert (folded is Outcome.NOT_APPLICABLE) == (outcome is Outcome.NOT_APPLICABLE)


# freshness

AS_OF = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


@given(OUTCOMES, st.none() | st.integers(-900, 900), st.none() | st.integers(0, 400))
def test_age_never_raises_an_outcome(outcome: Outcome, days_ago: int | None, freshness_days: int | None) -> None:
    at = None if days_ago is None else NOON - timedelta(days=days_ago)
    aged = with_freshness(outcome, at, as_of=AS_OF, freshness_days=freshness_days)
    assert not is_worse(outcome, aged)
    assert aged is outcome or outcome is Outcome.MET


@pytest.mark.parametrize(
    ("days_ago", "freshness_days", "expected"),
    [
        (0, 0, Outcome.MET),
        (31, 31, Outcome.MET),
        (32, 31, Outcome.STALE),
        (4000, None, Outcome.MET),
        (None, 31, Outcome.INSUFFICIENT),
        (None, None, Outcome.MET),
        (-1, 31, Outcome.INSUFFICIENT),
        (-1, None, Outcome.INSUFFICIENT),
    ],
)
def test_met_falls_with_the_age_of_its_evidence(
    days_ago: int | None, freshness_days: int | None, expected: Outcome
) -> None:
    at = None if days_ago is None else NOON - timedelta(days=days_ago)
    assert with_freshness(Outcome.MET, at, as_of=AS_OF, freshness_days=freshness_days) is expected


def test_a_day_is_a_day_in_beijing() -> None:
    just_before_midnight_in_beijing = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
    just_after = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert with_freshness(Outcome.MET, just_before_midnight_in_beijing, as_of=AS_OF, freshness_days=0) is Outcome.STALE
    assert with_freshness(Outcome.MET, just_after, as_of=AS_OF, freshness_days=0) is Outcome.MET


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        with_freshness(Outcome.NOT_MET, NOON.replace(tzinfo=None), as_of=AS_OF, freshness_days=1)


# predicates and applicability


@given(PREDICATES, BOOLS, BOOLS)
def test_what_is_decided_stays_decided_whatever_else_is_declared(
    predicate: Predicate, facts: dict[str, FactValue], more: dict[str, FactValue]
) -> None:
    before = evaluate(predicate, facts)
    after = evaluate(predicate, {**more, **facts})
    if before.value is not None:
        assert after.value is before.value


@given(PREDICATES, BOOLS)
def test_the_answer_is_known_exactly_when_every_completion_agrees_or_names_what_is_missing(
    predicate: Predicate, facts: dict[str, FactValue]
) -> None:
    truth = evaluate(predicate, facts)
    open_names = [name for name in NAMES if name not in facts]
    answers = {
        evaluate(predicate, {**facts, **dict(zip(open_names, values, strict=True))}).value
        for values in product((True, False), repeat=len(open_names))
    }
    assert None not in answers
    if truth.value is None:
        assert truth.missing
        assert set(truth.missing) <= set(open_names)
    else:
        assert answers == {truth.value}
        assert truth.missing == ()
        assert set(truth.deciding) <= set(facts)


@given(PREDICATES, BOOLS)
def test_the_deciding_facts_alone_decide_the_same(predicate: Predicate, facts: dict[str, FactValue]) -> None:
    truth = evaluate(predicate, facts)
    if truth.value is not None:
        alone = {name: facts[name] for name in truth.deciding}
        assert evaluate(predicate, alone).value is truth.value


@pytest.mark.parametrize(
    ("operator", "value", "declared", "expected"),
    [
        ("eq", True, True, True),
        ("eq", True, False, False),
        ("eq", True, 1, None),
        ("eq", 1, True, None),
        ("eq", "a", "a", True),
        ("in", ("a", "b"), "a", True),
        ("in", ("a", "b"), "c", False),
        ("in", ("a", "b"), 3, None),
        ("contains", "a", ("a", "b"), True),
        ("contains", "c", ("a", "b"), False),
        ("contains", "a", "abc", None),
        ("gte", 10, 10, True),
        ("gte", 10, 9, False),
        ("gte", 10, True, None),
        ("gte", 10, "11", None),
        ("gte", 10, None, None),
    ],
)
def test_a_comparison_that_cannot_be_made_is_not_known(
    operator: str, value: FactValue, declared: FactValue | None, *, expected: bool | None
) -> None:
    facts = {} if declared is None else {"x": declared}
    truth = evaluate(Compare("x", operator, value), facts)
    assert truth.value is expected
    assert truth.missing == (("x",) if expected is None else ())


@given(PREDICATES, BOOLS)
def test_out_of_scope_nothing_applies_and_in_an_unknown_scope_nothing_applies_yet(
    predicate: Predicate, facts: dict[str, FactValue]
) -> None:
    outside = apply(obligation(predicate), Profile({**facts, SCOPE_FACT: False}))
    assert outside.applicability is Applicability.DOES_NOT_APPLY
    assert "第二条第三款" in outside.reason
    assert "Article 2" in outside.reason_en
    unsaid = apply(obligation(predicate), Profile(facts))
    assert unsaid.applicability is not Applicability.APPLIES
    if unsaid.applicability is Applicability.UNDECIDED:
        assert SCOPE_FACT in unsaid.missing_facts


@given(PREDICATES, BOOLS)
def test_in_scope_the_condition_alone_decides(predicate: Predicate, facts: dict[str, FactValue]) -> None:
    truth = evaluate(predicate, facts)
    applied = apply(obligation(predicate), Profile({**facts, SCOPE_FACT: True}))
    expected = {
        True: Applicability.APPLIES,
        False: Applicability.DOES_NOT_APPLY,
        None: Applicability.UNDECIDED,
    }[truth.value]
    assert applied.applicability is expected
    assert applied.missing_facts == truth.missing
    for name in (*truth.deciding, *truth.missing):
        assert name in applied.reason
        assert name in applied.reason_en


def test_an_obligation_without_a_condition_binds_every_service_to_the_public() -> None:
    assert apply(obligation(), Profile({SCOPE_FACT: True})).applicability is Applicability.APPLIES


@pytest.mark.parametrize(
    ("declared", "zh", "en"), [(("text", "image"), "文本、图片", "text, image"), ((), "无", "none")]
)
def test_a_reason_says_choices_in_the_readers_words(declared: tuple[str, ...], zh: str, en: str) -> None:
    fact = Fact("modalities", "?", "?", "choices", ("text", "image"), "模态", "modalities", ("文本", "图片"))
    condition = AnyOf((Compare("modalities", "contains", "text"), Not(Compare("modalities", "contains", "text"))))
    applied = apply(obligation(condition), Profile({SCOPE_FACT: True, "modalities": declared}), {fact.id: fact})
    assert f"“模态” = {zh}" in applied.reason
    assert f'"modalities" = {en}' in applied.reason_en


def test_braces_in_what_was_declared_are_only_text() -> None:
    condition = Not(Compare("name", "eq", "{x.__class__}"))
    applied = apply(obligation(condition), Profile({SCOPE_FACT: True, "name": "{x.__class__}"}))
    assert "{x.__class__}" in applied.reason


@given(st.dates(), st.none() | st.dates(), st.dates())
def test_in_force_is_from_the_first_day_to_the_day_before_the_end(start: date, end: date | None, on: date) -> None:
    thing = Instrument("x", "x", "x", "x", "statute", start, end, "x", "S1")
    assert in_force(thing, on) == (start <= on and (end is None or on < end))
