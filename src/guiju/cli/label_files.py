"""Files for the commands about labels: found in folders and by patterns, worked on side by side, told in order."""

import fnmatch
import glob
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from guiju.cli.terminal import say, stepping
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import GuijuError, InputError
from guiju.labelling import plain
from guiju.labelling.carriers.registry import by_suffix
from guiju.labelling.models import FoundLabel, Reading
from guiju.labelling.provenance.interface import ProvenanceReading
from guiju.labelling.security.data import verify_security

JOBS, MOST_JOBS = 4, 64
_STEPS = 1000
"""Steps of one file: long work on a single one moves the bar too."""
_WINDOW = 8
_PATTERN = frozenset("*?[")
Result = TypeVar("Result")
_SEALS = {
    "sealed": "已签 / signed",
    "unsupported": "此格式不签 / not signed in this format",
    "failed": "! 没有签上 / could not be signed:",
    "broken": "! 文件原有的声明因加标识而失效，没有重签 / the manifest it had no longer holds; none was signed",
}

STATES = {
    "conforming": ("✓ 合规 / conforming", "green"),
    "nonconforming": ("✗ 不合规 / not conforming", "red"),
    "absent": ("– 无标识 / no label", "yellow"),
    "inconclusive": ("? 无法判定 / inconclusive", "yellow"),
}


def find_files(words: Sequence[str], excluded: Sequence[str]) -> list[Path]:
    """Return the files that are meant: each named one, those that a pattern finds, those in a folder that we can label.

    Args:
        words: names of files and folders, and patterns with `*`, `?`, `[…]`, `**` for any depth.
        excluded: patterns over names and paths; what they match is left out.

    Raises:
        InputError: something is not there, or nothing is left.
    """
    found: dict[Path, Path] = {}
    for word in words:
        for path in _meant(word):
            if not _is_excluded(path, excluded):
                found.setdefault(path.resolve(), path)
    if not found:
        raise InputError(
            "没有找到文件。请检查路径、模式与排除项。", "No file was found. Check paths, patterns and exclusions."
        )
    return list(found.values())


def common_folder(paths: Sequence[Path]) -> Path:
    """Return the deepest folder that holds all files."""
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))


def read_exclusions(patterns: Sequence[str], file: Path | None) -> list[str]:
    """Return the patterns, and with them the lines of a file; blank lines and those with `#` are nothing.

    Raises:
        InputError: the file cannot be read.
    """
    if file is None:
        return list(patterns)
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "排除清单读不到，或不是 UTF-8 文本。",
            "The list of exclusions cannot be read, or is no UTF-8.",
            where=str(file),
        ) from error
    return [*patterns, *(line.strip() for line in lines if line.strip() and not line.startswith("#"))]


def _is_excluded(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(path.name, one) or fnmatch.fnmatch(path.as_posix(), one) for one in patterns)


def _meant(word: str) -> Iterator[Path]:
    path = Path(word)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.is_file():
        yield path
    elif _PATTERN & set(word):
        for name in sorted(glob.glob(word, recursive=True)):  # noqa: PTH207 - a pattern may be absolute
            if Path(name).is_file():
                yield Path(name)
    else:
        raise InputError("文件不存在。请检查路径。", "There is no such file. Check the path.", where=word)


def _in_folder(folder: Path) -> Iterator[Path]:
    """Walk a folder; hidden files, links and what we could not label anyway are passed over."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") for part in parts) or path.is_symlink() or not path.is_file():
            continue
        if by_suffix(path.suffix) is not None or plain.is_plain(path):
            yield path


class Shares:
    """How much of each file is done, told by whoever works on it."""

    def __init__(self) -> None:
        """Tell nobody until somebody listens."""
        self._done: dict[Path, int] = {}
        self._step: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()

    def listen(self, step: Callable[[int], None]) -> None:
        """Call `step` with the steps just done."""
        self._step = step

    def of(self, path: Path) -> Callable[[float], None]:
        """Return what is told the share of a file that is done, 0…1."""
        return lambda share: self._tell(path, round(min(1.0, share) * _STEPS))

    def finish(self, path: Path) -> None:
        """Count a file as done."""
        self._tell(path, _STEPS)

    def _tell(self, path: Path, steps: int) -> None:
        with self._lock:
            before = self._done.get(path, 0)
            if steps > before:
                self._done[path] = steps
                self._step(steps - before)


def work_through(
    paths: Sequence[Path], work: Callable[[Path], Result], jobs: int, *, title: str, shares: Shares | None = None
) -> Iterator[tuple[Path, Result | GuijuError]]:
    """Work on files, `jobs` at a time, with a bar that tells the time left; give results in the order of the files."""
    shares = shares or Shares()
    with ThreadPoolExecutor(jobs) as pool, stepping(title, len(paths) * _STEPS) as step:
        shares.listen(step)
        waiting: deque[tuple[Path, Future[Result]]] = deque()
        left = iter(paths)
        try:
            while True:
                while len(waiting) < jobs * _WINDOW and (path := next(left, None)) is not None:
                    waiting.append((path, pool.submit(work, path)))
                if not waiting:
                    return
                path, future = waiting.popleft()
                try:
                    result: Result | GuijuError = future.result()
                except GuijuError as error:
                    result = error
                shares.finish(path)
                yield path, result
        finally:
            for _, future in waiting:
                future.cancel()


def error_facts(path: Path, error: GuijuError) -> JsonObject:
    """Return an error as JSON has it."""
    return {"path": str(path), "state": "failed", "error": error.code, "zh": error.zh, "en": error.en}


def reading_facts(path: Path, reading: Reading, trusted: Sequence[bytes] = ()) -> JsonObject:
    """Return what was found in a file as JSON has it."""
    return {
        "path": str(path),
        "state": reading.verdict.value,
        "format": reading.format,
        "labels": [_label_facts(one, trusted) for one in reading.found],
        "problems": [{"code": one.code, "field": one.field, "zh": one.zh, "en": one.en} for one in reading.problems],
        "explicit_mark": reading.explicit_mark,
    }


def provenance_facts(reading: ProvenanceReading) -> JsonObject:
    """Return what a C2PA manifest says as JSON has it."""
    return {
        "state": reading.state.value,
        "generator": reading.generator,
        "signer": reading.signer,
        "source_types": list(reading.source_types),
        "failures": list(reading.failures),
        "parents": reading.parents,
        "detail": reading.detail,
    }


def say_seal(facts: object) -> None:
    """Print what became of the C2PA manifest of a file that was labelled, as `seal_facts` has it."""
    if isinstance(facts, dict):
        say(f"  C2PA: {_SEALS[str(facts['outcome'])]} {facts['detail']}".rstrip())


def _label_facts(one: FoundLabel, trusted: Sequence[bytes]) -> JsonObject:
    label = one.parsed.label
    security = verify_security(label, trusted) if label else None
    return {
        "place": one.place,
        "is_standard": one.is_standard,
        "is_wrapped": one.parsed.is_wrapped,
        "fields": dict(label.fields()) if label else None,
        "text": one.text,
        "security": security.verdict.value if security else "absent",
        "security_is_trusted": bool(security and security.is_trusted),
    }
