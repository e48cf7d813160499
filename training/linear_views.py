"""Fits the two views that are linear in hashed n-grams, and rounds them to eight bits.

Logistic regression, all outputs at once, by AdaGrad on sparse rows: a text touches two hundred of 131,072 rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from guiju.moderation.classifier.features import Codes, gram_rows
from guiju.moderation.classifier.outputs import COUNT
from targets import Table

EPOCHS = 6
BATCH = 128
RATE = 0.5
INITIAL = 1e-7
DECAY = 1e-5
"""Pull of a touched weight towards zero, per step."""


def bags_of(codes: Sequence[Codes], bits: int) -> sparse.csr_array:
    """Return a row a text: how often each n-gram occurs, over the root of how many there are."""
    rows = [gram_rows(one, bits) for one in codes]
    ends = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(one), 1 / np.sqrt(len(one)), np.float32) for one in rows])
    bags = sparse.csr_array((values, np.concatenate(rows), ends), shape=(len(rows), 1 << bits))
    bags.sum_duplicates()
    return bags


def fit(bags: sparse.csr_array, wanted: Table, weight: Table, *, seed: int) -> dict[str, NDArray[np.generic]]:
    """Return table, scale and bias of a linear view."""
    random = np.random.default_rng(seed)
    table = np.zeros((bags.shape[1], COUNT), np.float32)
    gathered = np.full((bags.shape[1], COUNT), INITIAL, np.float32)
    bias = np.full(COUNT, -3.0, np.float32)
    bias_gathered = np.full(COUNT, 1e-2, np.float32)
    steps = EPOCHS * -(-len(wanted) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(wanted))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = bags[places]
            touched, inverse = np.unique(batch.indices, return_inverse=True)
            small = sparse.csr_array((batch.data, inverse, batch.indptr), shape=(len(places), len(touched)))
            used = table[touched]
            slope = (1 / (1 + np.exp(-(small @ used + bias))) - wanted[places]) * weight[places] / len(places)
            rate = RATE * max(0.05, 1 - step / steps)
            gradient = small.T @ slope + DECAY * used
            sums = gathered[touched] + gradient * gradient
            gathered[touched] = sums
            table[touched] = used - rate * gradient / np.sqrt(sums)
            pull = slope.sum(axis=0)
            bias_gathered += pull * pull
            bias -= 0.1 * rate * pull / np.sqrt(bias_gathered)
            step += 1
    return _rounded(table, bias)


def _rounded(table: NDArray[np.float32], bias: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """Round each column to eight bits; its largest weights are cut, which costs less than coarse steps."""
    scale = np.maximum(np.quantile(np.abs(table), 0.9995, axis=0) / 127, 1e-6).astype(np.float32)
    steps = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
    return {"table": steps, "scale": scale, "bias": bias.astype(np.float32)}
