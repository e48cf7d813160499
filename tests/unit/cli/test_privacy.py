"""`guiju privacy`: places of personal information are written, copies are clean, counts add up and are recorded."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import open_evidence
from guiju.ledger.models import EntryQuery
from guiju.privacy.rules import find
from guiju.settings import Settings

TEXTS = [
    "联系我：13800138000。",
    "今天天气很好。",
    "身份证１１０１０５１９４９１２３１００２Ｘ，邮箱a.b@example.cn",
    "第二天也好",
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    rows = [json.dumps({"id": number, "text": text}, ensure_ascii=False) for number, text in enumerate(TEXTS[:3])]
    (folder / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    (folder / "b.txt").write_text(TEXTS[3], "utf-8")
    return folder


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def recorded(action: str) -> dict[str, object]:
    ledger = open_evidence(Settings())
    (head,) = ledger.find(EntryQuery(actions=(action,)))
    body = ledger.body(head.id)
    ledger.stop()
    assert isinstance(body, dict)
    return dict(body)


def test_a_scan_writes_places_and_never_what_stands_there(cli: Cli, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.jsonl"
    said = cli("privacy", "scan", str(source), "--out", str(out))
    assert said.status == 0, said.err
    assert "4 read: 2 with findings, 2 without" in said.out
    found = rows(out)
    assert [one["place"] for one in found] == [f"{source}/a.jsonl.gz:1", f"{source}/a.jsonl.gz:3"]
    assert found[0]["sha256"] == hashlib.sha256(TEXTS[0].encode()).hexdigest()
    first, *others = (one for row in found for one in row["findings"])  # type: ignore[attr-defined]
    assert TEXTS[0][first["start"] : first["end"]] == "13800138000"
    assert {one["kind"] for one in others} == {"resident_id", "email"}
    assert "13800138000" not in out.read_text("utf-8")
    body = recorded("privacy.corpus_scanned")
    assert (body["read"], body["with_findings"], body["without"]) == (4, 2, 2)
    assert body["findings"] == {"email:certain": 1, "mobile:likely": 1, "resident_id:certain": 1}
    assert body["written_sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()


@pytest.mark.parametrize("style", ["label", "mask", "pseudonym"])
def test_a_redacted_copy_has_every_document_and_no_number(cli: Cli, source: Path, tmp_path: Path, style: str) -> None:
    out = tmp_path / "clean.jsonl"
    before = {path: path.read_bytes() for path in source.iterdir()}
    said = cli("privacy", "redact", str(source), "--out", str(out), "--style", style)
    assert said.status == 0, said.err
    assert {path: path.read_bytes() for path in source.iterdir()} == before
    made = rows(out)
    assert [one.get("id") for one in made] == [0, 1, 2, None]
    assert [str(one["text"]) for one in made][1::2] == TEXTS[1::2]
    assert not any(find(str(one["text"])) for one in made)
    assert str(made[0]["text"]).startswith("联系我：")
    assert recorded("privacy.corpus_redacted")["style"] == style


def test_no_field_keeps_a_number_and_none_is_lost(cli: Cli, tmp_path: Path) -> None:
    row = {
        "place": "北京", "text": "无", "title": "电话13800138000", "phone": 13800138000, "count": 12, "is_new": True,
        "more": [{"id": "身份证11010519491231002X"}, None, 1.5],
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    assert cli("privacy", "redact", str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "b.jsonl")).status == 0
    (made,) = rows(tmp_path / "b.jsonl")
    assert made == row | {
        "title": "电话〔手机号〕",
        "phone": "〔手机号〕",
        "more": [{"id": "身份证〔身份证号〕"}, None, 1.5],
    }
    body = recorded("privacy.corpus_redacted")
    assert (body["read"], body["with_findings"], body["other_fields_redacted"]) == (1, 0, 3)


def test_the_same_value_gets_the_same_pseudonym_in_every_run(cli: Cli, source: Path, tmp_path: Path) -> None:
    for name in ("one.jsonl", "two.jsonl"):
        cli("privacy", "redact", str(source), "--out", str(tmp_path / name), "--style", "pseudonym")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    (Settings().var / "keys" / "pseudonym.key").unlink()
    cli("privacy", "redact", str(source), "--out", str(tmp_path / "three.jsonl"), "--style", "pseudonym")
    assert (tmp_path / "one.jsonl").read_bytes() != (tmp_path / "three.jsonl").read_bytes()


def test_what_goes_wrong_is_told_and_leaves_nothing(cli: Cli, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    (source / "c.jsonl").write_text('{"text": "x"}\n[]\n')
    said = cli("privacy", "scan", str(source), "--out", str(out))
    assert (said.status, out.exists()) == (2, False)
    assert "c.jsonl:2" in said.err
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".writing")] == []
    out.write_text("")
    assert "not overwritten" in cli("privacy", "redact", str(source), "--out", str(out)).err
    assert "pseudonym" in cli("privacy", "redact", str(source), "--out", str(tmp_path / "x"), "--style", "x").err
