from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.moderation.errors import ImportTermsError
from guiju.moderation.importing import ImportDefaults, import_terms
from guiju.moderation.library import parse_library_file
from guiju.moderation.models import ImportReport, Scope
from guiju.moderation.service import Moderation

LIST = "甲乙\n# 注释\n\n丙丁\n癖\n甲乙\n" + "长" * 1001 + "\nno\n"


def take(source: bytes, name: str = "词表.txt") -> ImportReport:
    return import_terms(source, name, "A.1-f", updated="2026-11-23")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_plain_list_is_taken_in_every_encoding_and_every_refused_line_is_named(encoding: str) -> None:
    report = take(LIST.encode(encoding))
    assert report.encoding == encoding.removesuffix("-sig")
    assert (report.format, report.lines, report.taken, report.duplicates, report.blank) == ("plain", 8, 3, 1, 2)
    assert [(refusal.line, refusal.text[:1]) for refusal in report.refusals] == [(5, "癖"), (7, "长")]
    assert report.lines == report.taken + report.duplicates + report.blank + len(report.refusals)


def test_what_was_taken_is_a_library_file_that_the_service_reads(make_moderation: Callable[..., Moderation]) -> None:
    ((risk, content),) = take(LIST.encode()).yaml
    assert risk == "A.1-f"
    moderation = make_moderation(operator=(content.decode(),))
    assert {term.text for term in moderation.search_terms("").terms} == {"甲乙", "丙丁", "no"}
    (found,) = moderation.decide("说甲乙", Scope.INPUT).findings
    assert (found.level, found.wish, found.reason) == ("medium", "review", "运营者导入")


def test_a_csv_with_a_header_says_risk_level_action_and_reason_a_row() -> None:
    source = '关键词,风险,级别,动作,理由\n甲乙,A.2-a,high,block,"一,二"\n丙丁,,,,\n戊己,A.9-z,,,\n'
    source += "庚辛,,grave,,\n壬癸,,,,,多\n"
    report = take(source.encode("gb18030"), "a.csv")
    assert (report.format, report.taken) == ("csv", 2)
    assert [(refusal.line, refusal.text) for refusal in report.refusals] == [(4, "戊己"), (5, "庚辛"), (6, "壬癸")]
    files = dict(report.yaml)
    assert set(files) == {"A.1-f", "A.2-a"}
    (term,) = parse_library_file(files["A.2-a"], "x", "operator").terms
    assert (term.text, term.level, term.wish, term.reason) == ("甲乙", "high", "block", "一,二")


def test_a_csv_without_a_header_and_one_that_breaks_off() -> None:
    assert take("甲乙,high\n丙丁\n".encode(), "a.csv").taken == 2
    report = take('甲乙\n"丙丁'.encode(), "a.csv")
    assert report.taken == 1
    assert report.refusals[0].line == 2


def test_yaml_is_taken_as_a_list_or_as_a_library_file() -> None:
    report = take("- 甲乙\n- no\n- [x]\n- 癖\n".encode(), "a.yaml")
    assert (report.taken, [refusal.line for refusal in report.refusals]) == (2, [3, 4])
    own = 'version: "1"\nrisk: A.2-a\nupdated: 2026-11-23\ngroups:\n- {reason: 好, terms: [甲乙, 丙]}\n'
    report = take(own.encode(), "a.yaml")
    assert (report.risk, report.taken, len(report.refusals)) == ("A.2-a", 1, 1)
    assert take(b"risk: A.2-a\nnonsense: 1\n", "a.yaml").taken == 0
    assert take(b"a: [", "a.yml").refusals[0].line == 2


def test_a_broken_line_of_a_utf8_list_is_refused_alone() -> None:
    report = take("甲乙\n丙丁\n".encode() + b"\xe7\x94\xff\n" + "戊己\n".encode())
    assert (report.encoding, report.taken, [refusal.line for refusal in report.refusals]) == ("utf-8", 3, [3])
    assert report.lines == 4


@pytest.mark.parametrize(
    ("source", "risk"),
    [(b"x" * 8_000_001, "A.1-f"), (b"\xff\xff\xff\xff", "A.1-f"), (b"ab", "A.9-z"), (b"\xff\xfea", "A.1-f")],
)
def test_what_cannot_be_read_at_all_is_a_clear_error(source: bytes, risk: str) -> None:
    with pytest.raises(ImportTermsError) as caught:
        import_terms(source, "x.txt", risk, updated="2026-11-23")
    assert caught.value.zh
    assert caught.value.en


@given(
    terms=st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=12), max_size=8),
    reason=st.text(min_size=1, max_size=5),
)
@settings(max_examples=400, deadline=None)
def test_nothing_is_lost_and_the_result_reads_back(terms: list[str], reason: str) -> None:
    source = "\n".join(terms).encode("utf-8", "surrogatepass")
    try:
        report = import_terms(
            source, "名\u2028.txt", "A.1-f", updated="2026-11-23", defaults=ImportDefaults(reason=reason)
        )
    except ImportTermsError:
        return
    assert report.lines == report.taken + report.duplicates + report.blank + len(report.refusals)
    for _, content in report.yaml:
        file = parse_library_file(content, "x", "operator")
        assert len(file.terms) == report.taken
        if report.encoding == "utf-8":
            assert {term.text for term in file.terms} <= {term.strip() for term in terms}


@given(source=st.binary(max_size=200), name=st.sampled_from(["a.txt", "a.csv", "a.tsv", "a.yaml"]))
@settings(max_examples=400, deadline=None)
def test_no_bytes_do_worse_than_a_clear_import_error(source: bytes, name: str) -> None:
    try:
        report = take(source, name)
    except ImportTermsError as error:
        report = None
        said = error.zh
    assert report is not None or said
