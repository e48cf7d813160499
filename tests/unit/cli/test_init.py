import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.conftest import Cli

from guiju.cli.initialise import AnswerError, ask_profile, parse_answer
from guiju.law.loader import load_facts
from guiju.law.models import Fact, Profile
from guiju.law.profile import load_profile, read_profile, write_profile

FACTS = load_facts()
DAY = date(2026, 11, 23)
CHOICES = Fact("x", "?", "?", "choices", ("a", "b", "c"), choices_zh=("甲", "乙", "丙"))


def answers(lines: Iterable[str]) -> Callable[[str], str]:
    waiting = iter(lines)

    def read(_: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return read


def test_defaults_write_a_template_that_says_what_is_undecided(cli: Cli, var: Path) -> None:
    said = cli("init", "--defaults")
    assert said.status == 0
    assert "待定 / undecided" in said.out
    assert "VAR/profile.yaml" in said.err
    text = (var / "profile.yaml").read_text()
    assert all(f"  {fact.id}:" in text and fact.question in text for fact in FACTS)
    assert load_profile(var / "profile.yaml").facts == {}


def test_init_again_keeps_what_was_answered(cli: Cli, var: Path) -> None:
    cli("init", "--defaults")
    path = var / "profile.yaml"
    path.write_bytes(write_profile(Profile({"trains_model": False}, "合规部", DAY), FACTS))
    cli("init", "--defaults")
    assert load_profile(path) == Profile({"trains_model": False}, "合规部", DAY)


def test_a_profile_that_cannot_be_read_is_left_as_it_is(cli: Cli, var: Path) -> None:
    var.mkdir()
    path = var / "profile.yaml"
    path.write_text("facts:\n  unknown_fact: true\n")
    assert cli("init", "--defaults").status == 2
    assert "unknown_fact" in path.read_text()


def test_answers_are_taken_cleared_kept_and_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    facts = FACTS[:4]
    earlier = Profile({facts[3].id: True, facts[2].id: False})
    lines = ["合规部", "perhaps", "是", "1,文本、code", "-", ""]
    found = ask_profile(facts, earlier, read=answers(lines), on=DAY)
    assert found.facts == {facts[0].id: True, facts[1].id: ("text", "code"), facts[3].id: True}
    assert (found.declared_by, found.declared_on) == ("合规部", DAY)
    assert "请答 y" in capsys.readouterr().out


def test_the_end_of_input_keeps_all_answers_so_far() -> None:
    found = ask_profile(FACTS, Profile(), read=answers(["", "y"]), on=DAY)
    assert found.facts == {FACTS[0].id: True}


def test_nothing_answered_changes_nothing() -> None:
    earlier = Profile({FACTS[0].id: True}, "合规部", date(2025, 1, 1))
    assert ask_profile(FACTS, earlier, read=lambda _: "", on=DAY) == earlier


@given(st.sampled_from([*FACTS, CHOICES]), st.text(min_size=1).filter(lambda text: text.strip() == text))
def test_any_answer_is_a_value_that_the_profile_keeps_or_is_refused(fact: Fact, said: str) -> None:
    try:
        value = parse_answer(fact, said)
    except AnswerError:
        return
    profile = Profile({fact.id: value})
    assert read_profile(write_profile(profile, [fact]), [fact], "x") == profile


def test_on_a_terminal_init_asks_and_writes(var: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from guiju.cli import main; main()", "init"]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.write(ours, "合规部\ny\n1\n\x04".encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, out.decode()
    assert load_profile(var / "profile.yaml").facts == {FACTS[0].id: True, FACTS[1].id: ("text",)}
