import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.cli import app as door
from guiju.cli.app import ROOMS

Golden = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


def test_help_names_every_room_and_imports_none(cli: Cli, golden: Golden) -> None:
    said = cli("--help")
    assert said.status == 0
    assert all(room in said.out for room in ROOMS)
    golden("help.txt", said.out)
    code = "import sys; from guiju.cli.app import run; run(['--help']); print(*sys.modules)"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in fresh.stdout.splitlines()[-1].split() if name.startswith("guiju.")}
    assert loaded == {"cli", "kit"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_help_in_both_languages(cli: Cli, golden: Golden, room: str) -> None:
    said = cli(room, "--help")
    assert (said.status, said.err) == (0, "")
    golden(f"help-{room}.txt", said.out)


ERRORS = {
    "unknown-room": ("nonsense",),
    "no-database": ("ledger", "verify"),
    "no-entry": ("law", "show", "cn/genai-measures-2023/art-99"),
    "no-obligation": ("law", "show", "cn/genai-measures-2023/art-14#nothing"),
    "no-instrument": ("law", "parameters", "--instrument", "nothing"),
    "bad-day": ("law", "list", "--as-of", "yesterday"),
    "no-file": ("keywords", "import", "nowhere.txt", "--risk", "A.1-f", "--by", "owner"),
    "bad-actor": ("ledger", "export", "x.zip", "--actor", "Wang"),
    "empty-text": ("policy", "try", ""),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_words_on_standard_error_and_status_two(cli: Cli, golden: Golden, name: str) -> None:
    said = cli(*ERRORS[name])
    assert said.status == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    golden(f"error-{name}.txt", said.err)


@pytest.mark.parametrize(
    ("variable", "value"), [("GUIJU_PORT", "none"), ("GUIJU_PORT", "70000"), ("GUIJU_DATABASE_URL", "mysql://x")]
)
def test_a_bad_setting_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    said = cli("ledger", "show")
    assert said.status == 2
    assert variable in said.err


def test_what_nobody_foresaw_is_told_in_words(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(_: object) -> None:
        raise ZeroDivisionError("\x1b[2J")

    monkeypatch.setattr(door, "build_app", fall)
    said = cli("--help")
    assert said.status == 70
    assert "ZeroDivisionError" in said.err
    assert "\x1b" not in said.err


def test_a_reader_that_goes_away_is_no_error(var: Path) -> None:
    command = [sys.executable, "-c", "from guiju.cli import main; main()", "law", "parameters"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert errors == b""
    assert not var.exists()


def test_serve_becomes_the_web_process_with_the_options_in_the_environment(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setenv("GUIJU_HOST", "")
    monkeypatch.setenv("GUIJU_PORT", "8000")
    monkeypatch.setattr("os.execv", lambda path, words: started.append((path, words)))
    said = cli("serve", "--host", "127.0.0.1", "--port", "8123")
    assert said.status == 0
    assert started == [(sys.executable, [sys.executable, "-m", "guiju.web"])]
    assert "http://127.0.0.1:8123" in said.err


def test_a_terminal_without_chinese_gets_escapes_not_an_error(var: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from guiju.cli import main; main()",
        "law",
        "show",
        "cn/genai-measures-2023/art-14",
    ]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(command, capture_output=True, env=ascii_only, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"art-14" in said.stdout
    assert not var.exists()
