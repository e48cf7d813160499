from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.unit.supervision.contexts import LAW, TODAY

import guiju
from guiju.kit.errors import ConfigurationError
from guiju.law.models import Outcome
from guiju.supervision.controls import all_controls
from guiju.supervision.coverage import cited_ids, coverage
from guiju.supervision.models import RecordedReason
from guiju.supervision.recorded import load_kinds, load_reasons

PACKAGE = Path(guiju.__file__).parent


def test_every_obligation_has_a_control_or_a_reason_and_everything_cited_exists() -> None:
    cited = cited_ids(PACKAGE)
    found = coverage(LAW, all_controls(), load_reasons(), as_of=TODAY, cited=cited)
    assert found.is_whole, found
    assert "cn/genai-measures-2023/art-14" in cited


def test_it_holds_on_every_day_since_the_measures_are_in_force() -> None:
    for day in (date(2023, 8, 15), date(2025, 9, 1), date(2026, 1, 1), TODAY):
        assert coverage(LAW, all_controls(), load_reasons(), as_of=day).is_whole


def test_a_missing_a_doubled_and_an_unknown_one_are_each_found() -> None:
    controls, reasons = all_controls(), dict(load_reasons())
    orphan, first = next(iter(reasons)), controls[0].obligations[0]
    del reasons[orphan]
    reasons[first] = RecordedReason(first, Outcome.NOT_RUN, "旧。", "old")
    ghost = "cn/genai-measures-2023/art-99#ghost"
    cited = {"cn/genai-measures-2023/art-77": ("gateway/x.py:1",), "cn/genai-measures-2023/art-12": ("y.py:1",)}
    wrong = replace(controls[1], obligations=(*controls[1].obligations, ghost, "cn/genai-measures-2023/art-12"))
    found = coverage(LAW, [controls[0], wrong, *controls[1:]], reasons, as_of=TODAY, cited=cited)
    assert found.uncovered == (orphan,)
    assert found.doubled == (first,)
    assert set(found.unknown) == {ghost, "cn/genai-measures-2023/art-12", "cn/genai-measures-2023/art-77"}
    assert found.unknown["cn/genai-measures-2023/art-77"] == ("gateway/x.py:1",)
    assert found.repeated_controls == (controls[1].id,)
    assert not found.is_whole


def test_ids_are_found_in_literals_with_their_place_and_not_in_docstrings(tmp_path: Path) -> None:
    code = '"""See cn/genai-measures-2023/art-1."""\nA = 1\n'
    code += 'B = ("cn/genai-measures-2023/art-4/para-1#x-y", f"{A}/art-2")\n'
    (tmp_path / "a.py").write_text(code)
    assert cited_ids(tmp_path) == {"cn/genai-measures-2023/art-4/para-1#x-y": ("a.py:3",)}


def test_every_kind_of_evidence_that_the_law_asks_for_has_a_name() -> None:
    wanted = {need.kind for item in LAW.obligations(TODAY) for need in item.evidence_needs}
    assert wanted <= set(load_kinds())


@pytest.mark.parametrize(
    "text",
    [
        "a: {outcome: met, zh: 甲, en: a}",
        "a: {outcome: not_run, zh: '', en: a}",
        "a: {outcome: not_run, zh: 甲}",
        "a: 1",
        "- a",
        "1: {outcome: not_run, zh: 甲, en: a}",
        "a: {outcome: not_run, zh: 甲, en: a}\na: {outcome: not_run, zh: 乙, en: b}",
        "a: [",
        "a: !!python/object/apply:os.getcwd []",
        "",
    ],
)
def test_a_reasons_file_that_is_not_as_it_should_be_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "reasons.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        load_reasons(path)


def test_a_reasons_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_reasons(tmp_path / "nothing.yaml")
