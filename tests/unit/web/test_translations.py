"""Every Chinese text that a page says has an English one beside it, with the same places to fill."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from guiju.law.models import OUTCOME_ZH
from guiju.law.service import load_law
from guiju.web.badges import ACTION_TITLES, CIRCUIT_TITLES, VERDICT_TITLES
from guiju.web.navigation import NAVIGATION
from guiju.web.rendering import AI_MARK, HERE
from guiju.web.routes import apps, changes, labels, review, sanctions
from guiju.web.routes.changes import LIST_TITLES
from guiju.web.routes.exchanges import ENTRY_TITLES
from guiju.web.routes.law import EVENT_TITLES
from guiju.web.routes.policy import LEVEL_TITLES, SCOPE_TITLES, WISH_TITLES
from guiju.web.routes.review import EXAMPLE_TITLES
from guiju.web.views.apps import LIMIT_TITLES, RANGES, SERVES_TITLES
from guiju.web.views.changes import CAUTION_TITLES, CHANGE_STATES, KINDS, OPS, SKIPPED_TITLES, STAGE_TITLES
from guiju.web.views.exchanges import EXCHANGE_OUTCOMES
from guiju.web.views.labels import ASKED
from guiju.web.views.live import WINDOWS
from guiju.web.views.overview import DUTIES
from guiju.web.views.review import REASONS, STATES, TALLIES
from guiju.web.views.sanctions import KIND_TITLES

HAN = re.compile(r"[\u4e00-\u9fff]")
CALL = re.compile(r"""_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    with (HERE / "locale" / "en.po").open("rb") as file:
        return {str(item.id): str(item.string) for item in read_po(file) if item.id}


def in_templates() -> set[str]:
    texts = (path.read_text() for path in (HERE / "templates").glob("*.html"))
    return {one or other for text in texts for one, other in CALL.findall(text)} | _on_badges()


def _on_badges() -> set[str]:
    """Return titles that templates hand to `badge.named(…)`, which translates them."""
    texts = "".join(path.read_text() for path in (HERE / "templates").glob("*.html"))
    return {
        title
        for call in re.findall(r"badge\.named\((.*?)\)", texts)
        for title in re.findall(r'"([^"]*)"', call)
        if HAN.search(title)
    }


def in_code() -> set[str]:
    """Return constants passed to `t(…)`, `_translate(…)` or `_badge(…)`, and CSV headings, translated one by one."""
    found = set()
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func) in {"t", "_translate", "_badge", "named"}:
                found |= _han(node)
            if isinstance(node, ast.Assign) and _name(node.targets[0]) in {"titles", "columns", "_EXAMPLES"}:
                found |= _han(node.value)
    return found


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _han(node: ast.AST) -> set[str]:
    constants = (item.value for item in ast.walk(node) if isinstance(item, ast.Constant))
    return {value for value in constants if isinstance(value, str) and HAN.search(value)}


def in_tables() -> set[str]:
    texts = {AI_MARK, *OUTCOME_ZH.values(), *ENTRY_TITLES.values(), *EVENT_TITLES.values()}
    texts |= {*LEVEL_TITLES.values(), *SCOPE_TITLES.values(), *WISH_TITLES.values()}
    texts |= {*TALLIES.values(), *EXAMPLE_TITLES.values(), *OPS.values(), *STAGE_TITLES.values(), *DUTIES.values()}
    texts |= {*SKIPPED_TITLES.values(), *CAUTION_TITLES.values(), *LIST_TITLES.values()}
    texts |= {*review.DONE.values(), *changes.DONE.values(), *(title for title, _, _ in WINDOWS.values())}
    texts |= {*LIMIT_TITLES.values(), *SERVES_TITLES.values(), *RANGES.values(), *KIND_TITLES.values()}
    texts |= {*sanctions.DONE.values(), *sanctions.STATE_TITLES.values(), *apps.DONE.values()}
    texts |= {
        *labels.KINDS.values(),
        *labels.SIGNATURES.values(),
        *labels.UNITS.values(),
        *(title for title, _ in ASKED),
    }
    for table in (labels.VERDICTS, labels.STATES, labels.SIGNS, labels.MANIFESTS):
        texts |= {title for title, _ in table.values()}
    tables = (EXCHANGE_OUTCOMES, ACTION_TITLES, VERDICT_TITLES, REASONS, STATES, CHANGE_STATES, KINDS, CIRCUIT_TITLES)
    for titles in (table.values() for table in tables):
        texts |= {title for title, _ in titles}
    for group in NAVIGATION:
        texts |= {group.title, *(entry.title for entry in group.entries)}
    from datetime import UTC, datetime  # noqa: PLC0415

    texts |= {article.chapter for article in load_law().articles(datetime.now(UTC).date())}
    return texts - {""}


def test_no_text_lacks_its_english(english: dict[str, str]) -> None:
    said = in_templates() | in_code() | in_tables()
    assert len(said) > 200
    assert {text for text in said if not english.get(text)} == set()


def test_no_english_is_left_over(english: dict[str, str]) -> None:
    assert set(english) - in_templates() - in_code() - in_tables() == set()


def test_places_to_fill_are_the_same(english: dict[str, str]) -> None:
    for chinese, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", chinese)) == sorted(re.findall(r"\{\w+\}", text)), chinese


@pytest.mark.parametrize("path", sorted((HERE / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_says_chinese_outside_the_catalogue(path: Path) -> None:
    bare = EXPRESSION.sub("", path.read_text()).replace("中文", "")
    assert HAN.findall(bare) == []
