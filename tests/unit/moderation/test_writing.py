"""What is written as a library file reads as the same terms again, also those of the shipped library."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.moderation.flags import FLAGS, contradiction
from guiju.moderation.library import LibrarySources, load_library, parse_library_file
from guiju.moderation.models import Term
from guiju.moderation.service import builtin_folder
from guiju.moderation.writing import TermEntry, entry_facts, entry_from, entry_of, library_files

OURS = ("origin", "where")


def again(terms: list[Term]) -> dict[str, Term]:
    entries = [entry_from(entry_facts(entry_of(term))) for term in terms]
    files = library_files(entries, {}, version="t", updated="2026-11-23")
    return {
        term.id: term for risk, content in files.items() for term in parse_library_file(content, risk, "operator").terms
    }


def test_every_shipped_term_survives_being_written_and_read() -> None:
    every = list(load_library(LibrarySources(builtin_folder())).terms)
    rich = [term for term in every if term.all_of or term.none_of or term.allow or term.not_before or term.not_after]
    terms = list({term.id: term for term in (*rich[::3], *every[::15])}.values())  # YAML is slow: not all of them
    read = again(terms)
    assert len(terms) > 1000
    names = [field.name for field in dataclasses.fields(Term) if field.name not in OURS]
    for term in terms:
        for name in names:
            assert getattr(read[term.id], name) == getattr(term, name), (term.where, name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_term_and_a_reason_of_any_text_come_back_as_they_were(text: str) -> None:
    entry = TermEntry("A.1-f", f"甲乙{text}", f"因为{text}")
    content = library_files([entry], {"A.1-f": [text]}, version="t", updated="2026-11-23")["A.1-f"]
    file = parse_library_file(content, "f", "operator")
    assert [(term.text, term.reason) for term in file.terms] == [(entry.term, entry.reason)] or file.refusals


@settings(deadline=None)
@given(
    st.sampled_from(["甲乙", "甲乙丙", "甲乙丙丁", "abc", "甲b"]),
    st.sets(st.sampled_from(sorted(set(FLAGS) - {"base"})), max_size=5),
)
def test_whatever_its_flags_a_term_is_looked_for_in_the_same_disguises_again(text: str, flags: set[str]) -> None:
    if contradiction(sorted(flags)) is not None:
        return
    entry = TermEntry("A.1-f", text, "r", lists={"flags": tuple(sorted(flags))})
    content = library_files([entry], {}, version="t", updated="2026-11-23")["A.1-f"]
    (term,) = parse_library_file(content, "f", "operator").terms
    read = again([term])[term.id]
    assert (read.views, read.skips) == (term.views, term.skips)


def test_the_same_content_is_the_same_bytes_in_any_order() -> None:
    entries = [TermEntry("A.1-f", "甲乙", "r"), TermEntry("A.1-a", "丙丁", "r"), TermEntry("A.1-f", "戊己", "r")]
    one = library_files(entries, {"A.2-a": ["庚辛", "壬癸"]}, version="t", updated="2026-11-23")
    assert one == library_files(entries[::-1], {"A.2-a": ["壬癸", "庚辛"]}, version="t", updated="2026-11-23")
    assert sorted(one) == ["A.1-a", "A.1-f", "A.2-a"]
