import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import build_house
from guiju.ledger.models import Draft
from guiju.settings import Settings


def newest(cli: Cli, action: str) -> str:
    said = cli("ledger", "show", "--action", action, "-n", "1")
    assert said.status == 0
    return said.out


def test_verify_prints_three_verdicts_and_a_sound_log_passes(cli: Cli, kept: Path) -> None:
    assert kept.is_dir()
    said = cli("ledger", "verify")
    assert said.status == 0
    assert [line.split(":")[0] for line in said.out.splitlines() if ": " in line][:3] == [
        "完整性 / integrity",
        "齐全性 / completeness",
        "时效性 / freshness",
    ]
    assert "✓ 成立 / holds" in said.out.splitlines()[0]


def test_verify_of_an_altered_log_exits_with_one_and_names_the_entry(cli: Cli, kept: Path) -> None:
    with sqlite3.connect(kept / "guiju.db") as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        name = next(table for table in tables if "entr" in table)
        connection.execute(f"UPDATE {name} SET subject = 'exchange:other' WHERE seq = 3")  # noqa: S608 - our own table
    said = cli("ledger", "verify")
    assert said.status == 1
    assert "✗ 破坏 / broken" in said.out
    assert "3" in said.out


def test_show_lists_finds_by_number_and_by_id_and_no_content_steers_the_terminal(cli: Cli, kept: Path) -> None:
    assert kept.is_dir()
    listed = cli("ledger", "show", "-n", "50")
    assert listed.out.count("exchange.opened") == 5
    one = cli("ledger", "show", "2", "--body", "--actor", "staff:7")
    assert one.status == 0
    assert "第" in one.out
    assert "\x1b" not in one.out
    entry_id = next(line.split()[1] for line in one.out.splitlines() if line.startswith("id "))
    assert "exchange.opened" in cli("ledger", "show", entry_id).out
    assert "staff:7" in newest(cli, "staff.body_viewed")


@pytest.mark.parametrize("entry", ["99999", "no-such-id", "-1", "9" * 40, "\x1b[2J"])
def test_an_entry_that_is_not_there_is_an_error_in_words(cli: Cli, kept: Path, entry: str) -> None:
    assert kept.is_dir()
    said = cli("ledger", "show", "--", entry)
    assert said.status == 2
    assert "\x1b" not in said.err


def test_prove_prints_a_proof_that_leads_to_the_root(cli: Cli, kept: Path) -> None:
    assert kept.is_dir()
    proof = json.loads(cli("ledger", "prove", "2").out)
    assert proof["seq"] == 2
    assert proof["root"] in cli("ledger", "verify").out
    smaller = json.loads(cli("ledger", "prove", "2", "--size", "3").out)
    assert smaller["size"] == 3
    assert cli("ledger", "prove", "2", "--size", "9999").status == 2


def test_checkpoint_prints_the_signed_note(cli: Cli, kept: Path) -> None:
    assert kept.is_dir()
    said = cli("ledger", "checkpoint")
    assert said.status == 0
    assert said.out.startswith("guiju")
    assert "— guiju" in said.out


def test_export_writes_a_bundle_and_leaves_an_entry_with_its_hash(cli: Cli, kept: Path, tmp_path: Path) -> None:
    assert kept.is_dir()
    path = tmp_path / "bundle.zip"
    said = cli("ledger", "export", str(path), "--since", "2020-01-01", "--actor", "staff:3", "--disclose")
    assert said.status == 0
    digest = said.out.split("SHA-256 ")[1].split()[0]
    with zipfile.ZipFile(path) as bundle:
        assert "第 1 句" in bundle.read("bodies.jsonl").decode()
    entry = newest(cli, "ledger.exported")
    assert "staff:3" in entry
    assert digest[:20] in entry
    assert cli("ledger", "verify").status == 0


def test_export_beside_a_running_service_keeps_one_sound_log(cli: Cli, kept: Path, tmp_path: Path) -> None:
    assert kept.is_dir()
    house = build_house(Settings())
    house.ledger.start()
    try:
        for number in range(3):
            house.ledger.append(Draft("exchange.opened", "system", f"exchange:before-{number}"))
            assert cli("ledger", "export", str(tmp_path / f"{number}.zip")).status == 0
            house.ledger.append(Draft("exchange.opened", "system", f"exchange:after-{number}"))
    finally:
        house.ledger.stop()
        house.database.close()
    assert newest(cli, "ledger.exported").count("bundle:") == 1
    assert cli("ledger", "verify").status == 0


def test_an_export_that_cannot_be_written_is_an_error_and_leaves_no_entry(cli: Cli, kept: Path) -> None:
    (kept / "file").write_text("")
    said = cli("ledger", "export", str(kept / "file" / "bundle.zip"))
    assert said.status == 2
    assert "ledger.exported" not in newest(cli, "ledger.exported")


def test_erase_makes_bodies_unreadable_and_the_log_still_verifies(cli: Cli, kept: Path) -> None:
    person = (kept / "person").read_text()
    assert cli("ledger", "erase", person, "--reason", " ", "--yes").status == 2
    said = cli("ledger", "erase", f"person:{person}", "--reason", "本人要求", "--yes", "--actor", "staff:1")
    assert said.status == 0
    assert "bodies 5" in said.out
    assert "第" not in cli("ledger", "show", "2", "--body").out.split("commitment")[1].replace("正文已按条目", "")
    assert cli("ledger", "verify").status == 0
    assert cli("ledger", "erase", "nobody", "--reason", "x", "--yes").status == 2


def test_erase_asks_first_and_no_means_no(cli: Cli, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = (kept / "person").read_text()
    monkeypatch.setattr("typer.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert cli("ledger", "erase", person, "--reason", "x").status == 130
    assert "person.erased" not in newest(cli, "person.erased")
