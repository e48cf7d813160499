"""The library is not padded: few terms of a class come from one pattern, and no two say the same."""

from pathlib import Path

import pytest
from tools.check_keywords import MAX_PATTERN_SHARE, classes, near_duplicates, patterns, without_particles

from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import Term

HEAD = 'version: "1"\nrisk: A.1-h\nupdated: 2026-11-25\ngroups:\n'


def terms_of(folder: Path, *groups: str) -> tuple[Term, ...]:
    text = HEAD + "".join(f"  - {{reason: 测试, {group}}}\n" for group in groups)
    (folder / "A.1-h.yaml").write_text(text, encoding="utf-8")
    return load_library(LibrarySources(folder)).terms


def pairs_of(terms: tuple[Term, ...]) -> set[frozenset[str]]:
    return {frozenset((first.text, second.text)) for first, second, _ in near_duplicates(terms)}


def test_at_most_a_twentieth_of_a_class_comes_from_one_pattern(library: Library) -> None:
    too_many = [pattern for pattern in patterns(library.terms) if pattern.share > MAX_PATTERN_SHARE]
    assert len(classes(library.terms)) == 29
    assert too_many == []


def test_no_two_terms_of_a_class_say_the_same(library: Library) -> None:
    alike = [(first.risk, first.text, second.text, why) for first, second, why in near_duplicates(library.terms)]
    assert alike == []


def test_terms_that_share_a_head_or_a_tail_are_counted_as_one_pattern(tmp_path: Path) -> None:
    terms = terms_of(tmp_path, "terms: [甲乙丙, 甲乙丁, 戊己庚, 辛己庚, 甲乙]")
    counted = {pattern.shape: (pattern.count, pattern.share) for pattern in patterns(terms)}
    assert counted == {"甲乙…": (2, 0.4), "…己庚": (2, 0.4)}  # the bare head is no slot filled


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("terms: [出售假货]", "terms: [长期出售假货]"),
        ("terms: [他们都该走]", "terms: [他们该走吧]"),
        ("terms: [如何撬门]", "terms: [怎么撬门]"),
        ("terms: [假证办理]", "terms: [办理假证]"),
        ("all: [出售|收购], terms: [假货]", "terms: [假货出售]"),
        ("all: [出售|收购], terms: [假货]", "all: [收购], terms: [真假货]"),
    ],
)
def test_terms_that_say_the_same_are_named(tmp_path: Path, first: str, second: str) -> None:
    terms = terms_of(tmp_path, first, second)
    assert len(terms) == 2
    assert pairs_of(terms) == {frozenset(term.text for term in terms)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("terms: [出售假货]", "level: medium, terms: [长期出售假货]"),
        ("scope: [output], terms: [出售假货]", "terms: [长期出售假货]"),
        ("all: [加微], terms: [出售假货]", "terms: [长期出售假货]"),
        ("not_after: [长期], terms: [出售假货]", "terms: [长期出售假货]"),
        ("not_before: [者], terms: [出售假货]", "terms: [出售假货者]"),
        ("terms: [牛奶]", "terms: [奶牛]"),
        ("scope: [input], terms: [他们都该走]", "scope: [output], terms: [他们该走]"),
    ],
)
def test_terms_that_find_different_things_are_left_alone(tmp_path: Path, first: str, second: str) -> None:
    terms = terms_of(tmp_path, first, second)
    assert len(terms) == 2
    assert pairs_of(terms) == set()


def test_a_form_of_particles_only_stays_as_it_is() -> None:
    assert without_particles("了吧") == "了吧"
    assert without_particles("怎么样才能走了") == "怎才能走"
