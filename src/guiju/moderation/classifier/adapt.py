"""An operator's own classes: a head fitted on a few dozen examples of each, on what the encoder sees.

Ridge logistic regression on the layer below the shipped outputs (Alain and Bengio 2016 call such a head a probe). It
is measured by cross-validation before it is fitted on everything, and its file says what was measured.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.errors import ClassifierError, ExamplesError
from guiju.moderation.classifier.outputs import Vector
from guiju.moderation.models import RISK_IDS, WISHES

Matrix = NDArray[np.float32]

FORMAT = 1
HONEST = "none"
"""The class of examples that nothing is to be found in."""
FEWEST_EXAMPLES = 20
"""A class with fewer cannot be measured."""
MOST_EXAMPLES = 20_000
MAX_HEAD_BYTES = 20_000_000
FOLDS = 5

_FIGURES = ("precision", "recall", "threshold")
_RIDGES = (0.3, 1.0, 3.0, 10.0)
_STEPS = 40
_SEED = 7


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How well one class is told from all others, in cross-validation.

    Attributes:
        name: the class.
        examples: how many there are.
        precision: of what the head says, what is right.
        recall: of what there is, what the head says.
        threshold: the score from which on it says so.
    """

    name: str
    examples: int
    precision: float
    recall: float
    threshold: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head.

    Attributes:
        names: the classes, without the honest one.
        risks: for each class, which risks a finding names.
        wish: what its findings ask for: review or observe.
        model: version of the weights that it was fitted on; it is of no use with others.
        mean: what is taken off the layer's numbers.
        scale: what they are divided by.
        weights: a row a number of the layer, a column a class.
        bias: per class.
        figures: per class, from cross-validation.
    """

    names: tuple[str, ...]
    risks: tuple[tuple[str, ...], ...]
    wish: str
    model: str
    mean: Vector
    scale: Vector
    weights: Matrix
    bias: Vector
    figures: tuple[ClassFigures, ...]

    def scores(self, hidden: Vector) -> Vector:
        """Return one score a class, from 0 to 1."""
        logits = ((hidden - self.mean) / self.scale) @ self.weights + self.bias
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)

    def fitting(self, hidden: Vector) -> Sequence[tuple[str, tuple[str, ...], float]]:
        """Return name, risks and score of each class that fits."""
        rows = zip(self.names, self.risks, self.scores(hidden), self.figures, strict=True)
        return [(name, risks, float(score)) for name, risks, score, figures in rows if score >= figures.threshold]


def fit_head(hidden: Matrix, classes: Sequence[str], *, model: str, risk: str, wish: str = "review") -> Head:
    """Fit a head; `hidden` has a row an example, `classes` its class, `HONEST` for none.

    A class that is itself an id of Appendix A names that risk; the others name `risk`.

    Raises:
        ExamplesError: too few or too many examples, or nothing to tell apart.
    """
    names = _checked(classes)
    if wish not in WISHES or risk not in RISK_IDS:
        raise ExamplesError(f"没有这样的风险或意愿：{risk} {wish}。", f"There is no such risk or wish: {risk} {wish}.")
    wanted = np.array([[one == name for name in names] for one in classes], np.float32)
    folds = _folds(classes)
    chances = {ridge: _held_out(hidden, wanted, folds, ridge=ridge) for ridge in _RIDGES}
    best = min(_RIDGES, key=lambda ridge: _loss(chances[ridge], wanted))
    mean, scale = _spread(hidden)
    weights, bias = _fit((hidden - mean) / scale, wanted, best)
    return Head(
        names=names,
        risks=tuple((name,) if name in RISK_IDS else (risk,) for name in names),
        wish=wish, model=model, mean=mean, scale=scale, weights=weights, bias=bias,
        figures=tuple(_figures(name, chances[best][:, at], wanted[:, at] > 0) for at, name in enumerate(names)),
    )  # fmt: skip


def _checked(classes: Sequence[str]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for one in classes:
        counts[one] = counts.get(one, 0) + 1
    names = tuple(sorted(name for name in counts if name != HONEST))
    few = [f"{name} ({count})" for name, count in sorted(counts.items()) if count < FEWEST_EXAMPLES]
    if not names or len(counts) < 2 or few or len(classes) > MOST_EXAMPLES:  # noqa: PLR2004 - something to tell apart
        raise ExamplesError(
            f"示例不够用：每一类至少 {FEWEST_EXAMPLES} 条（建议 50 条以上），总数不超过 {MOST_EXAMPLES} 条，要有标为 "
            f"{HONEST} 的正常示例或至少两类。太少的类：{'、'.join(few) or '无'}。",
            f"These examples cannot be used: at least {FEWEST_EXAMPLES} a class (50 or more are better), at most "
            f"{MOST_EXAMPLES} in all, and honest ones labelled {HONEST}, or two classes. "
            f"Too few: {', '.join(few) or '—'}.",
        )
    return names


def _folds(classes: Sequence[str]) -> NDArray[np.intp]:
    """Return for each example its fold, so that every fold has its part of every class."""
    random = np.random.default_rng(_SEED)
    folds = np.zeros(len(classes), np.intp)
    for name in sorted(set(classes)):
        places = random.permutation([at for at, one in enumerate(classes) if one == name])
        folds[places] = np.arange(len(places)) % FOLDS
    return folds


def _held_out(hidden: Matrix, wanted: Matrix, folds: NDArray[np.intp], *, ridge: float) -> Matrix:
    chances = np.zeros_like(wanted)
    for fold in range(FOLDS):
        known, asked = folds != fold, folds == fold
        mean, scale = _spread(hidden[known])
        weights, bias = _fit((hidden[known] - mean) / scale, wanted[known], ridge)
        logits = ((hidden[asked] - mean) / scale) @ weights + bias
        chances[asked] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return chances


def _spread(hidden: Matrix) -> tuple[Vector, Vector]:
    return hidden.mean(axis=0), hidden.std(axis=0) + np.float32(0.05)


def _fit(inputs: Matrix, wanted: Matrix, ridge: float) -> tuple[Matrix, Vector]:
    """Return weights and bias of a ridge logistic regression a class, by Newton's method."""
    design = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float64)
    pull = ridge * np.eye(design.shape[1])
    pull[-1, -1] = 1e-6
    found = np.zeros((design.shape[1], wanted.shape[1]))
    for column in range(wanted.shape[1]):
        curve = np.zeros(design.shape[1])
        for _ in range(_STEPS):
            chance = 1 / (1 + np.exp(-np.clip(design @ curve, -30, 30)))
            slope = design.T @ (chance - wanted[:, column]) + pull @ curve
            bend = (design * (chance * (1 - chance))[:, None]).T @ design + pull
            step = np.linalg.solve(bend, slope)
            curve -= step
            if np.abs(step).max() < 1e-6:  # noqa: PLR2004 - converged
                break
        found[:, column] = curve
    return found[:-1].astype(np.float32), found[-1].astype(np.float32)


