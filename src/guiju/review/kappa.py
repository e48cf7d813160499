"""How far independent judges agree, beyond what chance would give. Pure.

Raw agreement with the Wilson score interval (Wilson 1927); kappa after Cohen (1960) for two named judges and after
Fleiss (1971) for two of many, each with the delete-one jackknife as interval, which needs no random numbers.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from guiju.review.models import Agreement, Kappa

_Z = 1.959963984540054  # the 97.5 % point of the normal distribution
Pair = tuple[str, str]
_Counts = Counter[Pair]


def agreement(pairs: Sequence[Pair], agreed: int, *, is_named: bool) -> Agreement:
    """Measure the agreement of `pairs` of categories, one pair an item.

    Args:
        pairs: what the first and the second said of each item; in the same order of people when `is_named`.
        agreed: on how many items they agree by the rule of the room, which may look at more than the category.
        is_named: whether it is always the same two people (Cohen) or two of many (Fleiss).
    """
    items = len(pairs)
    low, high = wilson(agreed, items)
    kappa = _with_interval(Counter(pairs), cohen if is_named else fleiss)
    return Agreement(items, agreed, agreed / items if items else None, low, high, kappa)


def wilson(hits: int, of: int) -> tuple[float | None, float | None]:
    """Return the 95 % Wilson score interval of a share; None without any."""
    if of == 0:
        return None, None
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def cohen(counts: _Counts) -> float | None:
    """Return Cohen's kappa of two judges; None where chance alone would make them agree on everything."""
    total = counts.total()
    if not total:
        return None
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, other), count in counts.items():
        first[one] += count
        second[other] += count
    expected = sum(first[name] * second[name] for name in first) / (total * total)
    return _beyond_chance(counts, total, expected)


def fleiss(counts: _Counts) -> float | None:
    """Return Fleiss' kappa for two judgements an item, by whomever; None where chance alone would agree on all."""
    total = counts.total()
    if not total:
        return None
    said: Counter[str] = Counter()
    for (one, other), count in counts.items():
        said[one] += count
        said[other] += count
    expected = sum((count / (2 * total)) ** 2 for count in said.values())
    return _beyond_chance(counts, total, expected)


def _beyond_chance(counts: _Counts, total: int, expected: float) -> float | None:
    observed = sum(count for (one, other), count in counts.items() if one == other) / total
    return None if math.isclose(expected, 1.0) else (observed - expected) / (1 - expected)


def _with_interval(counts: _Counts, measure: Callable[[_Counts], float | None]) -> Kappa:
    value, total = measure(counts), counts.total()
    if value is None or total < 2:  # noqa: PLR2004 - leaving one out must leave one
        return Kappa(value, None, None)
    left_out = []
    for pair, count in counts.items():
        without = measure(counts - Counter((pair,)))
        if without is None:  # one item alone decides whether kappa is defined: no interval would be honest
            return Kappa(value, None, None)
        left_out.append((without, count))
    mean = sum(one * count for one, count in left_out) / total
    variance = (total - 1) / total * sum(count * (one - mean) ** 2 for one, count in left_out)
    half = _Z * math.sqrt(variance)
    return Kappa(value, max(-1.0, value - half), min(1.0, value + half))
