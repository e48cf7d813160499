from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from guiju.moderation.service import builtin_policy


def test_terms_in_the_operators_folder_are_counted_and_decide(cli: Cli, var: Path) -> None:
    (var / "keywords").mkdir(parents=True)
    (var / "keywords" / "own.yaml").write_text(
        'version: "1"\nrisk: A.1-f\nupdated: 2026-11-20\n'
        "groups:\n- {reason: 自有, terms: [测试专用违禁甲, 测试专用违禁乙]}\n"
    )
    row = next(line for line in cli("keywords", "stats").out.splitlines() if "A.1-f" in line)
    assert "2" in [cell.strip() for cell in row.split("│")]
    tried = cli("policy", "try", "这里有测试专用违禁甲", "--scope", "input")
    assert tried.status == 0
    assert "拒绝 / refuse A.1-f" in tried.out
    assert "测试专用违禁甲" in tried.out


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"\xff\xfe\x00", ("--risk", "A.1-f")),
        ("测试专用词".encode(), ("--risk", "Z.9")),
        ("测试专用词".encode(), ("--risk", "A.1-f", "--level", "terrible")),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error_and_writes_nothing(
    cli: Cli, var: Path, tmp_path: Path, content: bytes, options: tuple[str, ...]
) -> None:
    source = tmp_path / "list.txt"
    source.write_bytes(content)
    assert cli("keywords", "import", str(source), "--by", "owner", *options).status == 2
    assert not (var / "keywords").exists()


def test_check_names_the_file_and_line_that_cannot_be_used(cli: Cli, var: Path) -> None:
    assert cli("keywords", "check").status == 0
    (var / "keywords").mkdir(parents=True)
    (var / "keywords" / "bad.yaml").write_text("version: 1\nrisk: A.1-f\nupdated: 2026-01-01\nsurprise: 1\n")
    said = cli("keywords", "check")
    assert said.status == 1
    assert "bad.yaml" in said.out
    assert "surprise" in said.out
    assert cli("keywords", "stats").status == 1
    assert cli("policy", "try", "你好").status == 2


def test_stats_stand_beside_the_least_that_the_standard_asks_for(cli: Cli) -> None:
    said = cli("keywords", "stats")
    assert said.status == 0
    rows = {line.split("│")[1].strip(): line for line in said.out.splitlines() if "A." in line and "│" in line}
    assert len(rows) == 31
    assert "≥ 200" in rows["A.1-a"]
    assert "≥ 100" in rows["A.2-a"]
    assert "—" in rows["A.5-a"]
    assert "≥ 10000" in said.out


def test_our_own_policy_can_be_used_and_is_shown_with_its_hash(cli: Cli) -> None:
    checked, shown = cli("policy", "check"), cli("policy", "show")
    assert (checked.status, shown.status) == (0, 0)
    digest = checked.out.split("SHA-256 ")[1].split()[0]
    assert digest in shown.out
    assert "fails closed" in shown.out


def test_a_policy_that_cannot_be_used_is_told_line_by_line_also_where_it_is_in_force(cli: Cli, var: Path) -> None:
    var.mkdir()
    text = builtin_policy().read_text()
    (var / "policy.yaml").write_text(text + "\nsurprise: 1\n")
    said = cli("policy", "check")
    assert said.status == 1
    assert "surprise" in said.out
    assert cli("policy", "show").status == 2
    (var / "policy.yaml").write_text(text)
    assert cli("policy", "check", str(var / "policy.yaml")).status == 0


def test_an_innocent_text_is_allowed_and_nothing_is_kept(cli: Cli, var: Path) -> None:
    said = cli("policy", "try", "今天天气很好", "--scope", "output")
    assert said.status == 0
    assert "放行 / allow" in said.out
    assert not var.exists()
    assert cli("policy", "try", "x", "--scope", "sideways").status == 2
