"""The sentences we wrote: enough of each kind, each group with a note, none too alike, none both taught and tested."""

import runpy
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOL = runpy.run_path(str(ROOT / "tools" / "check_training.py"))


@pytest.fixture(scope="module")
def counts() -> Counter[str]:
    found: Counter[str] = Counter()
    for path in (ROOT / "training").rglob("*.yaml"):
        lines, wrong = TOOL["lines_of"](path)
        assert not wrong
        name = path.relative_to(ROOT / "training")
        found[str(name.parent) if name.parts[0] != "positive" else name.stem] += len(lines)
    return found


def test_there_are_enough_of_every_kind(counts: Counter[str]) -> None:
    risks = {name: count for name, count in counts.items() if name.startswith("A.")}
    assert len(risks) == 31
    assert min(risks.values()) >= 195
    assert sum(risks.values()) >= 6000
    assert counts["benign"] >= 8000
    assert counts["evaluation/honest"] >= 3000
    assert counts["evaluation"] >= 500


def test_no_two_lines_are_too_alike_and_none_is_in_training_and_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert TOOL["main"]([]) == 0, capsys.readouterr().out


def test_a_line_that_is_too_alike_would_be_named(tmp_path: Path) -> None:
    assert TOOL["alike"]([("a", "g", "怎么举报网络诈骗"), ("b", "g", "怎么举报网络诈骗？"), ("b", "g", "早")]) != []
    bad = tmp_path / "bad.yaml"
    bad.write_text("risk: none\ngroups:\n  - {id: x, form: poem, texts: 一二三四五}\n", "utf-8")
    assert TOOL["lines_of"](bad)[1]
