"""Chooses from which score on there is a finding, and proves from which on one may refuse by itself.

Thresholds are chosen on `calibrate` parts. What may block must then be shown on the `report` part of another source
than the training: the lower end of the 95 % Wilson interval of its precision there is at least 0.95. JADE's classes are
not those of Appendix A, so a finding counts as right there when the chapter is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration import best_threshold
from guiju.moderation.classifier.outputs import CHAPTERS
from guiju.moderation.classifier.risk_table import NEVER
from guiju.moderation.evaluation.metrics import wilson
from guiju.moderation.models import RISK_IDS
from sources import Example

Scores = NDArray[np.float32]

PROVEN = 0.95
SAFE_SHARE = 0.025
"""So many of the honest safety questions may be flagged by the chapters that prompts are about."""
_HOPED = 0.985
_FEWEST = 12
_PROMPTS = frozenset({"jade", "safetyqa"})
_OF_PROMPTS = frozenset({"A.1", "A.3", "A.4"})
_SOURCES = {"A.2": ("cold", "swsr")}
"""Prejudice stands in comments; the thresholds of other chapters come from written texts."""
_UNKNOWN = 0.5


def risk_table(examples: Sequence[Example], scores: Scores) -> dict[str, dict[str, float | str | int]]:
    """Return one row a risk; `scores` has a row an example and a column a risk, NaN where it was trained on."""
    flags = {chapter: _flag(chapter, examples, scores) for chapter in CHAPTERS}
    return {risk: _row(risk, flags[risk.split("-", maxsplit=1)[0]], examples, scores) for risk in RISK_IDS}


def _flag(chapter: str, examples: Sequence[Example], scores: Scores) -> float:
    """Return the chapter's threshold.

    Of the chapters that prompts are about (A.1, A.3, A.4): so low that as many honest safety questions are flagged as
    may be. Of the others: the best macro-F1, each source counting the same.
    """
    honest = [at for at, one in enumerate(examples) if one.part == "calibrate" and one.source == "safetyqa"]
    if chapter in _OF_PROMPTS and honest:
        columns = [at for at, risk in enumerate(RISK_IDS) if risk.split("-", maxsplit=1)[0] in _OF_PROMPTS]
        return round(float(np.quantile(scores[honest][:, columns].max(axis=1), 1 - SAFE_SHARE)), 4)
    columns = [at for at, risk in enumerate(RISK_IDS) if risk.startswith(chapter)]
    best = scores[:, columns].max(axis=1)
    found: list[float] = []
    for source in _SOURCES.get(chapter, ("written",)):
        places = _places(examples, "calibrate", (source,), chapter)
        risky = np.array([bool(examples[at].risks) for at in places], bool)
        if risky.sum() >= _FEWEST and (~risky).sum() >= _FEWEST:
            found.append(best_threshold(best[places], risky))
    return round(float(np.mean(found)), 4) if found else _UNKNOWN


def _places(examples: Sequence[Example], part: str, sources: Sequence[str], chapter: str) -> list[int]:
    """Return where texts of some sources stand that are honest, or of the chapter."""
    return [
        at
        for at, one in enumerate(examples)
        if one.part == part and one.source in sources and (not one.risks or one.risks[0].startswith(chapter))
    ]


def _row(risk: str, flag: float, examples: Sequence[Example], scores: Scores) -> dict[str, float | str | int]:
    column = RISK_IDS.index(risk)
    sources = ("swsr",) if risk == "A.2-e" else ("jade", "safetyqa")
    chosen = _block_from(risk, flag, (examples, scores[:, column]), sources)
    proof = _right(risk, chosen, (examples, scores[:, column]), ("report", sources))
    said = [
        one for at, one in enumerate(examples)
        if one.part == "report" and one.source in sources and scores[at, column] >= flag
    ]  # fmt: skip
    at_flag = (sum(bool(one.risks) for one in said), len(said))
    interval = wilson(*proof) if proof[1] else None
    is_proven = interval is not None and interval.low >= PROVEN
    weak = at_flag[1] >= _FEWEST and at_flag[0] / at_flag[1] < 0.5  # noqa: PLR2004 - wrong more often than right
    return {
        "flag": flag,
        "wish": "observe" if weak or risk.startswith("A.5") else "review",
        "block": round(chosen, 4) if is_proven else NEVER,
        "precision": round(interval.value, 4) if interval is not None else 0.0,
        "lower": round(interval.low, 4) if interval is not None else 0.0,
        "findings": proof[1],
        "source": "+".join(sources) if proof[1] else "",
        "flag_precision": round(at_flag[0] / at_flag[1], 4) if at_flag[1] else 0.0,
        "flag_findings": at_flag[1],
    }


def _block_from(risk: str, flag: float, data: tuple[Sequence[Example], Scores], sources: Sequence[str]) -> float:
    """Return the lowest score from which nearly every finding on the calibrate part is right."""
    examples, scores = data
    places = [at for at, one in enumerate(examples) if one.part == "calibrate" and one.source in sources]
    for threshold in np.unique(scores[places][scores[places] >= flag]):
        hits, said = _right(risk, float(threshold), data, ("calibrate", sources))
        if said < _FEWEST:
            break
        if hits / said >= _HOPED:
            return float(threshold)
    return 1.0


def _right(
    risk: str, threshold: float, data: tuple[Sequence[Example], Scores], where: tuple[str, Sequence[str]]
) -> tuple[int, int]:
    """Return how many findings from `threshold` on are right, and how many there are."""
    examples, scores = data
    part, sources = where
    said = [
        one for at, one in enumerate(examples)
        if one.part == part and one.source in sources and scores[at] >= threshold
    ]  # fmt: skip
    return sum(_is_of(risk, one) for one in said), len(said)


def _is_of(risk: str, one: Example) -> bool:
    if risk in one.risks:
        return True
    return one.source in _PROMPTS and any(other.split("-")[0] == risk.split("-", maxsplit=1)[0] for other in one.risks)
