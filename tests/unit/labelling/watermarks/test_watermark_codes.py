"""The code of the watermark: every pointer comes back, with as many wrong signs as it promises, and noise is none."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.labelling.watermarks.codes import LENGTH, decode, encode

POINTERS = st.integers(0, 2**64 - 1)
CORRECTED = 7
"""Half of the free distance of 15, rounded down: so many wrong signs are corrected wherever they stand."""


@given(POINTERS, st.sets(st.integers(0, LENGTH - 1), max_size=CORRECTED))
@settings(max_examples=150)
def test_a_pointer_comes_back_through_wrong_signs(pointer: int, wrong: set[int]) -> None:
    evidence = encode(pointer).astype(np.float64)
    evidence[sorted(wrong)] *= -1
    found = decode(evidence)
    assert found is not None
    assert found[0] == pointer
    assert abs(found[1] - (LENGTH - 2 * len(wrong)) / LENGTH) < 1e-9


@given(POINTERS, st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_pointer_comes_back_through_noise_as_strong_as_itself(pointer: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0.0, 0.9, LENGTH)
    found = decode(encode(pointer) + noise)
    assert found is None or found[0] == pointer
    faint = decode(encode(pointer) + noise / 3)
    assert faint is not None
    assert faint[0] == pointer


def test_noise_is_no_pointer() -> None:
    random = np.random.default_rng(7)
    assert all(decode(random.normal(0.0, 1.0, LENGTH)) is None for _ in range(300))
    assert decode(np.zeros(LENGTH)) is None


def test_signs_are_signs_and_differ_between_pointers() -> None:
    one, other = encode(1), encode(2)
    assert set(one.tolist()) == {-1, 1}
    assert len(one) == LENGTH
    assert (one != other).sum() >= 15
