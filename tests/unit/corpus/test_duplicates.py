"""Near-duplicates: nothing is removed that is not exactly so alike to a survivor, and what is alike is found."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.corpus.documents import Document
from guiju.corpus.duplicates.finding import Result, Wishes, find_duplicates
from guiju.corpus.duplicates.kernels import gram_hashes, grams, jaccard, normalise
from guiju.kit.errors import InputError

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]


def document(place: str, text: str, **facts: object) -> Document:
    return Document(place, "s", text, facts)


def planted(number: int, seed: int) -> tuple[list[Document], list[tuple[str, str]]]:
    """Make `number` random texts, each with a changed copy; return those pairs that are exactly 0.8 alike or more."""
    chance = random.Random(seed)
    documents, pairs = [], []
    for one in range(number):
        text = chance.choices(HAN, k=chance.randint(60, 400))
        copy = list(text)
        for place in chance.sample(range(len(copy)), chance.randint(1, max(1, len(copy) // 40))):
            copy[place] = chance.choice(HAN)
        documents += [document(f"a:{one}", "".join(text)), document(f"b:{one}", "".join(copy))]
        if jaccard(grams("".join(text)), grams("".join(copy))) >= 0.8:
            pairs.append((f"a:{one}", f"b:{one}"))
    return documents, pairs


def held(documents: list[Document], result: Result, threshold: float) -> None:
    texts = {one.place: normalise(one.text) for one in documents}
    kept = {one.place for one in result.decisions if one.kind == "kept"}
    assert [one.place for one in result.decisions] == [one.place for one in documents]
    assert sum(result.counts().values()) == len(documents)
    for one in result.decisions:
        if one.kind != "kept":
            assert one.survivor in kept
            exact = jaccard(grams(texts[one.place]), grams(texts[one.survivor]))
            assert one.similarity == exact >= threshold
            assert (one.kind == "exact") == (texts[one.place] == texts[one.survivor])


def test_planted_pairs_are_found_and_nothing_else_is_removed() -> None:
    documents, pairs = planted(1000, 3)
    result = find_duplicates(documents, Wishes())
    held(documents, result, 0.8)
    removed = {frozenset((one.place, one.survivor)) for one in result.decisions if one.kind != "kept"}
    assert len(pairs) > 300
    assert len(removed & {frozenset(pair) for pair in pairs}) >= 0.99 * len(pairs)
    assert removed <= {frozenset(pair) for pair in pairs}


@settings(max_examples=60)
@given(st.lists(st.text("甲乙丙 ａA", max_size=12), max_size=25), st.sampled_from([0.3, 0.8, 1.0]), st.randoms())
def test_every_removal_holds_and_the_order_changes_nothing(
    texts: list[str], threshold: float, chance: random.Random
) -> None:
    documents = [document(f"a:{number}", text) for number, text in enumerate(texts)]
    result = find_duplicates(documents, Wishes(threshold))
    held(documents, result, threshold)
    chance.shuffle(documents)
    again = find_duplicates(documents, Wishes(threshold))
    assert {one.place: one for one in again.decisions} == {one.place: one for one in result.decisions}


def test_no_chain_leads_to_a_survivor_that_is_not_alike() -> None:
    text = "".join(random.Random(5).choices(HAN, k=200))
    drift = [document(f"a:{number}", text[number * 12 :] + "乙" * 3 + HAN[number] * number) for number in range(12)]
    held(drift, find_duplicates(drift, Wishes()), 0.8)


def test_the_similarity_is_what_both_have_of_what_either_has() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcde")) == 2 / 5
    assert jaccard(frozenset("ab"), frozenset("abcd")) == jaccard(frozenset("abcd"), frozenset("ab")) == 1 / 2


def test_the_source_goes_before_the_licence() -> None:
    same = "同一篇文章的内容" * 5
    documents = [document("a:1", same, source="crawl", licence="MIT"), document("b:1", same, source="bought")]
    result = find_duplicates(documents, Wishes(sources=("bought",), licences=("MIT",)))
    assert [one.survivor for one in result.decisions] == ["b:1", ""]


def test_whose_copy_stays() -> None:
    same = "同一篇文章的内容" * 5
    first = document("a:1", same, source="crawl", licence="unknown")
    second = document("b:1", same, source="bought", licence="unknown")
    third = document("c:1", same, source="bought", license="Apache-2.0")
    wishes = Wishes(sources=("bought",), licences=("Apache-2.0",))
    result = find_duplicates([first, second, third], wishes)
    assert [one.survivor for one in result.decisions] == ["c:1", "c:1", ""]
    assert [one.survivor for one in find_duplicates([first, second, third], Wishes()).decisions] == ["", "a:1", "a:1"]


def test_short_and_empty_texts_are_not_all_one() -> None:
    documents = [
        document("a:1", "甲"),
        document("a:2", "乙"),
        document("a:3", ""),
        document("a:4", " "),
        document("a:5", "甲 "),
    ]
    result = find_duplicates(documents, Wishes())
    assert [one.survivor for one in result.decisions] == ["", "", "", "a:3", "a:1"]
    assert len(gram_hashes("")) == len(gram_hashes("甲乙")) == 1


def test_a_crowd_is_bounded_and_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guiju.corpus.duplicates.finding.MOST_COMPARED", 2)
    documents = [document(f"a:{number}", "甲乙丙丁戊己庚辛" + HAN[number]) for number in range(200)]
    result = find_duplicates(documents, Wishes(1.0))
    held(documents, result, 1.0)
    assert result.left_out > 0
    assert find_duplicates(documents[:1], Wishes()).left_out == 0


def test_what_cannot_be_asked_is_refused() -> None:
    for threshold in (0.0, 1.1, float("nan")):
        with pytest.raises(InputError):
            find_duplicates([], Wishes(threshold))
    with pytest.raises(InputError):
        find_duplicates([document("a", "x"), document("a", "y")], Wishes())
