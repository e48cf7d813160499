"""`guiju label`, `inspect` and `verify`: files, folders and patterns, with their evidence."""

import json
from pathlib import Path

import pytest
from tests.factories import media_files as made
from tests.factories.labels import CODE, OUR_ID
from tests.factories.pictures import encoded, scene
from tests.unit.cli.conftest import Cli, Said
from tests.unit.labelling.test_pictures import FILES as PICTURES

from guiju.bootstrap import open_evidence
from guiju.ledger.models import EntryQuery
from guiju.settings import Settings


@pytest.fixture
def folder(var: Path, tmp_path: Path) -> Path:
    var.mkdir()
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    folder = tmp_path / "files"
    (folder / "deep" / ".hidden").mkdir(parents=True)
    (folder / "a.png").write_bytes(encoded(scene(1)))
    (folder / "deep" / "b.mp4").write_bytes(made.movie())
    (folder / "deep" / "note.txt").write_text("你好\n", "utf-8")
    (folder / "deep" / "damaged.gif").write_bytes(b"GIF89a")
    (folder / "deep" / ".hidden" / "c.png").write_bytes(encoded(scene(2)))
    (folder / "other.bin").write_bytes(b"\0\1\2")
    return folder


def lines(said: Said) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_a_folder_is_labelled_and_each_label_is_an_entry(cli: Cli, folder: Path, tmp_path: Path) -> None:
    before = (folder / "deep" / "damaged.gif").read_bytes()
    said = cli("label", str(folder), "--json", "--jobs", "3", "--left-out", str(tmp_path / "left.jsonl"))
    assert said.status == 1
    told = {Path(str(one["path"])).name: one for one in lines(said)}
    assert {name: one["state"] for name, one in told.items()} == {
        "a.png": "labelled",
        "b.mp4": "labelled",
        "note.txt": "labelled",
        "damaged.gif": "failed",
    }
    assert (folder / "deep" / "damaged.gif").read_bytes() == before
    assert "label_file_damaged" in (tmp_path / "left.jsonl").read_text("utf-8")
    assert (folder / "deep" / "note.txt").read_text("utf-8") == "你好\n本内容由人工智能生成\n"
    ledger = open_evidence(Settings())
    heads = ledger.find(EntryQuery(actions=("label.written",)))
    assert {head.subject for head in heads} == {f"label:{one['produce_id']}" for one in told.values() if "place" in one}
    body = ledger.body(next(head.id for head in heads if head.subject == f"label:{told['a.png']['produce_id']}"))
    assert isinstance(body, dict)
    assert body["sha256_after"] == told["a.png"]["sha256_after"]
    assert isinstance(policy := body["policy"], dict)
    assert (policy["text"], policy["sign"], policy["watermark"]) == ("内容由AI生成", "none", False)
    ledger.stop()


def test_what_is_labelled_already_is_kept_unless_asked(cli: Cli, folder: Path) -> None:
    picture = folder / "a.png"
    assert cli("label", str(picture)).status == 0
    once = picture.read_bytes()
    assert "labelled already" in cli("label", str(picture)).out
    assert picture.read_bytes() == once
    assert cli("label", str(picture), "--again", "--id", OUR_ID).status == 0
    assert OUR_ID.encode() in picture.read_bytes()


def test_another_producer_is_refused_kept_or_replaced(cli: Cli, folder: Path) -> None:
    picture = folder / "other.png"
    picture.write_bytes(PICTURES["png-xmp-element"]())
    before = picture.read_bytes()
    refused = cli("label", str(picture))
    assert (refused.status, picture.read_bytes()) == (1, before)
    assert "--foreign propagate" in refused.out
    assert cli("label", str(picture), "--foreign", "propagate", "--id", "p-1").status == 0
    fields = lines(cli("inspect", str(picture), "--json"))[0]["labels"][0]["fields"]  # type: ignore[index]
    assert (fields["ContentProducer"], fields["ContentPropagator"], fields["PropagateID"]) == (
        "001191110102MACQD9K64010000",
        CODE,
        "p-1",
    )
    assert cli("label", str(picture), "--foreign", "replace").status == 0
    assert b"001191110102MACQD9K64010000" not in picture.read_bytes()


