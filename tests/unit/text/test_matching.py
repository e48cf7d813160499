import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.text.matching.bigram import BigramMatcher
from guiju.text.matching.choose import build_matcher
from guiju.text.matching.heads import HeadMatcher
from guiju.text.matching.prefixes import PrefixTree
from guiju.text.matching.rust import RustMatcher

LETTERS = "甲乙丙ab😀"
PATTERNS = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=12, unique=True)
TEXT = st.text(LETTERS + "丁", max_size=60)


def naive(patterns: list[str], text: str) -> list[tuple[int, int, int]]:
    return sorted(
        (at, at + len(pattern), index)
        for index, pattern in enumerate(patterns)
        for at in range(len(text) - len(pattern) + 1)
        if text.startswith(pattern, at)
    )


@given(patterns=PATTERNS, text=TEXT)
@settings(max_examples=600)
def test_all_matchers_find_exactly_every_occurrence(patterns: list[str], text: str) -> None:
    expected = naive(patterns, text)
    assert sorted(RustMatcher(patterns).find(text)) == expected
    assert sorted(BigramMatcher(patterns).find(text)) == expected
    assert sorted(HeadMatcher(patterns).find(text)) == expected


@given(patterns=PATTERNS, text=TEXT, data=st.data())
@settings(max_examples=600)
def test_a_prefix_tree_finds_the_same_and_knows_exactly_what_is_live(
    patterns: list[str], text: str, data: st.DataObject
) -> None:
    held = data.draw(st.sets(st.integers(0, len(patterns) - 1)))
    tree = PrefixTree(patterns, held)
    state, hits = "", []
    for at, symbol in enumerate(text, 1):
        state, live_now, ending = tree.step(state + symbol)
        hits += [(at - len(patterns[index]), at, index) for index in ending]
        live = max(
            (
                length
                for index in held
                for length in range(1, len(patterns[index]))
                if text[:at].endswith(patterns[index][:length])
            ),
            default=0,
        )
        assert live_now == live
    assert sorted(hits) == naive(patterns, text)


def test_without_the_rust_library_the_fallback_takes_its_place_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert build_matcher(["甲乙"]).name == "ahocorasick_rs"
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    monkeypatch.setattr("guiju.text.matching.choose.find_spec", lambda name: None if name == "ahocorasick_rs" else name)
    assert build_matcher(["甲乙"]).name == "bigram"
    assert "plain Python" in caplog.text


def test_long_lists_are_built_in_shards_and_longer_ones_in_plain_python_and_find_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patterns = [a + b + c for a in LETTERS for b in LETTERS for c in LETTERS]
    text = LETTERS * 3 + LETTERS[::-1]
    expected = naive(patterns, text)
    for most, shard, name in ((10_000, 10_000, "ahocorasick_rs"), (10_000, 100, "shards"), (100, 100, "bigram")):
        monkeypatch.setattr("guiju.text.matching.choose.SHARD_SYMBOLS", shard)
        monkeypatch.setattr("guiju.text.matching.choose.MOST_SYMBOLS", most)
        matcher = build_matcher(patterns)
        assert matcher.name == name
        assert sorted(matcher.find(text)) == expected


def test_no_patterns_match_nothing() -> None:
    assert list(build_matcher([]).find("甲乙")) == []


def test_many_patterns_on_several_shelves_are_found_as_few_are() -> None:
    chance, letters = random.Random(4), "甲乙丙丁戊己庚辛壬癸子丑寅卯"
    patterns = sorted({"".join(chance.choices(letters, k=chance.randint(1, 6))) for _ in range(60_000)})
    assert len(patterns) > 20_000
    text = "".join(chance.choices(letters, k=300))
    assert sorted(BigramMatcher(patterns).find(text)) == sorted(
        (at, at + len(pattern), index)
        for index, pattern in enumerate(patterns)
        for at in range(len(text))
        if text.startswith(pattern, at)
    )
