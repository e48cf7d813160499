"""Agreement against figures worked out elsewhere, near terms against plain reasoning, and the draw."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.moderation.models import Scope, Term
from guiju.review import rules
from guiju.review.kappa import agreement, cohen, fleiss, wilson
from guiju.review.nearest import TermNeighbours, distance


def test_cohens_kappa_is_what_the_textbook_example_gives() -> None:
    # 25 readings of 50 grants: 20 yes-yes, 15 no-no, 5 yes-no, 10 no-yes: p_o = 0.7, p_e = 0.5, kappa = 0.4.
    counts = Counter({("yes", "yes"): 20, ("no", "no"): 15, ("yes", "no"): 5, ("no", "yes"): 10})
    assert cohen(counts) == pytest.approx(0.4)


def test_fleiss_kappa_of_two_is_scotts_pi() -> None:
    counts = Counter({("yes", "yes"): 20, ("no", "no"): 15, ("yes", "no"): 5, ("no", "yes"): 10})
    expected = (55 / 100) ** 2 + (45 / 100) ** 2  # by hand: yes 20+20+5+10 of 100
    assert fleiss(counts) == pytest.approx((0.7 - expected) / (1 - expected))


def test_where_everybody_says_the_same_kappa_is_not_defined() -> None:
    found = agreement([("harmless", "harmless")] * 9, 9, is_named=False)
    assert found.raw == 1.0
    assert found.kappa.value is None


def test_wilson_is_what_the_formula_gives_and_holds_at_the_ends() -> None:
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert wilson(0, 0) == (None, None)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=3, max_size=60))
def test_the_jackknife_agrees_with_leaving_out_one_by_one(pairs: list[tuple[str, str]]) -> None:
    found = agreement(pairs, 0, is_named=False).kappa
    one_by_one = [fleiss(Counter(pairs[:at] + pairs[at + 1 :])) for at in range(len(pairs))]
    if found.value is None or any(value is None for value in one_by_one):
        assert found.low is None
        return
    values = [value for value in one_by_one if value is not None]
    mean = sum(values) / len(values)
    spread = math.sqrt((len(values) - 1) / len(values) * sum((value - mean) ** 2 for value in values))
    assert found.low is not None
    assert found.low == pytest.approx(max(-1.0, found.value - 1.959963984540054 * spread))


def term(text: str) -> Term:
    return Term(
        f"A.1-f:{text}", text, text, "A.1-f", ("A.1-f",), "high", "block", tuple(Scope), whole_word=True,
        not_before=(), not_after=(), allow=(), all_of=(), none_of=(), within=24, skips=False, reason="r",
        origin="builtin", where="f:1",
    )  # fmt: skip


def test_the_nearest_terms_come_first_and_strangers_not_at_all() -> None:
    near = TermNeighbours([term(text) for text in ("枪支出售", "枪支代售", "出售枪支", "天气预报")]).nearest("枪支出售")
    assert [one.term.text for one in near] == ["枪支出售", "枪支代售", "出售枪支"]
    assert [one.distance for one in near] == [0, 1, 4]


@given(st.text("甲乙丙", max_size=8), st.text("甲乙丙", max_size=8))
def test_a_distance_is_a_distance(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


@given(st.integers(0, 16**64 - 1), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_draws_what_a_smaller_one_draws_and_more(number: int, one: float, other: float) -> None:
    commitment = f"{number:064x}"
    if rules.is_drawn(commitment, min(one, other)):
        assert rules.is_drawn(commitment, max(one, other))
    assert not rules.is_drawn(commitment, 0.0)
    assert rules.is_drawn(commitment, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [((), (), True), (("A.1-a",), (), False), (("A.1-a", "A.1-b"), ("A.1-b",), True), (("A.1-a",), ("A.2-a",), False)],
)
def test_two_verdicts_agree_when_both_are_harmless_or_share_a_risk(
    one: tuple[str, ...], other: tuple[str, ...], *, agrees: bool
) -> None:
    assert rules.agrees(one, other) is agrees
