"""The keyword library: YAML files in, terms in force out. The format is in docs/how-to/keywords-and-policy.md."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from guiju.kit.canonical_json import Json, canonical_bytes
from guiju.moderation.errors import LibraryError
from guiju.moderation.fields import summary
from guiju.moderation.library_file import LibraryFile, read_library_file
from guiju.moderation.models import (
    LEVELS,
    RISK_IDS,
    WISHES,
    LibraryCheck,
    LibraryStats,
    Refusal,
    RiskCount,
    Term,
    TermPage,
)
from guiju.moderation.yaml_document import DocumentError
from guiju.text.matching.gentle import sorted_gently
from guiju.text.normalising import base_normaliser

MAX_FILE_BYTES = 8_000_000
MAX_FILES = 500
MAX_TERMS = 300_000
_SHIPPED: dict[tuple[str, str], LibraryFile] = {}
"""Shipped files by hash and path: they hardly ever change, and a reload should not wait for reading them again."""


@dataclass(frozen=True, slots=True)
class LibrarySources:
    """Where terms come from: our folder of `<risk>.yaml`, and the operator's own folder of any `*.yaml`."""

    builtin: Path
    operator: Path | None = None


class Library:
    """All terms in force, immutable once built.

    Attributes:
        terms: sorted by id.
        phrases: risk → phrases that clear every term of that risk which they cover, normalised.
        content_hash: SHA-256 of the canonical JSON of both.
        stats: the library in numbers.
    """

    def __init__(self, files: Iterable[LibraryFile]) -> None:
        """Merge `files`: disabled built-in terms go, duplicates fold, of conflicting entries the stricter stays.

        A built-in term that is disabled goes before anything is merged, so that an operator's own entry can take its
        place and be milder than it was.
        """
        files = tuple(files)
        kept: dict[str, Term] = {}
        counts: Counter[str] = Counter()
        notes: list[Refusal] = []
        phrases: dict[str, set[str]] = {}
        refusals: list[Refusal] = []
        disabled = {key for file in files for key in file.disabled}
        gone: set[str] = set()
        updated = ""
        for file in files:
            refusals.extend(file.refusals)
            phrases.setdefault(file.risk, set()).update(file.phrases)
            updated = max(updated, file.updated)
            for term in file.terms:
                if term.origin == "builtin" and term.id in disabled:
                    gone.add(term.id)
                else:
                    _merge(kept, term, counts=counts, notes=notes)
        self.terms = tuple(sorted_gently(kept.values(), key=lambda term: term.id))
        self.phrases: Mapping[str, tuple[str, ...]] = {risk: tuple(sorted(found)) for risk, found in phrases.items()}
        self.content_hash = _content_hash(self.terms, self.phrases)
        self.stats = LibraryStats(
            terms=len(self.terms),
            by_risk=_count(self.terms),
            duplicates=counts["duplicate"],
            conflicts=counts["conflict"],
            disabled=len(gone),
            refusals=tuple(refusals),
            updated=updated,
            content_hash=self.content_hash,
            conflict_notes=tuple(notes),
        )

    def term(self, term_id: str) -> Term | None:
        """Return the term of that id, or None when the library has none (another detector's rule)."""
        place = bisect_left(self.terms, term_id, key=lambda term: term.id)
        found = self.terms[place] if place < len(self.terms) else None
        return found if found is not None and found.id == term_id else None

    def search(self, query: str, risk: str, *, offset: int, limit: int) -> TermPage:
        """Return the terms whose text or normal form contains `query` (all when empty), of `risk` or its chapter."""
        form = base_normaliser().symbols_of(query)
        found = [
            term
            for term in self.terms
            if (not risk or any(one == risk or one.startswith(f"{risk}-") for one in term.risks))
            and (form in term.form or query in term.text or query == term.id)
        ]
        start = max(offset, 0)
        return TermPage(tuple(found[start : start + max(limit, 0)]), len(found))


def load_library(sources: LibrarySources) -> Library:
    """Read every file of both folders.

    Raises:
        LibraryError: a file cannot be read, or holds something the format does not know; names file, line and field.
    """
    files: list[LibraryFile] = []
    for origin, folder in (("builtin", sources.builtin), ("operator", sources.operator)):
        if folder is not None:
            files.extend(_read_folder(folder, origin))
    if sum(len(file.terms) for file in files) > MAX_TERMS:
        raise LibraryError(f"词条总数超过 {MAX_TERMS}，请减少。", f"There are more than {MAX_TERMS} terms; use fewer.")
    return Library(files)


