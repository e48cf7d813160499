"""What the documents point to is there: files, headings, make targets, commands, decisions."""

import re
from pathlib import Path

import pytest

from guiju.cli.app import ROOMS

ROOT = Path(__file__).resolve().parents[3]
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
MODULE = re.compile(r"python3? -m ((?:bench|guiju)[\w.]*)")
SCRIPT = re.compile(r"python3? ((?:bench|docs|tools)/[\w/]+\.py)")
COMMAND = re.compile(r"(?:`|bin/|^)guiju ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        path, _, anchor = target.partition("#")
        if ":" in path.partition("/")[0]:
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_link_to_nowhere_and_to_no_heading_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](#one-two) [b](#three) [c](gone.md) [d](https://example.org/x) [e](page.md)\n", "utf-8"
    )
    assert broken_links(page) == ["#three", "gone.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    spans = "\n".join(re.findall(r"`[^`\n]+`", text) + FENCE.findall(text))
    assert set(re.findall(r"(?:`|^|\n)make ([a-z-]+)", spans)) <= TARGETS
    modules = [module.replace(".", "/") for module in MODULE.findall(text)]
    places = [
        ROOT / base / f"{name}{end}" for name in modules for base in ("", "src") for end in (".py", "/__main__.py")
    ]
    assert all(any(place.is_file() for place in places if name in str(place)) for name in modules)
    assert [script for script in SCRIPT.findall(text) if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_guiju_command_that_a_page_names_exists(page: Path) -> None:
    unknown = []
    for room, verb in COMMAND.findall(page.read_text("utf-8")):
        file = ROOT / "src" / "guiju" / "cli" / f"{room}.py"
        is_known = room in ROOMS
        names = (
            re.findall(
                r'^@app\.command\((?:"([\w-]+)")?.*\)\n(?:async )?def (\w+)', file.read_text("utf-8"), re.MULTILINE
            )
            if file.is_file()
            else []
        )
        verbs = {given or name.replace("_", "-") for given, name in names}
        if not is_known or (verb and verbs and verb not in verbs):
            unknown.append(f"guiju {room} {verb}".strip())
    assert unknown == []


def test_the_two_readmes_show_the_same_figures_and_commands() -> None:
    english, chinese = (page.read_text("utf-8") for page in READMES)
    code = re.compile(r"`\.venv[^`]+`")
    assert code.findall(english) == code.findall(chinese)
    table = re.compile(r"^\|.*(?:LiteLLM|pass-through|纯转发|Guiju|规矩).*$", re.MULTILINE)
    rows = [[re.findall(r"[\d.]+", row) for row in table.findall(text)] for text in (english, chinese)]
    assert rows[0] == rows[1]
    assert len(rows[0]) >= 3


def test_the_figures_of_the_readme_stand_in_the_bench_folders() -> None:
    benches = "\n".join(page.read_text("utf-8") for page in (ROOT / "bench").glob("*/*.md"))
    for page in READMES:
        rows = re.findall(r"^\|.*(?:LiteLLM|pass-through|纯转发|Guiju|规矩).*$", page.read_text("utf-8"), re.MULTILINE)
        figures = [figure for row in rows for figure in re.findall(r"\d+\.\d+", row)]
        assert len(figures) >= 12
        assert [figure for figure in figures if figure not in benches] == []
        for figure in ("19,455", "11.5", "0.7", "0.78"):
            assert figure in page.read_text("utf-8")
            assert figure in benches


def test_every_decision_stands_in_the_index_and_numbers_have_no_gap() -> None:
    folder = ROOT / "docs" / "adr"
    pages = sorted(page.name for page in folder.glob("0*.md"))
    index = (folder / "README.md").read_text("utf-8")
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    assert [name for name in pages if name not in index] == []
