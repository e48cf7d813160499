"""The house stands as drawn: floors, cycles, purity, sizes, names. The contracts are in pyproject.toml."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "guiju"
FORBIDDEN_NAMES = {"core", "common", "utils", "util", "helpers", "misc", "manager", "base"}
ROOMS = (
    "kit",
    "storage",
    "text",
    "law",
    "ledger",
    "moderation",
    "labelling",
    "review",
    "supervision",
    "staff",
    "gateway",
)

# A broad except is allowed where a door or a worker loop must outlive what it runs; each is named with its reason.
BROAD_EXCEPTS = {
    "web/gateway_app.py": "the door: the client gets an error, never a traceback",
    "gateway/rounds.py": "small work that is done again and again must outlive a round that failed",
    "ledger/append/sequencer.py": "the writer of the log must outlive a batch that failed",
    "ledger/service/rounds.py": "checkpoints go on when one anchor or one round fails",
    "cli/app.py": "the door: what nobody foresaw is told in words",
    "supervision/service.py": "one check that dies is shown as not run and hides no other",
    "gateway/upstreams/threaded.py": "a model in this process that dies becomes an upstream error, never silence",
    "gateway/telemetry/otlp.py": "a trace that cannot be made is logged, and the answer goes on its way",
    "moderation/stream.py": "a detector that dies becomes undetermined, never no risk",
    "moderation/media/service.py": "a checker that dies becomes undetermined, never no risk",
    "moderation/service.py": "a detector that dies becomes undetermined, never no risk",
}


OPTIONAL = {"gguf": "llama_cpp", "nudenet": "nudenet"}
"""Modules that stand on an extra which may be missing."""


def python_files(*roots: Path) -> list[Path]:
    return sorted(path for root in roots for path in root.rglob("*.py") if "node_modules" not in path.parts)


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--config", str(root / "pyproject.toml"), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("text/planted.py", "import guiju.ledger.models"),
        ("kit/planted.py", "def later() -> None:\n    import guiju.storage.jobs"),
        ("moderation/planted.py", "import fastapi"),
        ("gateway/planted.py", "from guiju.storage.database import Database"),
        ("law/rules.py", "import sqlalchemy"),
    ],
)
def test_a_planted_violation_is_caught(where: str, line: str, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    (copy / "src").mkdir(parents=True)
    (copy / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for path in python_files(SOURCE):
        target = copy / "src" / "guiju" / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    planted = copy / "src" / "guiju" / where
    before = planted.read_text(encoding="utf-8") if planted.exists() else ""
    planted.write_text(before + "\n" + line + "\n", encoding="utf-8")
    result = lint_imports(copy)
    assert result.returncode != 0
    assert "BROKEN" in result.stdout


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in python_files(SOURCE, ROOT / "tests", ROOT / "bench")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in python_files(SOURCE)
        for node in functions(path)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
    }
    assert long == {}


def test_functions_take_five_parameters_at_most_three_by_position() -> None:
    wide = {}
    for path in python_files(SOURCE):
        for node in functions(path):
            positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in {"self", "cls"}]
            if len(positional) > 5 or (len(positional) > 3 and node.name != "__init__" and not _is_route(node)):
                wide[f"{path.relative_to(ROOT)}:{node.name}"] = len(positional)
    assert wide == {}


def _is_route(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a framework, not a reader, passes the arguments."""
    return any(isinstance(decorator, ast.Call) for decorator in node.decorator_list)


def test_no_any_in_signatures_of_rooms() -> None:
    found = []
    for room in ROOMS:
        for path in python_files(SOURCE / room):
            for node in functions(path):
                hints = [a.annotation for a in (*node.args.args, *node.args.kwonlyargs)] + [node.returns]
                if any("Any" in {n.id for n in ast.walk(h) if isinstance(n, ast.Name)} for h in hints if h):
                    found.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert found == []


def test_broad_excepts_stand_only_where_they_are_named() -> None:
    found = set()
    for path in python_files(SOURCE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"Exception"}
                reraises = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
                if names & {"Exception", "BaseException"} and not reraises:
                    found.add(str(path.relative_to(SOURCE)))
    assert found == set(BROAD_EXCEPTS)


def test_no_folder_is_named_after_nothing() -> None:
    folders = {path.name for path in SOURCE.rglob("*") if path.is_dir()}
    assert folders & FORBIDDEN_NAMES == set()
    assert {path.stem for path in python_files(SOURCE)} & FORBIDDEN_NAMES == set()


def test_importing_any_module_has_no_effect() -> None:
    program = (
        "import importlib, pathlib, sys, threading, os\n"
        "before = set(os.listdir('.'))\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert set(os.listdir('.')) == before\n"
    )
    modules = []
    for path in python_files(SOURCE):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        if "migrations" in parts or parts[-1] == "__main__" or (find_spec(OPTIONAL.get(parts[-1], "guiju")) is None):
            continue
        modules.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    result = subprocess.run(
        [sys.executable, "-c", program, *modules], capture_output=True, text=True, check=False, cwd=ROOT / "docs"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