def _loss(chances: Matrix, wanted: Matrix) -> float:
    kept = np.clip(chances, 1e-6, 1 - 1e-6)
    return float(-(wanted * np.log(kept) + (1 - wanted) * np.log(1 - kept)).mean())


def _figures(name: str, chances: Vector, yes: NDArray[np.bool_]) -> ClassFigures:
    """Return the figures at the threshold with the best F1, of chances from examples that were held out."""
    best = (0.0, 0.0, 0.0, 0.5)
    for threshold in np.unique(np.round(np.quantile(chances, np.linspace(0.02, 0.999, 120)), 4)):
        said = chances >= threshold
        hits = int((said & yes).sum())
        precision, recall = hits / max(1, int(said.sum())), hits / int(yes.sum())
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        if f1 > best[0]:
            best = (f1, precision, recall, float(threshold))
    return ClassFigures(name, int(yes.sum()), best[1], best[2], best[3])


def write_head(head: Head, path: Path) -> None:
    """Write a head to a JSON file that a policy can name."""
    figures = [
        {"name": one.name, "examples": one.examples, "precision": round(one.precision, 4),
         "recall": round(one.recall, 4), "threshold": one.threshold}
        for one in head.figures
    ]  # fmt: skip
    content = {
        "format": FORMAT, "model": head.model, "wish": head.wish, "folds": FOLDS, "classes": list(head.names),
        "risks": [list(risks) for risks in head.risks], "figures": figures,
        "mean": _listed(head.mean), "scale": _listed(head.scale), "bias": _listed(head.bias),
        "weights": [_listed(row) for row in head.weights],
    }  # fmt: skip
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


def _listed(values: Vector) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def read_head(path: Path, model: str) -> Head:
    """Read a head for the weights whose version is `model`.

    Raises:
        ClassifierError: it cannot be read, or was fitted on other weights.
    """
    try:
        head = _head_of(_content(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ClassifierError(
            f"自训类别文件不能用（{type(error).__name__}: {error}）。请用 guiju moderation adapt 重新生成。",
            f"The head cannot be used ({type(error).__name__}: {error}). Make it anew with guiju moderation adapt.",
            where=str(path),
        ) from error
    if head.model != model:
        raise ClassifierError(
            "自训类别文件是用另一版权重训练的。请用 guiju moderation adapt 重新生成。",
            "The head was fitted on other weights. Make it anew with guiju moderation adapt.",
            where=str(path),
        )
    return head


def _content(path: Path) -> str:
    if path.stat().st_size > MAX_HEAD_BYTES:
        raise ValueError("too large")
    return path.read_text(encoding="utf-8")


def _head_of(content: str) -> Head:
    row = json.loads(content)
    names = tuple(str(name) for name in row["classes"])
    risks = tuple(tuple(str(risk) for risk in group) for group in row["risks"])
    mean, scale, bias, weights = (np.array(row[name], np.float32) for name in ("mean", "scale", "bias", "weights"))
    head = Head(
        names=names, risks=risks, wish=str(row["wish"]), model=str(row["model"]),
        mean=mean, scale=scale, weights=weights, bias=bias,
        figures=tuple(
            ClassFigures(str(one["name"]), int(one["examples"]), *(float(one[key]) for key in _FIGURES))
            for one in row["figures"]
        ),
    )  # fmt: skip
    fits = weights.shape == (len(mean), len(names)) and len(mean) == len(scale) and len(bias) == len(names)
    known = all(risk in RISK_IDS for group in risks for risk in group) and head.wish in WISHES
    if row["format"] != FORMAT or not fits or not known or not len(names) == len(risks) == len(head.figures):
        raise ValueError("its parts do not fit each other")
    return head
