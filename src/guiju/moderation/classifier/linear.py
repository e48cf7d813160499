"""A view that is linear in hashed n-grams: one gather, one sum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.features import Codes, gram_rows
from guiju.moderation.classifier.outputs import Vector


@dataclass(frozen=True, slots=True)
class LinearView:
    """Weights of a linear view.

    Attributes:
        table: 2**bits rows, a column an output, eight bits.
        scale: what one step of a column is worth.
        bias: per output.
        bits: how many bits of a hash choose the row.
    """

    table: NDArray[np.int8]
    scale: Vector
    bias: Vector
    bits: int

    def logits(self, codes: Codes) -> Vector:
        """Return one number an output for a text given as codes (of characters or of syllables)."""
        rows = gram_rows(codes, self.bits)
        total = self.table.take(rows, axis=0).sum(axis=0, dtype=np.int32)
        return np.asarray(total * (self.scale / np.sqrt(np.float32(len(rows)))) + self.bias, np.float32)
