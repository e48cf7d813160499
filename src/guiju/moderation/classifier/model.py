"""The classifier: three views of a text, calibrated, joined; the cheap ones first, the encoder only when it matters.

In ordinary text the views are weighed together. Where syllables stand in Latin letters, the text may be one that hides
what it says in pinyin: then the sounds count alone as well, and the higher of both holds. Taking the higher everywhere
would flag what any one view mistakes (measured: docs/reference/model-card.md).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.encoder import LAYERS, Encoder, read_base
from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.features import codes_of, readable
from guiju.moderation.classifier.linear import LinearView
from guiju.moderation.classifier.outputs import COUNT, Vector, risk_scores, sigmoid
from guiju.moderation.classifier.pinyin import Sounds, load_sounds
from guiju.moderation.classifier.weights import Array, Weights, builtin_weights, read_weights

SPELT = 2
"""From so many syllables in Latin letters on, a text may be one that hides what it says in pinyin."""
ENCODER_LAYER = "encoder_"
"""Arrays whose names begin so replace layers of the encoder."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the classifier says about one text.

    Attributes:
        probabilities: one an output, see `outputs.OUTPUTS`.
        risks: one score a risk, in the order of `RISK_IDS`.
        view: what the highest score comes from: `characters`, `meaning` or `sound`.
        asked_encoder: whether the encoder was asked.
        hidden: what an operator's own head reads, where the encoder was asked.
    """

    probabilities: Vector
    risks: Vector
    view: str
    asked_encoder: bool
    hidden: Vector | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the raw numbers of the views become probabilities; one entry an output.

    Attributes:
        cheap: gains of characters and sounds, offset, where the encoder is not asked: 3 × outputs.
        joint: gains of characters, encoder and sounds, offset: 4 × outputs.
        sound: gain and offset of the sounds alone: 2 × outputs.
        gate: below this probability of `any` by the cheap views, the encoder is not asked.
    """

    cheap: Vector
    joint: Vector
    sound: Vector
    gate: float


class MeaningHead:
    """Two layers above the encoder."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Take the arrays whose names begin with `head_`."""
        self._gain, self._shift, self._first, self._first_bias, self._second, self._second_bias = (
            np.asarray(arrays[f"head_{name}"], np.float32) for name in ("gain", "shift", "w1", "b1", "w2", "b2")
        )

    def hidden(self, features: Vector) -> Vector:
        """Return what stands between the two layers: what an operator's own head is fitted on."""
        centred = features - features.mean()
        scaled = centred / np.sqrt(centred @ centred / len(centred) + np.float32(1e-5)) * self._gain + self._shift
        return np.asarray(np.maximum(scaled @ self._first + self._first_bias, 0), np.float32)

    def logits(self, hidden: Vector) -> Vector:
        """Return one number an output from what `hidden` returns."""
        return np.asarray(hidden @ self._second + self._second_bias, np.float32)


_TRIAL = "今天天气很好,jintian tianqi。"


class Classifier:
    """Scores texts. Immutable but for the encoder, which is loaded when it is first asked; safe between threads."""

    def __init__(self, weights: Weights, sounds: Sounds, *, with_encoder: bool) -> None:
        """Take the arrays of a model.

        Raises:
            ClassifierError: an array is missing or has the wrong shape.
        """
        self.version = weights.version
        self.with_encoder = with_encoder
        self.weights = weights
        self.sounds = sounds
        self._loading = threading.Lock()
        self._encoder: tuple[Encoder, MeaningHead] | None = None
        try:
            self._characters = _linear(weights, "characters")
            self._by_sound = _linear(weights, "sounds")
            self._calibration = _calibration(weights)
        except (KeyError, ValueError) as error:
            raise ClassifierError(
                f"分类器的权重不完整（{error}）。请重新安装 guiju，或运行 `make train`。",
                f"The classifier's weights are incomplete ({error}). Reinstall guiju or run `make train`.",
            ) from error

    def get_ready(self) -> None:
        """Load and try every part now: the first question would otherwise wait for a second.

        Raises:
            ClassifierError: the encoder cannot be loaded.
        """
        self.scores(_TRIAL)
        if self.with_encoder:
            self.hidden(_TRIAL)

    def scores(self, symbols: str) -> Scores:
        """Score normalised text.

        Raises:
            ClassifierError: the encoder is to be asked and cannot be loaded.
        """
        text = readable(symbols)
        kept = self._calibration
        raw = self._characters.logits(codes_of(text))
        codes, spelt = self.sounds.read(text)
        sound = self._by_sound.logits(codes)
        joined = sigmoid(raw * kept.cheap[0] + sound * kept.cheap[1] + kept.cheap[2])
        heard = sigmoid(sound * kept.sound[0] + kept.sound[1]) if spelt >= SPELT else None
        view, hidden = "characters", None
        asks = self.with_encoder and max(joined[0], 0.0 if heard is None else heard[0]) >= kept.gate
        if asks:
            encoder, head = self._meaning()
            hidden = head.hidden(encoder.features(text))
            meant = head.logits(hidden)
            joined = sigmoid(raw * kept.joint[0] + meant * kept.joint[1] + sound * kept.joint[2] + kept.joint[3])
            view = "meaning"
        if heard is not None:
            view = "sound" if heard[0] > joined[0] else view
            joined = np.maximum(joined, heard)
        return Scores(joined, risk_scores(joined), view, asks, hidden)

    def hidden(self, symbols: str) -> Vector:
        """Return what an operator's own head is fitted on and reads.

        Raises:
            ClassifierError: the encoder cannot be loaded.
        """
        encoder, head = self._meaning()
        return head.hidden(encoder.features(readable(symbols)))

    def _meaning(self) -> tuple[Encoder, MeaningHead]:
        if self._encoder is None:
            with self._loading:
                if self._encoder is None:
                    arrays = self.weights.arrays
                    ours = {name: arrays[ENCODER_LAYER + name] for name in LAYERS if ENCODER_LAYER + name in arrays}
                    self._encoder = (Encoder(read_base(ours), ours), MeaningHead(arrays))
        return self._encoder


def _linear(weights: Weights, name: str) -> LinearView:
    table = weights.arrays[f"{name}_table"]
    bits = (len(table) - 1).bit_length()
    if table.shape != (1 << bits, COUNT) or table.dtype != np.int8:
        raise ValueError(f"{name}_table {table.shape} {table.dtype}")
    return LinearView(
        table=np.asarray(table, np.int8),
        scale=_vector(weights, f"{name}_scale", (COUNT,)),
        bias=_vector(weights, f"{name}_bias", (COUNT,)),
        bits=bits,
    )


def _calibration(weights: Weights) -> Calibration:
    return Calibration(
        cheap=_vector(weights, "calibration_cheap", (3, COUNT)),
        joint=_vector(weights, "calibration_joint", (4, COUNT)),
        sound=_vector(weights, "calibration_sound", (2, COUNT)),
        gate=weights.settings["gate"],
    )


def _vector(weights: Weights, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = np.asarray(weights.arrays[name], np.float32)
    if array.shape != shape:
        raise ValueError(f"{name} {array.shape}")
    return array


@cache
def load_classifier(folder: Path | None = None, *, with_encoder: bool = True) -> Classifier:
    """Read the weights of `folder`, of the package when None; the same object for the same question.

    Raises:
        ClassifierError: they cannot be used.
    """
    return Classifier(read_weights(folder or builtin_weights()), load_sounds(), with_encoder=with_encoder)
