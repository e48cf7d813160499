from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.supervision.contexts import GOOD_STATE, LAW, TODAY, StateValue, context
from tests.unit.supervision.examples import EXAMPLES, Example

from guiju.law.models import Outcome, Parameter
from guiju.law.rules import combine, is_worse
from guiju.supervision.controls import all_controls
from guiju.supervision.controls.points import Point, answer, reaches
from guiju.supervision.state_names import STATE_KINDS, StateName

CONTROLS = {control.id: control for control in all_controls()}
KNOWN_LACK = {Outcome.NOT_MET, Outcome.PARTIAL}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: f"{item.control}: {item.name}")
def test_a_control_answers_an_example_as_it_must(example: Example) -> None:
    result = CONTROLS[example.control].check(example.context)
    assert (result.outcome, result.control_id) == (example.outcome, example.control)
    assert result.reason.endswith("。")
    assert result.reason_en.endswith(".")


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_every_control_has_an_example_that_passes_and_one_that_fails(control: str) -> None:
    mine = [example for example in EXAMPLES if example.control == control]
    best = [example.outcome for example in mine if example.passes]
    failing = [example for example in mine if example.outcome is Outcome.NOT_MET]
    assert best
    assert failing
    assert all(is_worse(example.outcome, outcome) for example in failing for outcome in best)


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_a_control_that_knows_nothing_claims_nothing(control: str) -> None:
    for is_today in (True, False):
        nothing = context(dict.fromkeys(StateName), {}, None, {}, is_today=is_today)
        assert CONTROLS[control].check(nothing).outcome is Outcome.INSUFFICIENT


def test_a_past_day_is_named_as_the_reason() -> None:
    past = CONTROLS["records.keep"].check(context(dict.fromkeys(StateName), is_today=False))
    assert "过去的日期" in past.reason
    assert "past" in past.reason_en


@given(
    control=st.sampled_from(sorted(CONTROLS)),
    hidden=st.sets(st.sampled_from(list(StateName))),
    wrong=st.sampled_from([None, "x", 1.5, [], 2, True, ""]),
)
def test_hiding_what_is_known_never_makes_met_and_neither_does_a_value_of_another_kind(
    control: str, hidden: set[StateName], wrong: StateValue
) -> None:
    check = CONTROLS[control].check
    values = {name: wrong if type(wrong) is not STATE_KINDS[name] else None for name in hidden}
    asked_for = context()
    check(asked_for)
    used = hidden & {StateName(name) for name in getattr(asked_for.state, "asked", [])}
    outcome = check(context(values)).outcome
    assert outcome is check(context()).outcome if not used else outcome is not Outcome.MET


BAD_BY_KIND: dict[type, StateValue] = {bool: False, int: 0, str: "broken"}


@given(
    control=st.sampled_from(sorted(CONTROLS)),
    first=st.sets(st.sampled_from(list(StateName))),
    more=st.sets(st.sampled_from(list(StateName))),
)
def test_a_further_failure_never_makes_an_answer_better(
    control: str, first: set[StateName], more: set[StateName]
) -> None:
    def with_bad(names: set[StateName]) -> Outcome:
        names = names - {StateName.UPSTREAMS_TOTAL, StateName.LIBRARY_AGE_DAYS, StateName.LEDGER_VERIFIED_AT}
        return CONTROLS[control].check(context({name: BAD_BY_KIND[STATE_KINDS[name]] for name in names})).outcome

    assert not is_worse(with_bad(first), with_bad(first | more))


@given(outcomes=st.lists(st.sampled_from(list(Outcome)), min_size=1), limited=st.booleans())
def test_an_answer_is_its_worst_point_and_a_limit_only_lowers_what_would_be_met(
    outcomes: list[Outcome], *, limited: bool
) -> None:
    points = [Point(outcome, "甲", "a") for outcome in outcomes]
    limit = [Point(Outcome.PARTIAL, "限", "limit", is_limit=True)] if limited else []
    expected = combine(outcomes)
    if limited and expected is Outcome.MET:
        expected = Outcome.PARTIAL
    assert answer("x", [*points, *limit]).outcome is expected


def test_the_keyword_reason_names_the_honest_count_and_the_number_of_the_law() -> None:
    reason = CONTROLS["content.prohibited"].check(context({StateName.LIBRARY_TERMS: 1234}))
    assert "现为 1234，未达到（宜不少于 10000）" in reason.reason
    assert "1234 now, which falls short (should be at least 10000)" in reason.reason_en


def test_a_number_that_was_not_verified_fails_nothing_and_one_that_shall_be_met_fails() -> None:
    number = LAW.parameter("gb-t-45654/keyword-library/total", TODAY)
    base = context({StateName.LIBRARY_TERMS: 1})

    def outcomes(changed: Parameter) -> list[Outcome]:
        numbered = replace(base, parameter=lambda _: changed)
        return [point.outcome for point in reaches(numbered, StateName.LIBRARY_TERMS, number.id)]

    assert outcomes(replace(number, confidence="M")) == [Outcome.NEEDS_REVIEW]
    assert outcomes(replace(number, modality="shall")) == [Outcome.NOT_MET]
    assert outcomes(replace(number, value="many")) == [Outcome.NEEDS_REVIEW]
    nothing = replace(base, parameter=lambda _: None)
    assert list(reaches(nothing, StateName.LIBRARY_TERMS, number.id)) == []


def test_the_good_state_names_every_fact_in_its_kind() -> None:
    assert {name: type(value) for name, value in GOOD_STATE.items()} == dict(STATE_KINDS)
