"""What a score may lead to, risk by risk: data beside the weights, written by the training program."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.outputs import Vector, top_risks
from guiju.moderation.classifier.weights import builtin_weights
from guiju.moderation.models import RISK_IDS, WISHES

FILE = "risks.json"
NEVER = 2.0
"""A threshold that no score reaches."""
MOST_RISKS = 3
"""A text has at most so many findings, those with the highest scores."""


@dataclass(frozen=True, slots=True)
class RiskEntry:
    """One row.

    Attributes:
        flag: from this score on there is a finding.
        wish: what a finding asks for: review or observe.
        block: from this score on a finding asks to block; `NEVER` where precision is not proven.
        precision: share of right findings among those from `block` on, on data of another source; 0 where unmeasured.
        lower: lower end of its 95 % Wilson interval.
        findings: how many findings that is measured on.
        source: which data.
    """

    flag: float
    wish: str
    block: float
    precision: float
    lower: float
    findings: int
    source: str


@cache
def read_risk_table(folder: Path | None = None) -> Mapping[str, RiskEntry]:
    """Read the table of `folder`, of the package when None; it has every risk.

    Raises:
        ClassifierError: it cannot be used.
    """
    path = (folder or builtin_weights()) / FILE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["risks"]
        table = {risk: _entry(rows[risk]) for risk in RISK_IDS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClassifierError(
            f"分类器的风险表不能用（{type(error).__name__}: {error}）。请重新安装 guiju。",
            f"The classifier's table of risks cannot be used ({type(error).__name__}: {error}). Reinstall guiju.",
            where=str(path),
        ) from error
    return table


def _entry(row: Mapping[str, float | str | int]) -> RiskEntry:
    if row["wish"] not in WISHES:
        raise ValueError(f"wish {row['wish']!r}")
    return RiskEntry(
        flag=float(row["flag"]),
        wish=str(row["wish"]),
        block=float(row["block"]),
        precision=float(row["precision"]),
        lower=float(row["lower"]),
        findings=int(row["findings"]),
        source=str(row["source"]),
    )


def flagged(scores: Vector, table: Mapping[str, RiskEntry]) -> Iterator[tuple[str, str, float]]:
    """Yield risk, wish and score of each risk whose score is high enough for a finding; one score a risk goes in.

    Only risks of the likeliest chapter count: a text that is mostly of one chapter is a little of the others too.
    """
    first = top_risks(scores, 1)[0][0]
    for risk, score in top_risks(scores, MOST_RISKS):
        entry = table[risk]
        if score >= entry.flag and risk.partition("-")[0] == first.partition("-")[0]:
            yield risk, "block" if score >= entry.block else entry.wish, score
