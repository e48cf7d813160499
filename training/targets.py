"""What is to be learnt from each example: one number an output, and how much it counts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.outputs import CHAPTERS, COUNT, OUTPUTS
from guiju.moderation.models import RISK_IDS
from sources import Example

Table = NDArray[np.float32]

SMOOTHED = {"cold": 0.08, "written": 0.02}
"""So much of a label is doubted: COLD's training labels come from a model that people corrected only in part."""
SIBLINGS = 0.3
"""A written text of one risk says so little about the other risks of its chapter: a text may have several."""


def targets_of(examples: Sequence[Example]) -> tuple[Table, Table]:
    """Return targets and weights, a row an example, a column an output."""
    wanted = np.zeros((len(examples), COUNT), np.float32)
    weight = np.ones((len(examples), COUNT), np.float32)
    for row, example in enumerate(examples):
        doubt = SMOOTHED.get(example.source, 0.0)
        for risk in example.risks:
            chapter = risk.split("-", maxsplit=1)[0]
            siblings = [OUTPUTS.index(other) for other in RISK_IDS if other.startswith(chapter)]
            weight[row, siblings] = SIBLINGS if example.is_sure else 0.0
            wanted[row, [0, 1 + CHAPTERS.index(chapter), OUTPUTS.index(risk)]] = 1.0
            weight[row, OUTPUTS.index(risk)] = 1.0
        if example.risks and example.source == "cold":
            # An insult may be more than a prejudice: hatred of a people, a person's honour. Nobody annotated that.
            weight[row, [OUTPUTS.index(name) for name in ("A.1", "A.1-e", "A.1-f", "A.4", "A.4-c")]] = 0.0
        wanted[row] = wanted[row] * (1 - doubt) + doubt / 2 * (wanted[row] > 0)
        if not example.risks and doubt:
            wanted[row, [0, 2]] = doubt / 2 if example.source == "cold" else 0.0
    return wanted, weight
