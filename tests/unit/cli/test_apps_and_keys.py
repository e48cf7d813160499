"""Apps and keys from a terminal: by who may, with a reason, each step an entry."""

from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.bootstrap import build_house
from guiju.ledger.models import EntryQuery
from guiju.settings import Settings

PASSWORD = "gate house paper"
SIGNED = ("--by", "engineer", "--reason", "上线")


@pytest.fixture
def engineer(var: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    house = build_house(Settings())
    house.ledger.start()
    house.staff.create_member("engineer", "engineer", PASSWORD)
    house.ledger.stop()
    house.database.close()
    monkeypatch.setenv("GUIJU_STAFF_PASSWORD", PASSWORD)
    return var


@pytest.mark.usefixtures("engineer")
def test_an_app_and_its_keys_from_making_to_revoking(cli: Cli) -> None:
    assert cli("app", "create", "机器人", "--by", "engineer", "--reason", " ").status == 2
    made = cli("app", "create", "机器人", *SIGNED)
    assert made.out.startswith("gj-")
    limited = cli("app", "set", "机器人", *SIGNED, "--limit", "requests_per_minute=600", "--serves", "named")
    assert '"requests_per_minute":600' in limited.out
    wrong = cli("app", "set", "机器人", *SIGNED, "--limit", "requests=600")
    assert wrong.status == 2
    key = cli("key", "create", "机器人", *SIGNED, "--model", "echo", "--label", "甲", "--until", "2999-01-01")
    assert key.out.startswith("gj-")
    listed = cli("key", "list", "机器人").out
    key_id = next(word for line in listed.splitlines() if "甲" in line for word in line.split() if word.count("-") == 4)
    assert cli("key", "rotate", "机器人", key_id, *SIGNED, "--overlap-hours", "1").out.startswith("gj-")
    assert cli("key", "revoke", "机器人", key_id, *SIGNED).status == 0
    house = build_house(Settings())
    try:
        actions = [head.action for head in house.ledger.find(EntryQuery(actor="", limit=100))]
    finally:
        house.database.close()
    steps = [action for action in reversed(actions) if action.startswith(("app.", "api_key."))]
    assert steps == [
        *("app.created", "api_key.created", "app.changed"),
        *("api_key.created", "api_key.rotated", "api_key.revoked"),
    ]


@pytest.mark.usefixtures("engineer")
def test_a_measure_is_imposed_and_lifted_by_who_may(cli: Cli) -> None:
    house = build_house(Settings())
    house.ledger.start()
    house.staff.create_member("officer", "compliance_officer", PASSWORD)
    house.ledger.stop()
    house.database.close()
    by = ("--by", "officer", "--reason", "多次违法输入")
    assert cli("sanction", "impose", "p-1", "suspend", "--by", "engineer", "--reason", "x", "--hours", "2").status == 2
    made = cli("sanction", "impose", "p-1", "suspend", *by, "--hours", "2")
    assert made.status == 0, made.err
    assert cli("sanction", "lift", made.out.strip(), *by).status == 0
    assert "p-1" not in cli("sanction", "list").out
    assert "已结束" in cli("sanction", "list", "--all").out
