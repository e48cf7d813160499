"""`guiju policy test`, `diff` and `schema`, as an operator runs them."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import build_house
from guiju.ledger.models import Draft, EntryQuery
from guiju.moderation.service import builtin_policy
from guiju.settings import Settings


def test_the_shipped_policy_does_what_its_test_cases_say(cli: Cli) -> None:
    said = cli("policy", "test")
    assert said.status == 0
    assert "failed 0" in said.out
    assert said.out.count("✓") >= 10


def test_a_case_that_does_not_hold_is_named_and_exits_with_one(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(builtin_policy().read_text() + "tests:\n  - {name: 甲, text: 你好, expect: refuse}\n")
    said = cli("policy", "test", str(path))
    assert said.status == 1
    assert "✗ mine.yaml:" in said.out
    assert "expected refuse, got allow" in said.out
    (tmp_path / "mine.tests.yaml").write_text("tests:\n  - {text: 你好, expect: allow}\n")
    assert "passed 1" in cli("policy", "test", str(path)).out


@pytest.mark.parametrize("tests", ["", "tests:\n  - {text: 你好, expect: shrug}\n"])
def test_no_cases_and_cases_that_cannot_be_read_are_errors(cli: Cli, tmp_path: Path, tests: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(builtin_policy().read_text() + tests)
    assert cli("policy", "test", str(path)).status == 2


def test_what_a_policy_would_have_changed_is_told_from_a_file(cli: Cli, tmp_path: Path) -> None:
    after = tmp_path / "after.yaml"
    after.write_text(builtin_policy().read_text().replace("action: mask", "action: allow"))
    traffic = tmp_path / "traffic.jsonl"
    lines = ['"今天天气好"', '{"text": "电话13800138000", "scope": "output"}', "nonsense", '"' + "长" * 400_000 + '"']
    traffic.write_text("\n".join(lines))
    said = cli("policy", "diff", str(builtin_policy()), str(after), "--traffic", str(traffic))
    assert said.status == 0
    assert "compared 2" in said.out
    assert "changed 1" in said.out
    assert "unreadable 2" in said.out
    assert "traffic.jsonl:2 output" in said.out
    assert "traffic.jsonl:4" in said.out


def test_a_comparison_needs_one_source(cli: Cli, tmp_path: Path) -> None:
    policy = str(builtin_policy())
    assert cli("policy", "diff", policy, policy).status == 2
    assert cli("policy", "diff", policy, policy, "--traffic", str(tmp_path / "none.jsonl")).status == 2
    assert cli("policy", "diff", policy, policy, "--exchanges", "5").status == 2  # there is no database


def test_recorded_exchanges_are_compared_and_that_they_were_looked_at_is_recorded(cli: Cli, tmp_path: Path) -> None:
    house = build_house(Settings())
    house.ledger.start()
    person = house.ledger.person_for("somebody")
    opened = {"input": [{"role": "user", "text": "你好"}], "audience": "minor"}
    closed = {"output": [{"index": 0, "released": {"content": "电话13800138000", "mark": "AI 生成"}}]}
    for action, body in (("exchange.opened", opened), ("exchange.closed", closed)):
        house.ledger.append(Draft(action, "app:a-1", "exchange:1", json.loads(json.dumps(body)), person=person))
    house.ledger.stop()
    house.database.close()
    after = tmp_path / "after.yaml"
    after.write_text(builtin_policy().read_text().replace("action: mask", "action: allow"))
    said = cli("policy", "diff", str(builtin_policy()), str(after), "--exchanges", "10", "--actor", "staff:7")
    assert said.status == 0
    assert "compared 2" in said.out
    assert "exchange:1 output" in said.out
    assert cli("policy", "diff", str(after), str(after), "--exchanges", "1", "--actor", "张三").status == 2
    house = build_house(Settings())
    house.ledger.start()
    heads = house.ledger.find(EntryQuery(actions=("staff.body_viewed",)))
    assert [head.actor for head in heads] == ["staff:7"]
    house.ledger.stop()
    house.database.close()


def test_the_schema_is_printed_as_json(cli: Cli) -> None:
    said = cli("policy", "schema")
    assert said.status == 0
    assert "rules" in json.loads(said.out)["properties"]
