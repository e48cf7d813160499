"""The generated page of carriers is the one that the carriers give."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_carriers_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(ROOT / "docs" / "reference" / "generate_carriers.py"))
    assert program["main"](["--check"]) == 0, capsys.readouterr().err
