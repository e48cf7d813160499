"""The generated page of parameters is the one that the data gives."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_parameters_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(ROOT / "docs" / "reference" / "generate.py"))
    assert program["main"](["--check"]) == 0, capsys.readouterr().err


def test_every_short_name_of_a_source_is_explained_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "parameters.md").read_text("utf-8")
    head = page.partition("## Instruments")[0]
    for name in ("seed", "LRB", "EtonMu", "privpm", "XA", "Prime", "SmartSafe", "xjszsb", "CSET-52d", "fs:N"):
        assert f"| {name} |" in head
