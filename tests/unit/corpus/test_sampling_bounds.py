"""The exact tails and bounds, against sums of rationals; what they promise, summed exactly and simulated."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.corpus.sampling.bounds import at_least, at_most, is_above, is_below, lower_bound, upper_bound
from guiju.corpus.sampling.models import Proof, Standard, Tally
from guiju.corpus.sampling.rules import more_needed, rule

LIMIT = Standard(0.05, 0.95)
UNBOUNDED = 10**9


def exact(hits: int, drawn: int, rate: Fraction) -> Fraction:
    """Sum in whole numbers over one denominator."""
    yes, no = rate.numerator, rate.denominator - rate.numerator
    total = sum(math.comb(drawn, k) * yes**k * no ** (drawn - k) for k in range(hits + 1))
    return Fraction(total, rate.denominator**drawn)


@given(st.integers(1, 120), st.data(), st.integers(0, 200))
def test_tails_are_those_of_rational_sums(drawn: int, data: st.DataObject, rate: int) -> None:
    hits, share = data.draw(st.integers(0, drawn)), Fraction(rate, 200)
    assert at_most(hits, drawn, float(share)) == pytest.approx(float(exact(hits, drawn, share)), rel=1e-8, abs=1e-12)
    above = 1 - (exact(hits - 1, drawn, share) if hits else 0)
    assert at_least(hits, drawn, float(share)) == pytest.approx(float(above), rel=1e-8, abs=1e-12)


@given(st.integers(1, 150), st.data())
def test_bounds_are_where_the_tail_is_five_percent(drawn: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, drawn - 1))
    assert float(exact(hits, drawn, Fraction(upper_bound(hits, drawn, 0.05)))) == pytest.approx(0.05, rel=1e-6)
    lower = lower_bound(hits + 1, drawn, 0.05)
    assert float(1 - exact(hits, drawn, Fraction(lower))) == pytest.approx(0.05, rel=1e-6)


def test_known_values() -> None:
    assert upper_bound(0, 59, 0.05) == pytest.approx(1 - 0.05 ** (1 / 59), rel=1e-9)
    assert (lower_bound(0, 10, 0.05), upper_bound(10, 10, 0.05)) == (0.0, 1.0)
    assert is_below(0, 59, 0.05, alpha=0.05)
    assert not is_below(0, 58, 0.05, alpha=0.05)
    assert not is_below(0, 0, 0.05, alpha=0.05)
    assert not is_above(0, 0, 0.05, alpha=0.05)


def test_bounds_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for hits, drawn in ((3, 500), (20, 1000), (50_000, 1_000_000)):
        assert upper_bound(hits, drawn, 0.05) == pytest.approx(stats.beta.ppf(0.95, hits + 1, drawn - hits), rel=1e-6)


def rulings(drawn: int, most: int) -> list[Proof]:
    return [rule(Tally(drawn - hits, hits, 0, UNBOUNDED), LIMIT).proof for hits in range(most)]


@pytest.mark.parametrize("drawn", [59, 100, 500, 1000, 4000])
def test_a_source_above_the_limit_passes_in_at_most_five_of_a_hundred(drawn: int) -> None:
    found = rulings(drawn, drawn // 20 + 2)
    passing = found.count(Proof.WITHIN)
    assert found[:passing] == [Proof.WITHIN] * passing
    assert passing
    for rate in (Fraction(6, 100), Fraction(501, 10_000)):
        assert exact(passing - 1, drawn, rate) <= Fraction(5, 100)


@pytest.mark.parametrize("drawn", [100, 500, 1000])
def test_a_source_within_the_limit_is_condemned_in_at_most_five_of_a_hundred(drawn: int) -> None:
    found = rulings(drawn, drawn // 8)
    first = found.index(Proof.ABOVE)
    assert set(found[first:]) == {Proof.ABOVE}
    assert 1 - exact(first - 1, drawn, Fraction(5, 100)) <= Fraction(5, 100)


def test_six_percent_in_a_hundred_simulations_passes_at_most_five_times() -> None:
    chance = random.Random(20261127)
    tallies = [sum(chance.random() < 0.06 for _ in range(1000)) for _ in range(100)]
    passed = [hits for hits in tallies if rule(Tally(1000 - hits, hits, 0, UNBOUNDED), LIMIT).proof is Proof.WITHIN]
    assert len(passed) <= 5


def test_two_percent_of_a_thousand_passes() -> None:
    ruling = rule(Tally(980, 20, 0, UNBOUNDED), LIMIT)
    assert ruling.proof is Proof.WITHIN
    assert ruling.upper < 0.05
    assert ruling.more is None


def test_what_is_undecided_counts_against_either_conclusion() -> None:
    assert rule(Tally(980, 20, 0, UNBOUNDED), LIMIT).proof is Proof.WITHIN
    undecided = rule(Tally(930, 20, 50, UNBOUNDED), LIMIT)
    assert (undecided.proof, undecided.more) == (Proof.INSUFFICIENT, None)
    assert rule(Tally(0, 60, 440, UNBOUNDED), LIMIT).proof is Proof.ABOVE
    assert rule(Tally(0, 20, 980, UNBOUNDED), LIMIT).proof is Proof.INSUFFICIENT
    assert rule(Tally(0, 0, 0, 10), LIMIT).proof is Proof.INSUFFICIENT


def test_where_all_was_looked_at_nothing_is_estimated() -> None:
    assert rule(Tally(19, 1, 0, 20), LIMIT).proof is Proof.WITHIN
    assert rule(Tally(18, 2, 0, 20), LIMIT).proof is Proof.ABOVE
    assert rule(Tally(18, 1, 1, 20), LIMIT).proof is Proof.INSUFFICIENT
    assert rule(Tally(19, 1, 0, 21), LIMIT).proof is Proof.INSUFFICIENT


@given(st.integers(1, 400), st.data())
def test_as_many_more_as_are_asked_for_decide(drawn: int, data: st.DataObject) -> None:
    illegal = data.draw(st.integers(0, drawn))
    tally = Tally(drawn - illegal, illegal, 0, 3_000_000)
    if rule(tally, LIMIT).proof is not Proof.INSUFFICIENT:
        return
    more = more_needed(tally, LIMIT)
    assert 0 < more <= tally.population - drawn
    if more == tally.population - drawn:
        return
    size = drawn + more
    ends = {
        rule(Tally(size - hits, hits, 0, UNBOUNDED), LIMIT).proof
        for hits in (illegal * size // drawn, -(-illegal * size // drawn))
    }
    assert ends & {Proof.WITHIN, Proof.ABOVE}


def test_none_in_fifty_asks_for_nine_more() -> None:
    assert more_needed(Tally(50, 0, 0, UNBOUNDED), LIMIT) == 9
    assert more_needed(Tally(50, 0, 0, 53), LIMIT) == 3
    assert more_needed(Tally(95, 5, 0, UNBOUNDED), LIMIT) == UNBOUNDED - 100
