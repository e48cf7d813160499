"""Steps that need a person, from a terminal: signed with an account of the console, never with a name alone."""

from pathlib import Path

import orjson
import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import build_house
from guiju.ledger.models import Draft
from guiju.settings import Settings

PASSWORD = "gate house paper"
TERM = "测试专用违禁甲"


@pytest.fixture
def people(var: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an author, a second person and a reviewer, and one exchange that is held for review."""
    house = build_house(Settings())
    house.ledger.start()
    for name, role in (("author", "reviewer"), ("second", "compliance_officer"), ("agent", "agent")):
        house.staff.create_member(name, role, PASSWORD)
    person = house.ledger.person_for("somebody")
    exchange = "01a21400-0000-7000-8000-000000000001"
    body = {
        "person": person,
        "input": [{"role": "user", "text": f"书里写到{TERM}，电话 13812345678"}],
        "decision": {"action": "hold", "scope": "input", "risks": [], "findings": []},
    }
    house.ledger.append(
        Draft("exchange.opened", "app:1", f"exchange:{exchange}", body, person=person, id=exchange)  # type: ignore[arg-type]
    )
    house.review.round()
    house.ledger.stop()
    house.database.close()
    monkeypatch.setenv("GUIJU_STAFF_PASSWORD", PASSWORD)
    return var


def change_id(out: str) -> str:
    return next(word for word in out.split() if word.count("-") == 4)


def proposed(cli: Cli, term: str = TERM) -> str:
    said = cli("keywords", "propose", term, "--risk", "A.1-f", "--by", "author", "--reason", "新近出现")
    assert said.status == 0, said.err
    return change_id(said.out)


def test_a_change_goes_from_a_proposal_to_a_block_and_back(cli: Cli, people: Path) -> None:
    said = cli("keywords", "propose", TERM, "--risk", "A.1-f", "--by", "author", "--reason", "新近出现")
    assert said.status == 0
    assert "新增拦截 / blocked 1" in said.out
    change = change_id(said.out)
    assert cli("keywords", "approve", change, "--by", "author", "--reason", "自己批").status == 2
    assert cli("keywords", "approve", change, "--by", "second", "--reason", "确有必要").status == 0
    hasty = cli("keywords", "stage", change, "block", "--by", "second", "--reason", "直接生效")
    assert hasty.status == 2
    assert "跳过了试行" in hasty.err
    assert cli("keywords", "stage", change, "block", "--by", "second", "--reason", "紧急", "--sure").status == 0
    assert "拒绝 / refuse A.1-f" in cli("policy", "try", f"这里有{TERM}").out
    assert change in cli("keywords", "changes").out
    assert cli("keywords", "revert", change, "--by", "second", "--reason", "误伤").status == 0
    assert "拒绝 / refuse" not in cli("policy", "try", f"这里有{TERM}").out
    assert [path.name for path in (people / "keywords").glob("*.yaml")] == []


@pytest.mark.usefixtures("people")
def test_a_wrong_password_a_role_that_may_not_and_nobody_to_ask_are_refused(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(cli)
    agent = cli("keywords", "approve", change, "--by", "agent", "--reason", "行")
    assert (agent.status, "角色不能" in agent.err) == (2, True)
    monkeypatch.setenv("GUIJU_STAFF_PASSWORD", "not the password")
    wrong = cli("keywords", "approve", change, "--by", "second", "--reason", "行")
    assert (wrong.status, "口令不正确" in wrong.err) == (2, True)
    monkeypatch.delenv("GUIJU_STAFF_PASSWORD")
    asked = cli("keywords", "approve", change, "--by", "second", "--reason", "行")
    assert (asked.status, "GUIJU_STAFF_PASSWORD" in asked.err) == (2, True)


def test_an_imported_list_is_one_proposal_with_its_preview(cli: Cli, people: Path, tmp_path: Path) -> None:
    source, samples = tmp_path / "自有.txt", tmp_path / "samples"
    source.write_text(f"{TERM}\n测试专用违禁乙\n测试专用违禁乙\n\n")
    samples.mkdir()
    (samples / "plain.txt").write_text("平常的话\n又见测试专用违禁乙\n")
    options = ("--risk", "A.1-f", "--action", "block", "--level", "high", "--by", "author")
    said = cli("keywords", "import", str(source), *options, "--samples", str(samples))
    assert said.status == 0
    assert "taken 2" in said.out
    assert "duplicate 1" in said.out
    assert "plain.txt:2" in said.out
    assert not list((people / "keywords").glob("*.yaml")) if (people / "keywords").exists() else True
    row = next(line for line in cli("keywords", "changes").out.splitlines() if change_id(said.out) in line)
    assert "导入 自有.txt" in row


@pytest.mark.usefixtures("people")
def test_refused_lines_are_named_and_exit_with_one_and_the_others_are_proposed(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "list.txt"
    source.write_text(f"{TERM}\n字\n")
    said = cli("keywords", "import", str(source), "--risk", "A.1-f", "--by", "author")
    assert said.status == 1
    assert "taken 1" in said.out
    assert "list.txt:2" in said.out


@pytest.mark.usefixtures("people")
def test_the_queue_is_listed_without_anything_that_was_said(cli: Cli) -> None:
    said = cli("review", "list")
    assert said.status == 0
    assert "held" in said.out
    assert "waiting 1" in said.out
    assert TERM not in said.out
    assert "held" not in cli("review", "list", "--state", "settled").out


@pytest.mark.usefixtures("people")
def test_examples_are_exported_with_licence_and_consent(cli: Cli, tmp_path: Path) -> None:
    house = build_house(Settings())
    house.ledger.start()
    members = {member.name: member.id for member in house.staff.members()}
    item = house.review.queue.next_for(members["author"])
    assert item is not None
    for name in ("author", "second"):
        house.review.queue.judge(item.id, members[name], ())
    house.review.queue.mark_example(item.id, "test", members["author"])
    house.ledger.stop()
    house.database.close()
    path = tmp_path / "examples.jsonl"
    options = ("--by", "second", "--licence", "仅限内部", "--consent", "用户协议第八条", "--kind", "test")
    said = cli("review", "export", str(path), *options)
    assert said.status == 0, said.err
    facts = orjson.loads(path.read_text())
    assert facts["label"] == "harmless"
    assert facts["consent"] == "用户协议第八条"
    assert "13812345678" not in facts["text"]
    assert cli("review", "export", str(path), "--by", "agent", "--licence", "a", "--consent", "b").status == 2
