"""What the classifier scores: whether anything is wrong, the five chapters of GB/T 45654 Appendix A, its 31 risks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.models import RISK_IDS

Vector = NDArray[np.float32]
"""One number an output."""

CHAPTERS: tuple[str, ...] = tuple(dict.fromkeys(risk.split("-")[0] for risk in RISK_IDS))
OUTPUTS: tuple[str, ...] = ("any", *CHAPTERS, *RISK_IDS)
"""The order of every vector of scores."""

COUNT = len(OUTPUTS)
CHAPTERS_AT = slice(1, 1 + len(CHAPTERS))
RISKS_AT = slice(1 + len(CHAPTERS), COUNT)
CHAPTER_OF: tuple[int, ...] = tuple(CHAPTERS.index(risk.split("-")[0]) for risk in RISK_IDS)
"""For each risk, the place of its chapter in `CHAPTERS`."""

_CHAPTER_OF = np.array(CHAPTER_OF)
_FIRST_OF_CHAPTER = np.searchsorted(_CHAPTER_OF, np.arange(len(CHAPTERS)))


def sigmoid(logits: Vector) -> Vector:
    """Return probabilities; saturates instead of overflowing."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), np.float32)


def risk_scores(probabilities: Vector) -> Vector:
    """Return one score a risk from the probabilities of all outputs; the last axis holds the outputs.

    Whether anything is wrong and the chapter say how sure it is (their geometric mean), its risks say of what: the
    likeliest risk of a chapter has the chapter's score, the others their share of it. What is coarse is learnt from
    more examples than what is fine.
    """
    risks = probabilities[..., RISKS_AT]
    likeliest = np.maximum.reduceat(risks, _FIRST_OF_CHAPTER, axis=-1)
    shares = risks / np.maximum(likeliest[..., _CHAPTER_OF], 1e-6)
    chapters = np.sqrt(probabilities[..., :1] * probabilities[..., CHAPTERS_AT])
    return np.asarray(chapters[..., _CHAPTER_OF] * shares, np.float32)


def top_risks(scores: Vector, count: int) -> Sequence[tuple[str, float]]:
    """Return the `count` risks with the highest scores, highest first."""
    order = np.argsort(-scores, kind="stable")[:count]
    return [(RISK_IDS[at], float(scores[at])) for at in order]
