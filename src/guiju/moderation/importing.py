"""Importing an operator's lists of terms: plain, CSV, YAML. Every line is taken, or refused with its reason.

The result is library files in our own format, ready for the operator's folder; nothing is written here but by
`save_import`, in one piece.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from guiju.kit.errors import GuijuError
from guiju.moderation.errors import ImportTermsError
from guiju.moderation.library import parse_library_file
from guiju.moderation.library_file import MAX_REASON, term_id, why_unusable
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, ImportReport, Refusal
from guiju.moderation.writing import quoted
from guiju.moderation.yaml_document import DocumentError, Node, parse_document
from guiju.storage.blobs import write_atomically
from guiju.text.normalising import base_normaliser

MAX_BYTES = 8_000_000
MAX_LINES = 200_000
_MAX_LINE = 1000
_SHOWN = 80
_MOSTLY = 0.5
_SAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

_COLUMNS = {
    "t": "t", "term": "t", "word": "t", "keyword": "t", "词": "t", "词语": "t", "关键词": "t", "敏感词": "t",
    "risk": "risk", "风险": "risk", "类别": "risk",
    "level": "level", "级别": "level", "等级": "level",
    "action": "action", "动作": "action", "处置": "action",
    "reason": "reason", "原因": "reason", "理由": "reason",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportDefaults:
    """What a row has that says nothing itself."""

    level: str = "medium"
    action: str = ""
    reason: str = "运营者导入"


_DEFAULTS = ImportDefaults()


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    term: str
    risk: str
    level: str
    action: str
    reason: str


def import_terms(
    source: bytes, name: str, risk: str, *, updated: str, defaults: ImportDefaults = _DEFAULTS
) -> ImportReport:
    """Read a list of terms.

    Args:
        source: the file's bytes: UTF-8 (with or without a byte order mark), UTF-16 with one, or GB18030.
        name: the file's name; `.csv`, `.tsv`, `.yaml`, `.yml` say the format, anything else is one term a line.
        risk: the risk of rows that do not say.
        updated: today, as an ISO date; goes into the files.
        defaults: level, action and reason of rows that do not say.

    Raises:
        ImportTermsError: too long, or no text in a known encoding; single bad lines are in the report instead.
    """
    if risk not in RISK_IDS or defaults.level not in LEVELS or defaults.action not in ("", *WISHES):
        raise ImportTermsError(
            "风险、级别或动作不可用。风险如 A.1-f，级别为 high/medium/low，动作为 block/review/observe。",
            "Unknown risk (such as A.1-f), level (high/medium/low) or action (block/review/observe).",
            where=name,
        )
    if len(source) > MAX_BYTES:
        raise ImportTermsError(
            f"文件超过 {MAX_BYTES} 字节，请拆分。", f"The file is longer than {MAX_BYTES} bytes; split it.", where=name
        )
    text, encoding, bad_lines = _decode(source, name)
    if PurePath(name).suffix.lower() in {".yaml", ".yml"} and _is_library(text):
        return _library_report(text, name, encoding)
    importer = _Importer(name, risk, defaults)
    for line in bad_lines:
        importer.refuse(line, "", ("这一行不是有效的 UTF-8 文字。", "this line is no valid UTF-8."))
    kind = importer.read(text, frozenset(bad_lines))
    return ImportReport(
        name=name,
        risk=risk,
        encoding=encoding,
        format=kind,
        lines=text.count("\n") + (0 if text.endswith("\n") or not text else 1),
        taken=len(importer.rows),
        duplicates=importer.duplicates,
        blank=importer.blank,
        refusals=tuple(sorted(importer.refusals, key=lambda refusal: refusal.line)),
        yaml=_files(importer.rows.values(), name, updated),
    )


def save_import(report: ImportReport, folder: Path) -> tuple[Path, ...]:
    """Write the files of a report into the operator's folder, each in one piece; importing a name again replaces it.

    Raises:
        StorageError: a file cannot be written.
    """
    stem = _SAFE_NAME.sub("-", PurePath(report.name).stem).strip("-.")[:60]
    tag = hashlib.sha256(report.name.encode("utf-8", "replace")).hexdigest()[:8]
    paths = []
    for risk, content in report.yaml:
        path = folder / f"{risk}.{stem + '-' if stem else ''}{tag}.yaml"
        write_atomically(path, content)
        paths.append(path)
    return tuple(paths)


def _decode(source: bytes, name: str) -> tuple[str, str, list[int]]:
    """Return the text, what it was read as, and the lines that could not be read (blank in the text)."""
    is_utf16 = source[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = source.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or not _is_mostly_utf8(source):
            return text, encoding.removesuffix("-sig"), []
    if is_utf16 or not _is_mostly_utf8(source):
        raise ImportTermsError(
            "无法识别文件编码，请另存为 UTF-8。",
            "The encoding is neither UTF-8 nor GB18030; save the file as UTF-8.",
            where=name,
        )
    lines, bad = [], []
    for number, line in enumerate(source.split(b"\n"), 1):
        try:
            lines.append(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            lines.append("")
            bad.append(number)
    return "\n".join(lines), "utf-8", bad


def _is_mostly_utf8(source: bytes) -> bool:
    """Whether most of the lines that are not plain ASCII are UTF-8: a UTF-8 list with some broken lines."""
    good = bad = 0
    for line in source.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return good > _MOSTLY * (good + bad)


class _Importer:
    """Collects rows; what is not taken is refused with its reason, counted as a duplicate or as blank."""

    def __init__(self, name: str, risk: str, defaults: ImportDefaults) -> None:
        self.name = name
        self.risk = risk
        self.defaults = defaults
        self.rows: dict[str, _Row] = {}
        self.refusals: list[Refusal] = []
        self.duplicates = 0
        self.blank = 0

    def refuse(self, line: int, text: str, why: tuple[str, str]) -> None:
        self.refusals.append(Refusal(self.name, line, text[:_SHOWN], *why))

    def read(self, text: str, bad: frozenset[int]) -> str:
        """Read all rows; return the format."""
        suffix = PurePath(self.name).suffix.lower()
        if suffix in {".yaml", ".yml"}:
            self._read_yaml_list(text)
            return "yaml"
        if suffix in {".csv", ".tsv"}:
            self._read_csv(text, "\t" if suffix == ".tsv" else ",", bad)
            return "csv"
        for number, line in enumerate(text.split("\n"), 1):
            if number not in bad:
                self.take(number, {"t": line.rstrip("\r")})
        if text.endswith("\n") or not text:
            self.blank -= 1  # what follows the last line end is no line
        return "plain"

    def take(self, line: int, fields: dict[str, str]) -> None:
        """Take a row, or say why not."""
        term = fields.get("t", "").strip()
        if not term or term.startswith("#"):
            self.blank += 1
            return
        row = _Row(
            line=line,
            term=term,
            risk=fields.get("risk", "").strip() or self.risk,
            level=fields.get("level", "").strip().lower() or self.defaults.level,
            action=fields.get("action", "").strip().lower() or self.defaults.action,
            reason=fields.get("reason", "").strip() or self.defaults.reason,
        )
        why = self._why_not(row)
        if why is not None:
            self.refuse(line, term, why)
            return
        key = term_id(row.risk, base_normaliser().symbols_of(term))
        if key in self.rows:
            self.duplicates += 1
        else:
            self.rows[key] = row

    def _why_not(self, row: _Row) -> tuple[str, str] | None:
        if len(self.rows) >= MAX_LINES:
            return f"一次最多导入 {MAX_LINES} 条。", f"one import takes at most {MAX_LINES} terms."
        if len(row.term) > _MAX_LINE or _UNFIT.search(row.term):
            return f"超过 {_MAX_LINE} 个字符或含控制字符。", f"longer than {_MAX_LINE} or holding control characters."
        for value, known, zh, en in (
            (row.risk, RISK_IDS, "风险", "risk"),
            (row.level, LEVELS, "级别", "level"),
            (row.action or "block", WISHES, "动作", "action"),
        ):
            if value not in known:
                return f"{zh}“{value[:_SHOWN]}”不可用。", f"unknown {en} {value[:_SHOWN]!r}."
        if len(row.reason) > MAX_REASON:
            return f"理由超过 {MAX_REASON} 字。", f"the reason is longer than {MAX_REASON}."
        return why_unusable(base_normaliser().symbols_of(row.term))

    def _read_csv(self, text: str, delimiter: str, bad: frozenset[int]) -> None:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns: list[str] = []
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.refuse(
                    line, "", (f"CSV 格式错误：{error}，从这一行起未读。", f"bad CSV: {error}; not read from here on.")
                )
                return
            if not columns:
                columns = [_COLUMNS.get(cell.strip().lower(), "") for cell in cells]
                if "t" in columns:
                    continue
                columns = ["t", "level", "action", "reason"]
            if any(cell.strip() for cell in cells) and len(cells) > len(columns):
                self.refuse(line, cells[0], ("列数多于表头。", "more cells than the header has."))
            elif line not in bad:
                self.take(line, {key: cell for key, cell in zip(columns, cells, strict=False) if key})

    def _read_yaml_list(self, text: str) -> None:
        try:
            root = parse_document(text.encode("utf-8", "replace"), max_bytes=2 * MAX_BYTES)
        except DocumentError as error:
            self.refuse(error.line, "", (f"{error.zh}整个文件未读。", f"{error.en} Nothing of the file was read."))
            return
        for node in _leaves(root):
            if isinstance(node.value, str):
                self.take(node.line, {"t": node.value})
            else:
                self.refuse(node.line, "", ("这里应当是一个词。", "a plain term is expected here."))


def _leaves(root: Node) -> Iterator[Node]:
    if isinstance(root.value, list):
        yield from root.value
    else:
        yield Node({}, root.line)


def _is_library(text: str) -> bool:
    return re.search(r"^risk\s*:", text, re.MULTILINE) is not None


def _library_report(text: str, name: str, encoding: str) -> ImportReport:
    """Report on a file that is already in our own format: it is taken as it is, or refused as a whole."""
    content = text.encode("utf-8", "replace")
    try:
        file = parse_library_file(content, name, "operator")
    except GuijuError as error:
        refusal = Refusal(name, 0, "", error.zh, error.en)
        return ImportReport(name, "", encoding, "yaml", text.count("\n"), 0, 0, 0, (refusal,), ())
    forms = {term.id for term in file.terms}
    return ImportReport(
        name=name,
        risk=file.risk,
        encoding=encoding,
        format="yaml",
        lines=text.count("\n"),
        taken=len(forms),
        duplicates=len(file.terms) - len(forms),
        blank=0,
        refusals=file.refusals,
        yaml=((file.risk, content),),
    )


def _files(rows: Iterable[_Row], name: str, updated: str) -> tuple[tuple[str, bytes], ...]:
    """Write rows as library files, one a risk; rows that share level, action and reason share a group."""
    by_risk: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    for row in rows:
        groups = by_risk.setdefault(row.risk, {})
        groups.setdefault((row.level, row.action, row.reason), []).append(row.term)
    files = []
    for risk, groups in sorted(by_risk.items()):
        lines = [f"version: {quoted('imported from ' + name)}", f"risk: {risk}", f"updated: {updated}", "groups:"]
        for (level, action, reason), terms in sorted(groups.items()):
            lines += [f"- reason: {quoted(reason)}", f"  level: {level}"]
            lines += [f"  action: {action}"] if action else []
            lines += ["  terms:", *(f"  - {quoted(term)}" for term in terms)]
        files.append((risk, ("\n".join(lines) + "\n").encode()))
    return tuple(files)
