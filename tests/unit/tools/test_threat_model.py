"""Every test that the threat model names exists, and every threat has one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[str]:
    table = PAGE.read_text("utf-8").partition("## Threats")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][2:]


def test_every_threat_has_a_control_and_a_test_that_exists() -> None:
    assert len(rows()) > 20
    missing = []
    for row in rows():
        threat, control, tests = (cell.strip() for cell in row.strip("| ").split(" | "))
        named = NAMED.findall(tests)
        assert threat
        assert control
        assert named, threat
        for path, name in named:
            file = ROOT / path
            text = file.read_text("utf-8") if file.is_file() else ""
            if not text or (name and not re.search(rf"^(async )?def {name}\(", text, re.MULTILINE)):
                missing.append(f"{path}::{name}")
    assert missing == []
