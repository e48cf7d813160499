"""Sorting in parts is sorting."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.text.matching.gentle import sorted_gently


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(0, 35_000))
def test_it_is_what_sorted_returns(seed: int, count: int) -> None:
    chance = random.Random(seed)
    texts = ["".join(chance.choices("甲乙丙丁", k=chance.randint(1, 6))) for _ in range(count)]
    assert list(sorted_gently(texts, key=str)) == sorted(texts)
    numbers = range(len(texts))
    assert list(sorted_gently(numbers, key=texts.__getitem__)) == sorted(numbers, key=texts.__getitem__)
