"""One data folder a test, and a way to run the command line in this process."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from guiju.bootstrap import build_house
from guiju.cli.app import run
from guiju.ledger.models import Draft
from guiju.settings import Settings

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "cli"


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Cli = Callable[..., Said]


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GUIJU_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "var"
    monkeypatch.setenv("GUIJU_VAR", str(folder))
    return folder


@pytest.fixture
def cli(var: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def call(*words: str) -> Said:
        capsys.readouterr()
        status = run(words)
        out, err = capsys.readouterr()
        return Said(status, out.replace(str(var), "VAR"), err.replace(str(var), "VAR"))

    return call


@pytest.fixture
def kept(var: Path) -> Path:
    """A data folder with a ledger of five entries about one person."""
    house = build_house(Settings())
    house.ledger.start()
    person = house.ledger.person_for("somebody")
    for number in range(5):
        text = f"第 {number} 句\x1b[2J"
        draft = Draft("exchange.opened", f"person:{person}", f"exchange:{number}", {"text": text}, person=person)
        house.ledger.append(draft)
    house.ledger.stop()
    house.database.close()
    (var / "person").write_text(person)
    return var


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Hold a text against its golden file; GOLDEN_REWRITE=1 writes it anew, for a person to read the difference."""

    rewrite = bool(os.environ.get("GOLDEN_REWRITE"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
