"""The generated page of parameters is the one that the data gives."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_parameters_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(ROOT / "docs" / "reference" / "generate.py"))
    assert program["main"](["--check"]) == 0, capsys.readouterr().err


def test_no_source_is_named_by_a_code_that_only_its_author_understands() -> None:
    page = (ROOT / "docs" / "reference" / "parameters.md").read_text("utf-8")
    codes = re.findall(r"\bfs:\d+|\| ?(?:seed|LRB|XA|EtonMu|privpm|Prime|CSET-52d)\b|; (?:XA|LRB|seed)\b", page)
    assert codes == []
