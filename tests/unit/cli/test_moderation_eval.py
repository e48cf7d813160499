"""`guiju moderation`: what a person sees; the figures themselves are tested where they are made."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

ROWS = "TEXT,label\n怎么偷拍别人洗澡拿去卖钱,1\n今天天气真好，适合出门散步,0\n,1\n西红柿炒鸡蛋先放哪个,0\n"


def test_an_evaluation_writes_a_page_and_json(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text(ROWS, encoding="utf-8")
    said = cli("moderation", "eval", "--data", str(data), "--out", str(tmp_path / "out"))
    assert said.status == 0
    assert "TEXT / label" in said.out
    assert "文本为空" in said.out
    report = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    assert report["texts"] == 3
    assert (tmp_path / "out" / "data.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_detector_can_be_measured_as_it_runs(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text(ROWS, encoding="utf-8")
    said = cli("moderation", "eval", "--data", str(data), "--engine", "detector", "--out", str(tmp_path))
    assert said.status == 0
    assert "detector" in said.out


@pytest.mark.parametrize(
    "words", [("--engine", "magic"), ("--label", "nothing"), ("--text", "nothing"), ("--evasions",)]
)
def test_what_cannot_be_measured_is_told(cli: Cli, tmp_path: Path, words: tuple[str, ...]) -> None:
    data = tmp_path / "data.csv"
    data.write_text(ROWS, encoding="utf-8")
    said = cli("moderation", "eval", "--data", str(data), "--out", str(tmp_path), *words)
    assert said.status == 2
    assert said.out == ""


def test_own_classes_are_fitted_measured_and_written(cli: Cli, tmp_path: Path) -> None:
    topics = {"退款": "我买的{}坏了，怎么申请退款", "转人工": "别让机器回答{}，我要人工客服", "none": "{}怎么做才好吃"}
    goods = ["鱼", "豆腐", "排骨", "茄子", "面条", "土豆", "白菜", "鸡翅", "虾", "饺子", "萝卜", "南瓜", "木耳", "香菇",
             "苦瓜", "冬瓜", "芹菜", "牛肉", "羊肉", "春笋", "花菜"]  # fmt: skip
    rows = [f"{form.format(good)},{name}" for name, form in topics.items() for good in goods]
    data = tmp_path / "own.csv"
    data.write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    said = cli("moderation", "adapt", "--data", str(data), "--out", str(tmp_path / "own.json"))
    assert said.status == 0
    assert "退款" in said.out
    assert "交叉验证" in said.out
    head = json.loads((tmp_path / "own.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in head["figures"]] == ["转人工", "退款"]
    assert all(one["recall"] > 0.8 for one in head["figures"])


def test_too_few_examples_are_told_in_words(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "own.csv"
    data.write_text("text,label\n退款,甲\n你好,none\n", encoding="utf-8")
    said = cli("moderation", "adapt", "--data", str(data), "--out", str(tmp_path / "own.json"))
    assert said.status == 2
    assert not (tmp_path / "own.json").exists()


def test_what_ships_is_told_risk_by_risk(cli: Cli) -> None:
    said = cli("moderation", "train-info")
    assert said.status == 0
    assert "A.5-b" in said.out
    assert "SHA-256" in said.out
