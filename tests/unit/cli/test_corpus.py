"""`guiju corpus sample` and `judge`: from files to a ruling that stands in the ledger."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import open_evidence
from guiju.kit.canonical_json import JsonObject
from guiju.ledger.models import EntryQuery
from guiju.settings import Settings


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jsonl"
    path.write_text("".join(json.dumps({"text": f"第{number}篇"}) + "\n" for number in range(3000)), "utf-8")
    return path


def fill(sheet: Path, illegal: int) -> None:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for number, row in enumerate(rows[1:]):
        row[1:3] = ["违规" if number < illegal else "合规", "staff:7"]
    with sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def entries(action: str) -> list[JsonObject]:
    ledger = open_evidence(Settings())
    try:
        bodies = [ledger.body(head.id) for head in ledger.find(EntryQuery(actions=(action,)))]
        return [body for body in bodies if isinstance(body, dict)]
    finally:
        ledger.stop()


def test_a_source_is_sampled_judged_and_recorded(cli: Cli, source: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sample.csv"
    said = cli("corpus", "sample", str(source), "--source", "网站", "--n", "1000", "--out", str(sheet))
    assert said.status == 0, said.err
    assert "3000" in said.out
    fill(sheet, 20)
    judged = cli("corpus", "judge", str(sheet))
    assert judged.status == 0, judged.err
    assert "已证明不超过 5.0% / proven within 5.0%" in judged.out
    (drawn,), (body,) = entries("corpus.sample_drawn"), entries("corpus.sample_judged")
    assert (drawn["population"], drawn["size"], drawn["phase"]) == (3000, 1000, "before_collection")
    assert body["plan_sha256"] == drawn["plan_sha256"]
    assert (body["illegal"], body["lawful"], body["undecided"]) == (20, 980, 0)
    assert (body["proof"], body["limit"], body["confidence"]) == ("proven_within", "0.05", "0.95")
    assert body["reviewers"] == ["staff:7"]


@pytest.mark.parametrize(("illegal", "words"), [(60, "已证明超过"), (25, "证据不足")])
def test_only_proof_gives_status_0(cli: Cli, source: Path, tmp_path: Path, illegal: int, words: str) -> None:
    sheet = tmp_path / "sample.csv"
    options = ("--source", "网站", "--phase", "after_collection", "--seed", "0a")
    cli("corpus", "sample", str(source), "--out", str(sheet), *options)
    cli("corpus", "sample", str(source), "--out", str(tmp_path / "again.csv"), *options)
    assert sheet.read_bytes() == (tmp_path / "again.csv").read_bytes()
    fill(sheet, illegal)
    judged = cli("corpus", "judge", str(sheet))
    assert judged.status == 1
    assert words in judged.out
    assert "Draws of this source in this phase: 2" in judged.out
    assert ("more documents would decide" in judged.out) == (words == "证据不足")
    assert entries("corpus.sample_judged")[0]["phase"] == "after_collection"


def test_a_sample_that_the_ledger_does_not_know_proves_nothing(cli: Cli, source: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sample.csv"
    cli("corpus", "sample", str(source), "--source", "网站", "--out", str(sheet))
    fill(sheet, 0)
    plan = tmp_path / "sample.csv.plan.json"
    plan.write_text(plan.read_text("utf-8").replace("网站", "别处"), "utf-8")
    judged = cli("corpus", "judge", str(sheet))
    assert judged.status == 2
    assert "does not know this sample" in judged.err
    assert not entries("corpus.sample_judged")


def test_nothing_is_overwritten(cli: Cli, source: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sample.csv"
    sheet.write_text("mine")
    said = cli("corpus", "sample", str(source), "--source", "网站", "--out", str(sheet))
    assert said.status == 2
    assert sheet.read_text() == "mine"
    assert "not overwritten" in said.err


def test_duplicates_are_decided_recorded_and_add_up(cli: Cli, tmp_path: Path) -> None:
    text = "本办法适用于利用生成式人工智能技术向境内公众提供服务，并遵守法律和社会公德。" * 3
    rows = [text, text, text[:-1] + "了", "完全不同的另一篇文档"]
    path, out = tmp_path / "in.jsonl", tmp_path / "decisions.jsonl"
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows), "utf-8")
    said = cli("corpus", "duplicates", str(path), "--out", str(out))
    assert said.status == 0, said.err
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [one["decision"] for one in found] == ["kept", "exact", "near", "kept"]
    assert found[1]["survivor"] == found[2]["survivor"] == f"{path.as_posix()}:1"
    assert 0.8 <= found[2]["similarity"] < 1
    (body,) = entries("corpus.duplicates_decided")
    assert (body["read"], body["kept"], body["exact"], body["near"], body["not_compared"]) == (4, 2, 1, 1, 0)
    assert body["decisions_sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    again = cli("corpus", "duplicates", str(path), "--out", str(out))
    assert (again.status, "not overwritten" in again.err) == (2, True)
