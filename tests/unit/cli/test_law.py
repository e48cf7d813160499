from datetime import date
from pathlib import Path

from tests.unit.cli.conftest import Cli

from guiju.cli.law_coverage import find_gaps, say_gaps
from guiju.law.service import load_law
from guiju.supervision.controls import all_controls
from guiju.supervision.coverage import coverage
from guiju.supervision.recorded import load_reasons

DAY = date(2026, 11, 23)


def test_list_has_the_24_articles_in_force_and_none_before_the_first_day(cli: Cli) -> None:
    said = cli("law", "list", "--as-of", "2026-11-23")
    assert said.status == 0
    assert [f"/art-{number} " in said.out for number in range(1, 25)] == [True] * 24
    assert "/art-1 " not in cli("law", "list", "--as-of", "2020-01-01").out


def test_show_gives_the_words_and_the_obligations(cli: Cli) -> None:
    law = load_law()
    obligation = law.obligations(DAY)[0]
    said = cli("law", "show", obligation.provision_id)
    assert said.status == 0
    assert law.text_of(obligation.provision_id) in said.out
    assert obligation.id in said.out
    assert obligation.summary in cli("law", "show", obligation.id).out


def test_parameters_of_an_instrument_say_what_is_not_verified(cli: Cli) -> None:
    law = load_law()
    instrument = next(item.instrument for item in law.parameters(DAY) if not item.is_verified)
    said = cli("law", "parameters", "--instrument", instrument, "--as-of", DAY.isoformat())
    assert said.status == 0
    wanted = law.parameters(DAY, instrument)
    assert said.out.count("unverified") == sum(not item.is_verified for item in wanted)


def test_check_passes_and_counts(cli: Cli) -> None:
    said = cli("law", "check")
    assert said.status == 0, said.out
    assert "no gap" in said.out
    assert find_gaps(load_law(), DAY) == []


def test_a_control_that_is_missing_is_a_gap_with_its_obligation() -> None:
    law, controls = load_law(), all_controls()
    reasons = dict(load_reasons())
    without = coverage(law, controls[1:], reasons, as_of=DAY, cited={"cn/genai-measures-2023/art-99": ("a.py:1",)})
    gaps = say_gaps(without)
    only_there = set(controls[0].obligations) - {item for control in controls[1:] for item in control.obligations}
    assert all(any(gap.startswith(f"{item}:") for gap in gaps) for item in only_there - set(reasons))
    assert any("art-99" in gap and "a.py:1" in gap for gap in gaps)
    twice = say_gaps(coverage(law, (*controls, controls[0]), reasons, as_of=DAY))
    assert any(controls[0].id in gap for gap in twice)


def test_assess_lists_every_article_with_its_outcome(cli: Cli, kept: Path) -> None:
    assert kept.is_dir()
    said = cli("law", "assess")
    assert said.status in {0, 1}
    rows = [line for line in said.out.splitlines() if "│" in line and "第" in line.split("│")[1]]
    assert len(rows) == 24
    assert any("informs only" in row for row in rows)
    assert said.status == int(any("not_met" in row.split("│")[2] for row in rows))
    assert cli("law", "assess", "--as-of", "2024-01-01").status in {0, 1}