def test_patterns_exclusions_and_a_folder_for_the_results(cli: Cli, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    listed = tmp_path / "exclude.txt"
    listed.write_text("# not these\n*.gif\n")
    before = (folder / "a.png").read_bytes()
    words = (str(folder / "**" / "*.*"), "--exclude", "other.*", "--exclude-from", str(listed), "--out", str(out))
    said = cli("label", *words)
    assert said.status == 0, said.out + said.err
    written = {str(path.relative_to(out)) for path in out.rglob("*.*")}
    assert written == {"a.png", "deep/b.mp4", "deep/note.txt"}
    assert (folder / "a.png").read_bytes() == before
    assert cli("label", *words).status == 1
    assert cli("label", str(folder / "nothing-*.png")).status == 2
    assert cli("label", str(folder / "nothing.png")).status == 2
    assert cli("label", str(folder), "--id", "one").status == 2


def test_verify_tells_what_our_records_say(cli: Cli, folder: Path) -> None:
    picture = folder / "a.png"
    assert lines(cli("verify", str(picture), "--json"))[0]["state"] == "absent"
    assert cli("label", str(picture), "--id", OUR_ID).status == 0
    said = cli("verify", str(picture), "--json")
    assert (said.status, lines(said)[0]["record"]) == (0, "as_recorded")
    labelled = picture.read_bytes()
    picture.write_bytes(labelled + b"appended")
    assert lines(cli("verify", str(picture), "--json"))[0]["record"] == "content_changed"
    other = folder / "copy.png"
    other.write_bytes(encoded(scene(3)))
    assert cli("label", str(other), "--id", "never-recorded-elsewhere").status == 0
    assert "the file is as it was" in cli("verify", str(other)).out
    assert cli("verify", str(folder / "other.bin")).status == 1
    note = str(folder / "deep" / "note.txt")
    assert cli("verify", note).status == 1
    assert cli("label", note, note, str(folder / "deep" / ".." / "deep" / "note.txt")).status == 0
    assert cli("verify", note).status == 0
    assert cli("verify", str(picture), "--key", "xyz").status == 2


def test_inspect_shows_places_and_problems(cli: Cli, folder: Path) -> None:
    picture = folder / "other.png"
    picture.write_bytes(PICTURES["png-all"]())
    said = cli("inspect", str(picture))
    assert said.status == 0
    assert "tEXt AIGC" in said.out
    assert "6.1 c" in said.out
    assert "no label" in cli("inspect", str(folder / "deep" / "b.mp4")).out


def test_explicit_marks_are_added_recorded_and_told(cli: Cli, folder: Path) -> None:
    (folder / "deep" / "damaged.gif").unlink()
    (folder / "deep" / "b.mp4").unlink()
    (folder / "note.md").write_text("# 标题\n", "utf-8")
    said = cli("label", str(folder), "--explicit", "--json")
    assert said.status == 0, said.err
    told = {Path(str(one["path"])).name: one for one in lines(said)}
    assert {name: one["explicit"]["text"] for name, one in told.items()} == dict.fromkeys(  # type: ignore[index]
        ("a.png", "note.txt", "note.md"), "内容由AI生成"
    )
    assert "**内容由AI生成**" in (folder / "note.md").read_text("utf-8")
    ledger = open_evidence(Settings())
    (head,) = ledger.find(EntryQuery(subject=f"label:{told['a.png']['produce_id']}"))
    body = ledger.body(head.id)
    assert isinstance(body, dict)
    assert isinstance(body["explicit"], dict)
    assert body["explicit"]["place"] == told["a.png"]["explicit"]["place"]  # type: ignore[index]
    ledger.stop()
    assert "已有 / kept 3" in cli("label", str(folder), "--explicit").out


def test_files_of_others_are_judged_and_who_spreads_them_is_written(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guiju.wiring_labels._text_reader", lambda: None)
    path = folder / "a.png"
    before = path.read_bytes()
    blind = lines(cli("propagate", str(path), "--json"))[0]
    assert blind["state"] == "inconclusive"
    assert "文字识别" in str(blind["reasons"])
    assert path.read_bytes() == before
    assert lines(cli("propagate", str(path), "--write", "--json"))[0]["state"] == "inconclusive"
    assert path.read_bytes() == before
    declared = lines(cli("propagate", str(path), "--declared", "--write", "--json"))[0]
    assert declared["state"] == "possibly"
    (found,) = lines(cli("inspect", str(path), "--json"))
    fields = found["labels"][0]["fields"]  # type: ignore[index]
    assert (fields["Label"], fields["ContentProducer"], fields["PropagateID"]) == ("2", "", declared["propagate_id"])
    assert found["state"] == "conforming"
    assert "可能为生成合成内容" in cli("propagate", str(path)).out
    theirs = folder / "t.md"
    theirs.write_text("正文\n\n由AI生成\n", "utf-8")
    assert "疑似" in cli("propagate", str(theirs)).out
    assert "未发现" in cli("propagate", str(folder / "deep" / "note.txt")).out