def check_library(sources: LibrarySources) -> LibraryCheck:
    """Say whether the files of both folders could be put in force; every file that cannot is named."""
    errors: list[Refusal] = []
    files: list[LibraryFile] = []
    for origin, folder in (("builtin", sources.builtin), ("operator", sources.operator)):
        try:
            paths = _paths(folder, origin) if folder is not None else []
        except LibraryError as error:
            errors.append(Refusal(error.where, 0, "", error.zh, error.en))
            continue
        for path in paths:
            try:
                files.append(_read(path, origin))
            except LibraryError as error:
                errors.append(Refusal(error.where, 0, "", error.zh, error.en))
    return LibraryCheck(None if errors else Library(files).stats, tuple(errors))


def _read_folder(folder: Path, origin: str) -> list[LibraryFile]:
    return [_read(path, origin) for path in _paths(folder, origin)]


def _paths(folder: Path, origin: str) -> list[Path]:
    if not folder.is_dir():
        if origin == "operator":
            return []
        raise LibraryError(
            "内置词库文件夹不存在，请重新安装。", "The built-in library is missing; reinstall.", where=str(folder)
        )
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.is_file())
    if len(paths) > MAX_FILES:
        raise LibraryError(
            f"文件超过 {MAX_FILES} 个，请合并。", f"More than {MAX_FILES} files; merge some.", where=str(folder)
        )
    return paths


def _read(path: Path, origin: str) -> LibraryFile:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise LibraryError(
            f"无法读取：{error.strerror}。", f"It cannot be read: {error.strerror}.", where=str(path)
        ) from error
    if origin != "builtin":
        return parse_library_file(content, str(path), origin)
    key = (hashlib.sha256(content).hexdigest(), str(path))
    if key not in _SHIPPED:
        if len(_SHIPPED) >= MAX_FILES:
            _SHIPPED.clear()
        _SHIPPED[key] = parse_library_file(content, str(path), origin)
    return _SHIPPED[key]


def parse_library_file(content: bytes, where: str, origin: str) -> LibraryFile:
    """Read one file of the library.

    Raises:
        LibraryError: it holds something the format does not know; names line and field.
    """
    try:
        file, errors = read_library_file(content, where, origin, max_bytes=MAX_FILE_BYTES)
    except DocumentError as error:
        raise LibraryError(f"第 {error.line} 行：{error.zh}", f"Line {error.line}: {error.en}", where=where) from error
    if errors:
        zh, en = summary(errors)
        raise LibraryError(zh, en, where=where)
    return file


def _merge(kept: dict[str, Term], term: Term, *, counts: Counter[str], notes: list[Refusal]) -> None:
    other = kept.get(term.id)
    if other is None:
        kept[term.id] = term
        return
    if _fields(other) == _fields(term):
        counts["duplicate"] += 1
        return
    counts["conflict"] += 1
    stays, goes = (term, other) if _strictness(term) > _strictness(other) else (other, term)
    kept[term.id] = stays
    place, _, line = goes.where.rpartition(":")
    zh = f"与 {stays.where} 的同一词规定不同，以较严的那条为准。"
    en = f"differs from the same term at {stays.where}; the stricter one stays."
    notes.append(Refusal(place, int(line), goes.text, zh, en))


def _strictness(term: Term) -> tuple[int, int, int, int]:
    conditions = len(term.all_of) + len(term.none_of) + len(term.not_before) + len(term.not_after) + len(term.allow)
    return -WISHES.index(term.wish), -LEVELS.index(term.level), len(term.scopes), -conditions


def _fields(term: Term) -> list[Json]:
    return [
        term.id, term.form, list(term.risks), term.level, term.wish, [scope.value for scope in term.scopes],
        term.whole_word, list(term.not_before), list(term.not_after), list(term.allow),
        [list(group) for group in term.all_of], list(term.none_of), term.within, term.skips,
        tuple(sorted(term.views)),
    ]  # fmt: skip


def _content_hash(terms: Iterable[Term], phrases: Mapping[str, tuple[str, ...]]) -> str:
    """Hash {"phrases": …, "terms": […]} without having all of it in memory at once."""
    content = hashlib.sha256(b'{"phrases":')
    content.update(canonical_bytes({risk: list(found) for risk, found in phrases.items()}))
    content.update(b',"terms":[')
    for at, term in enumerate(terms):
        content.update(b"," if at else b"")
        content.update(canonical_bytes([*_fields(term), term.text, term.reason]))
    content.update(b"]}")
    return content.hexdigest()


def _count(terms: Iterable[Term]) -> tuple[RiskCount, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for term in terms:
        for risk in term.risks:
            counts.update(((risk, "terms"), (risk, term.origin), (risk, term.wish)))
    return tuple(
        RiskCount(
            risk=risk,
            terms=counts[risk, "terms"],
            builtin=counts[risk, "builtin"],
            operator=counts[risk, "operator"],
            block=counts[risk, "block"],
            review=counts[risk, "review"],
            observe=counts[risk, "observe"],
        )
        for risk in RISK_IDS
    )
