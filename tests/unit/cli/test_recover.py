"""`guiju recover`: a picture that lost its label is found again by its watermark, with the record of its number."""

import json
import stat
from pathlib import Path

import pytest
from PIL import Image
from tests.factories.labels import CODE
from tests.factories.marks import encoded, picture
from tests.unit.cli.conftest import Cli, Said


@pytest.fixture
def folder(var: Path, tmp_path: Path) -> Path:
    var.mkdir()
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\nlabels: {{watermark: true}}\n")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.png").write_bytes(encoded(picture(1200, 1000), "PNG"))
    return folder


def lines(said: Said) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.out.splitlines()]


def stripped(path: Path, target: Path) -> Path:
    with Image.open(path) as image:
        image.convert("RGB").resize((900, 750)).save(target, quality=80)
    return target


def test_a_stripped_picture_is_found_again(cli: Cli, folder: Path, var: Path) -> None:
    (told,) = lines(cli("label", str(folder / "a.png"), "--explicit", "--json"))
    assert isinstance(told["explicit"], dict)
    assert stat.S_IMODE((var / "watermark.key").stat().st_mode) == 0o600
    copy = stripped(folder / "a.png", folder / "copy.jpg")
    assert lines(cli("inspect", str(copy), "--json"))[0]["state"] == "absent"
    said = cli("recover", str(copy), "--json")
    assert said.status == 0, said.err
    (found,) = lines(said)
    assert (found["state"], found["pointer"]) == ("found", told["explicit"]["watermark"])
    numbers = found["numbers"]
    assert isinstance(numbers, list)
    assert [one["produce_id"] for one in numbers] == [told["produce_id"]]
    assert [one["name"] for one in numbers[0]["labels"]] == ["a.png"]
    shown = cli("recover", str(copy)).out
    assert f"ProduceID {told['produce_id']}" in shown
    assert "no proof" in shown


def test_what_is_not_found_says_which_way_and_the_status_is_1(cli: Cli, folder: Path, var: Path) -> None:
    cli("label", str(folder / "a.png"), "--explicit")
    copy = stripped(folder / "a.png", folder / "copy.jpg")
    (folder / "other.png").write_bytes(encoded(picture(300, 300), "PNG"))
    (folder / "note.txt").write_text("你好\n", "utf-8")
    said = cli("recover", str(copy), str(folder / "other.png"), str(folder / "note.txt"), "--json")
    assert said.status == 1
    assert [one["state"] for one in lines(said)] == ["found", "none", "inconclusive"]
    for name in ("guiju.db", "guiju.db-wal", "guiju.db-shm"):
        (var / name).unlink(missing_ok=True)
    alone = cli("recover", str(copy), "--json")
    assert (alone.status, lines(alone)[0]["state"]) == (1, "unknown")
    assert "no ledger" in alone.err


def test_without_a_key_it_says_how_to_begin(cli: Cli, folder: Path, var: Path) -> None:
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    said = cli("recover", str(folder / "a.png"))
    assert said.status == 2
    assert "watermark: true" in said.err
    assert not (var / "watermark.key").exists()
    (told,) = lines(cli("label", str(folder / "a.png"), "--explicit", "--json"))
    assert "watermark" not in told["explicit"]  # type: ignore[operator]


def test_a_key_that_others_may_read_is_refused(cli: Cli, folder: Path, var: Path) -> None:
    cli("label", str(folder / "a.png"), "--explicit")
    (var / "watermark.key").chmod(0o644)
    said = cli("recover", str(folder / "a.png"))
    assert said.status == 2
    assert "chmod 600" in said.err


def test_old_pictures_are_found_after_it_was_switched_off(cli: Cli, folder: Path, var: Path) -> None:
    cli("label", str(folder / "a.png"), "--explicit")
    copy = stripped(folder / "a.png", folder / "copy.jpg")
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    assert cli("recover", str(copy)).status == 0
