"""Exact binomial tails, and the one-sided Clopper-Pearson bounds that follow from them. No dependency."""

import math

_NEGLIGIBLE = 1e-18
_HALVINGS = 60
MOST_DRAWN = 1_000_000_000
# Logarithms of factorials lose digits as samples grow; a tail is rounded up by more than that, against whoever proves.
_ROUNDED_UP = 1 + 1e-6


def at_most(hits: int, drawn: int, rate: float) -> float:
    """Return P(X <= hits) for X binomial(drawn, rate), exact to about nine digits for a million drawn."""
    if hits < 0:
        return 0.0
    if hits >= drawn:
        return 1.0
    if rate in (0.0, 1.0):
        return 1.0 - rate
    if hits < drawn * rate:
        return _falling(hits, drawn, rate)
    return 1.0 - _falling(drawn - hits - 1, drawn, 1.0 - rate)


def at_least(hits: int, drawn: int, rate: float) -> float:
    """Return P(X >= hits) for X binomial(drawn, rate)."""
    return at_most(drawn - hits, drawn, 1.0 - rate)


def _falling(hits: int, drawn: int, rate: float) -> float:
    """Sum from the term of `hits` downwards, where every term is smaller than the one before."""
    log_term = (
        math.lgamma(drawn + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(drawn - hits + 1)
        + hits * math.log(rate)
        + (drawn - hits) * math.log1p(-rate)
    )
    share, total, odds = 1.0, 1.0, (1.0 - rate) / rate
    for count in range(hits, 0, -1):
        share *= count * odds / (drawn - count + 1)
        total += share
        if share < _NEGLIGIBLE * total:
            break
    return min(1.0, math.exp(log_term) * total)


def is_below(hits: int, drawn: int, rate: float, *, alpha: float) -> bool:
    """Say whether so few hits prove at level 1 - alpha that the true rate is at most `rate`."""
    return drawn > 0 and at_most(hits, drawn, rate) * _ROUNDED_UP <= alpha


def is_above(hits: int, drawn: int, rate: float, *, alpha: float) -> bool:
    """Say whether so many hits prove at level 1 - alpha that the true rate is above `rate`."""
    return drawn > 0 and at_least(hits, drawn, rate) * _ROUNDED_UP <= alpha


def upper_bound(hits: int, drawn: int, alpha: float) -> float:
    """Return the one-sided Clopper-Pearson upper bound: the beta quantile 1 - alpha of (hits + 1, drawn - hits)."""
    if hits >= drawn:
        return 1.0
    low, high = hits / drawn, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if at_most(hits, drawn, middle) <= alpha else (middle, high)
    return high


def lower_bound(hits: int, drawn: int, alpha: float) -> float:
    """Return the one-sided Clopper-Pearson lower bound: the beta quantile alpha of (hits, drawn - hits + 1)."""
    return 0.0 if hits <= 0 else 1.0 - upper_bound(drawn - hits, drawn, alpha)
