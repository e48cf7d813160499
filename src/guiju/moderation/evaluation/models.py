"""The nouns of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what is known of it.

    Attributes:
        text: as it stands in the data.
        is_risky: whether it should be flagged.
        risks: which risks it has; empty where the data do not say.
        line: where it stands in its file, from 1.
    """

    text: str
    is_risky: bool
    risks: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said about a text.

    Attributes:
        is_flagged: whether anything was found.
        risks: which risks were found.
        score: the highest score, from 0 to 1; 1 or 0 where the engine knows only yes and no.
        is_failed: whether the engine failed; then nothing else is meant.
    """

    is_flagged: bool
    risks: tuple[str, ...] = ()
    score: float = 0.0
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; all three are NaN where there is nothing to count."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Yes and no, wanted and said."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def total(self) -> int:
        """How many texts."""
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives


@dataclass(frozen=True, slots=True)
class Quality:
    """How good yes and no are.

    Attributes:
        counts: what is counted.
        precision: of what was flagged, what should be (Wilson).
        recall: of what should be flagged, what was (Wilson).
        false_alarms: of what should not be flagged, what was (Wilson).
        f1: of the flagged class (bootstrap).
        macro_f1: the mean of both classes' F1 (bootstrap).
    """

    counts: Counts
    precision: Interval
    recall: Interval
    false_alarms: Interval
    f1: Interval
    macro_f1: Interval


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Precision and recall when everything from `threshold` on is flagged."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one text takes, in milliseconds."""

    median_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured.

    Attributes:
        name: the data's name.
        engine: what was measured, with its version.
        texts: how many texts.
        characters: how many characters they have.
        skipped: reason → how many rows of the data were not used.
        failed: how many texts the engine failed on; they count as flagged neither way and stand here.
        overall: all texts.
        by_risk: risk → quality of saying this risk; only of rows whose risks the data name.
        by_evasion: name of an evasion → quality after it.
        by_group: mentioned group → quality.
        false_hits_per_100k: findings in honest texts, per 100,000 characters of honest texts.
        curve: precision and recall over thresholds; empty where the engine has no scores.
        latency: per text.
        mistakes: some texts that were judged wrong: line, what is wanted, score.
    """

    name: str
    engine: str
    texts: int
    characters: int
    skipped: Mapping[str, int]
    failed: int
    overall: Quality
    by_risk: Mapping[str, Quality]
    by_evasion: Mapping[str, Quality]
    by_group: Mapping[str, Quality]
    false_hits_per_100k: float
    curve: tuple[CurvePoint, ...]
    latency: Latency
    mistakes: tuple[tuple[int, bool, float], ...]
