"""Turns the numbers of the views into probabilities, joins them, and chooses the gate. Nothing here trains a view.

Platt 2000: a logistic curve a view, fitted on texts that the view has not seen. Each source counts the same, however
many texts it has, so that the largest does not decide for the others.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.outputs import CHAPTER_OF, CHAPTERS, COUNT
from sources import Example
from targets import Table, targets_of

_STEPS = 60
_RIDGE = 1e-3
GATE_LOSS = 0.005
"""The gate may keep so many of the texts from the encoder that the encoder would flag."""


def source_weights(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return one weight a text, so that every source has the same sum; JADE and ChineseSafetyQA are one source."""
    names = ["prompts" if one.source in {"jade", "safetyqa"} else one.source for one in examples]
    counts = Counter(names)
    return np.array([1.0 / counts[name] for name in names])


def curves(views: Sequence[Table], examples: Sequence[Example]) -> NDArray[np.float32]:
    """Return gain of each view and offset, (views + 1) × outputs; the risks of a chapter share one curve.

    A risk has too few texts for a curve of its own; those of its chapter are taken together.
    """
    wanted, counted = targets_of(examples)
    weights = source_weights(examples)[:, None] * counted
    found = np.zeros((len(views) + 1, COUNT))
    shared: list[list[int]] = [[0], *([1 + at] for at in range(len(CHAPTERS)))]
    shared += [[1 + len(CHAPTERS) + at for at, one in enumerate(CHAPTER_OF) if one == chapter]
               for chapter in range(len(CHAPTERS))]  # fmt: skip
    for columns in shared:
        inputs = np.stack([view[:, columns].ravel() for view in views], axis=1)
        curve = _logistic(inputs, (wanted[:, columns] >= 0.5).ravel(), weights[:, columns].ravel())  # noqa: PLR2004 - smoothed
        found[:, columns] = curve[:, None]
    return found.astype(np.float32)


def _logistic(inputs: Table, yes: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return gains (never below zero) and offset of a weighted logistic regression, by Newton's method."""
    weights = weights / max(weights.sum(), 1e-12)
    active = list(range(inputs.shape[1]))
    full = np.zeros(inputs.shape[1] + 1)
    while True:
        design = np.column_stack([inputs[:, active], np.ones(len(inputs))]).astype(np.float64)
        curve = np.zeros(len(active) + 1)
        ridge = _RIDGE * np.eye(len(curve))
        ridge[-1, -1] = 1e-6
        for _ in range(_STEPS):
            chance = 1 / (1 + np.exp(-np.clip(design @ curve, -30, 30)))
            slope = design.T @ (weights * (chance - yes)) + ridge @ curve
            bend = (design * (weights * chance * (1 - chance))[:, None]).T @ design + ridge
            step = np.linalg.solve(bend, slope)
            curve -= np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-8:  # noqa: PLR2004 - converged
                break
        negative = [at for at, gain in zip(active, curve[:-1], strict=True) if gain < 0]
        if not negative:
            full[[*active, -1]] = curve
            return full
        active = [at for at in active if at not in negative]


def gate_of(first: NDArray[np.float32], flagged: NDArray[np.bool_]) -> float:
    """Return the probability of the cheap views below which the encoder need not be asked."""
    return float(np.quantile(first[flagged], GATE_LOSS)) if flagged.any() else 0.0


def best_threshold(scores: NDArray[np.float32], risky: NDArray[np.bool_]) -> float:
    """Return the threshold with the highest macro-F1."""
    order = np.argsort(-scores)
    hits = np.cumsum(risky[order])
    said = np.arange(1, len(scores) + 1)
    yes, no = risky.sum(), (~risky).sum()
    of_yes = 2 * hits / (said + yes)
    of_no = 2 * (no - (said - hits)) / (len(scores) - said + no)
    return float(scores[order[int(np.argmax(of_yes + of_no))]])
