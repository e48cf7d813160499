"""A small classifier of our own making, so that these tests hold whatever the shipped weights are."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from guiju.moderation.classifier.features import codes_of, gram_rows
from guiju.moderation.classifier.linear import LinearView
from guiju.moderation.classifier.model import Classifier
from guiju.moderation.classifier.outputs import COUNT, OUTPUTS, Vector
from guiju.moderation.classifier.pinyin import load_sounds
from guiju.moderation.classifier.risk_table import NEVER, RiskEntry
from guiju.moderation.classifier.weights import read_weights, write_weights
from guiju.moderation.models import RISK_IDS

BITS = 12
SEEN = {"甲乙": "A.1-f", "丙丁": "A.2-e"}


def small_arrays() -> dict[str, NDArray[np.generic]]:
    """Weights that see the words of `SEEN`, each as one risk."""
    table = np.zeros((1 << BITS, COUNT), np.int8)
    for word, risk in SEEN.items():
        (row,) = {*gram_rows(codes_of(f"一{word}"), BITS)} & {*gram_rows(codes_of(f"{word}二"), BITS)} - {
            row for part in ("一", "二", *word) for row in gram_rows(codes_of(part), BITS)
        }
        for output in ("any", risk.split("-", maxsplit=1)[0], risk):
            table[row, OUTPUTS.index(output)] = 120
    zeros = np.zeros(COUNT, np.float32)
    return {
        "characters_table": table,
        "characters_scale": np.ones(COUNT, np.float32),
        "characters_bias": zeros - 3,
        "sounds_table": np.zeros((16, COUNT), np.int8),
        "sounds_scale": zeros,
        "sounds_bias": zeros - 9,
        "calibration_cheap": np.vstack([zeros + 1, zeros, zeros]),
        "calibration_joint": np.vstack([zeros + 1, zeros, zeros, zeros]),
        "calibration_sound": np.vstack([zeros + 1, zeros]),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_weights(tmp_path / "weights", small_arrays(), {"gate": 0.5})
    return tmp_path / "weights"


@pytest.fixture
def small(folder: Path) -> Classifier:
    return Classifier(read_weights(folder), load_sounds(), with_encoder=False)


@pytest.fixture
def risk_table() -> Mapping[str, RiskEntry]:
    return {risk: RiskEntry(0.5, "review", 0.9 if risk == "A.1-f" else NEVER, 0.0, 0.0, 0, "") for risk in RISK_IDS}


def naive_logits(view: LinearView, text: str) -> Vector:
    """Count n-grams one by one, as the definition says."""
    rows = gram_rows(codes_of(text), view.bits)
    total = np.zeros(COUNT)
    for row in rows:
        total += view.table[row] * view.scale
    return np.asarray(total / np.sqrt(len(rows)) + view.bias, np.float32)
