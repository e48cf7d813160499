"""The arithmetic of an evaluation. Pure.

Intervals are at 95 %: Wilson 1927 for shares; for F1, the percentiles of a bootstrap over texts, drawn as multinomial
counts of the four cells, which is the same and needs no text.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.evaluation.models import Counts, CurvePoint, Interval, Latency, Quality

Column = NDArray[np.float64]

_Z = 1.959964
_DRAWS = 2000
_SEED = 20260101
_POINTS = 60
NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def count(wanted: Sequence[bool], said: Sequence[bool]) -> Counts:
    """Count the four cells.

    Raises:
        ValueError: the two are not of one length.
    """
    pairs = list(zip(wanted, said, strict=True))
    return Counts(
        true_positives=sum(yes and flagged for yes, flagged in pairs),
        false_positives=sum(flagged and not yes for yes, flagged in pairs),
        false_negatives=sum(yes and not flagged for yes, flagged in pairs),
        true_negatives=sum(not yes and not flagged for yes, flagged in pairs),
    )


def wilson(hits: int, total: int) -> Interval:
    """Return a share with its Wilson interval."""
    if total <= 0:
        return NOTHING
    share = hits / total
    spread = _Z * _Z / total
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * np.sqrt(share * (1 - share) / total + spread / (4 * total))
    return Interval(share, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def quality(counts: Counts) -> Quality:
    """Return the figures that follow from the four cells."""
    hits, false, missed, right = (
        counts.true_positives, counts.false_positives, counts.false_negatives, counts.true_negatives
    )  # fmt: skip
    f1, macro = _f1_intervals(counts)
    return Quality(
        counts=counts,
        precision=wilson(hits, hits + false),
        recall=wilson(hits, hits + missed),
        false_alarms=wilson(false, false + right),
        f1=f1,
        macro_f1=macro,
    )


def _f1_intervals(counts: Counts) -> tuple[Interval, Interval]:
    if not counts.total:
        return NOTHING, NOTHING
    cells = np.array(
        [counts.true_positives, counts.false_positives, counts.false_negatives, counts.true_negatives], np.float64
    )
    drawn = np.random.default_rng(_SEED).multinomial(counts.total, cells / cells.sum(), _DRAWS).astype(np.float64)
    both = np.vstack([cells, drawn])
    of_yes = _f1(both[:, 0], both[:, 1], both[:, 2])
    of_no = _f1(both[:, 3], both[:, 2], both[:, 1])
    return _interval(of_yes), _interval((of_yes + of_no) / 2)


def _f1(
    hits: Column,
    one: Column,
    other: Column,
) -> Column:
    return 2 * hits / np.maximum(2 * hits + one + other, 1.0)


def _interval(values: Column) -> Interval:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Interval(float(values[0]), float(low), float(high))


def curve(wanted: Sequence[bool], scores: Sequence[float]) -> tuple[CurvePoint, ...]:
    """Return precision and recall at up to sixty thresholds; nothing where scores or classes do not differ."""
    total = sum(wanted)
    if len(set(scores)) < 3 or not 0 < total < len(wanted):  # noqa: PLR2004 - two scores are yes and no
        return ()
    thresholds = np.unique(np.quantile(scores, np.linspace(0, 1, _POINTS)))
    points: list[CurvePoint] = []
    yes, values = np.array(wanted), np.array(scores)
    for threshold in thresholds:
        flagged = values >= threshold
        hits = int((flagged & yes).sum())
        points.append(CurvePoint(float(threshold), hits / max(1, int(flagged.sum())), hits / total))
    return tuple(points)


def latency(seconds: Sequence[float]) -> Latency:
    """Return the percentiles of what single texts took."""
    if not seconds:
        return Latency(*[float("nan")] * 4)
    median, p95, p99 = np.quantile(seconds, [0.5, 0.95, 0.99]) * 1000
    return Latency(float(median), float(p95), float(p99), float(np.mean(seconds)) * 1000)
