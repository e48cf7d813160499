import re
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import jieba
import pytest

from guiju.law.service import Law, load_law
from guiju.moderation.library import Library
from guiju.moderation.models import Scope, Term
from guiju.moderation.service import Moderation, builtin_folder
from guiju.text.normalising import base_normaliser

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(builtin_folder().glob("*.yaml"))
EVERYDAY_FREQUENCY = 100
POLITICAL = ("A.1-a", "A.1-b", "A.1-c")
SIZE = "gb-t-45654/keyword-library"
LATEST = date(2026, 11, 25)


def dictionary_words() -> list[tuple[str, int]]:
    lines = Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8").splitlines()
    return [(word, int(frequency)) for word, frequency, *_ in (line.split(" ") for line in lines)]


def lines_of(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def minimum(law: Law, name: str) -> int:
    value = law.parameter(f"{SIZE}/{name}", LATEST).value
    assert isinstance(value, int)
    return value


def with_companions(term: Term) -> str:
    return " ".join([*(group[0] for group in term.all_of), term.text])


def test_every_entry_of_every_file_is_taken(library: Library) -> None:
    assert library.stats.refusals == ()
    assert library.stats.duplicates == 0
    assert library.stats.conflicts == 0


def test_the_library_has_the_size_that_the_standard_advises(library: Library) -> None:
    law = load_law()
    chapters = {chapter: minimum(law, f"per-class/{chapter}") for chapter in ("A.1", "A.2")}
    short = {row.risk: row.terms for row in library.stats.by_risk if row.terms < chapters.get(row.risk[:3], 0)}
    assert library.stats.terms >= minimum(law, "total")
    assert short == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_named_after_its_risk_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    risk, _, _ = path.stem.partition("-h-")  # the many trades of A.1-h have a file each
    assert f"\nrisk: {risk if risk == path.stem else f'{risk}-h'}\n" in text
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("risk", POLITICAL)
def test_a_file_of_a_political_risk_says_that_it_holds_no_names_or_opinions(risk: str) -> None:
    head = (builtin_folder() / f"{risk}.yaml").read_text(encoding="utf-8").split("version:")[0]
    assert "不收任何人名、地名、日期、事件、观点" in head
    assert "由运营者" in head


def test_no_term_stands_in_two_files(library: Library) -> None:
    places = Counter(term.form for term in library.terms)
    assert [form for form, count in places.items() if count > 1] == []


def test_every_term_has_two_symbols_or_more(library: Library) -> None:
    reduced = base_normaliser().reduced
    assert [term.text for term in library.terms if len(reduced(term.form)) < 2] == []


def test_a_two_symbol_term_that_blocks_alone_stands_inside_no_longer_dictionary_word(
    library: Library, moderation: Moderation
) -> None:
    reduced = base_normaliser().reduced
    short = {
        term.id: term.form
        for term in library.terms
        if len(reduced(term.form)) == 2 and term.wish == "block" and not term.all_of
    }
    longer = [word for word, _ in dictionary_words() if any(form in word and form != word for form in short.values())]
    hit = [
        word
        for word in longer
        for scope in Scope
        if any(finding.term_id in short for finding in moderation.decide(word, scope).findings)
    ]
    assert short
    assert hit == []


def test_a_topic_by_itself_is_no_term(moderation: Moderation) -> None:
    topics = lines_of("topics.txt")
    refused = [topic for topic in topics for scope in Scope if not moderation.decide(topic, scope).may_pass]
    assert len(topics) > 30
    assert refused == []


def test_every_term_finds_itself(library: Library, moderation: Moderation) -> None:
    dead = []
    for term in library.terms:
        findings = moderation.decide(with_companions(term), term.scopes[0]).findings
        if term.id not in {finding.term_id for finding in findings}:
            dead.append(f"{term.risk} {term.text}")
    assert dead == []


def test_no_term_satisfies_its_own_condition(library: Library) -> None:
    # A companion that the term itself holds would be no condition at all.
    empty = [
        term.text for term in library.terms if any(any(word in term.form for word in group) for group in term.all_of)
    ]
    assert empty == []


def test_no_blocking_term_stands_inside_an_everyday_word(moderation: Moderation) -> None:
    words = [word for word, frequency in dictionary_words() if frequency >= EVERYDAY_FREQUENCY]
    assert len(words) > 30_000
    hit = [
        word
        for word in words
        for scope in Scope
        if any(finding.wish == "block" for finding in moderation.decide(word, scope).findings)
    ]
    assert hit == []


def test_nothing_but_chinese_and_a_few_letters_stands_in_a_term(library: Library) -> None:
    # No addresses, no numbers to call, no formulas: a term says what to find, and nothing that could be used.
    assert [term.text for term in library.terms if re.search(r"\d{5}|https?:|www\.|@", term.text)] == []


def test_the_reference_page_tells_the_true_counts(library: Library) -> None:
    page = (ROOT / "docs" / "reference" / "keyword-library.md").read_text(encoding="utf-8")
    row_of_table = r"^\| (A\.\d-[a-i]) \|[^|]*\|" + r" ([\d,]+) \|" * 4
    told = re.findall(row_of_table, page, re.MULTILINE)
    counted = {
        row.risk: (row.terms, row.block, row.review, row.observe)
        for row in library.stats.by_risk
        if row.risk.startswith(("A.1", "A.2", "A.3", "A.4"))
    }
    assert {risk: tuple(int(one.replace(",", "")) for one in rest) for risk, *rest in told} == counted
    risks = [risk for risk, *_ in told]
    assert all(first < second for first, second in pairwise(risks))
