"""Labelled texts from a CSV, TSV or JSONL of anybody: which column is what is found out, or told."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from guiju.kit.errors import InputError
from guiju.moderation.evaluation.models import Labelled
from guiju.moderation.models import RISK_IDS

MAX_BYTES = 512_000_000
LONGEST_TEXT = 100_000

_TEXT_NAMES = ("text", "content", "sentence", "question", "prompt", "query", "comment", "内容", "文本", "问题", "句子")
_LABEL_NAMES = ("label", "labels", "is_risky", "toxic", "offensive", "unsafe", "flag", "标签", "类别", "是否违规")
_RISK_NAMES = ("risk", "risks", "风险")
_YES = frozenset(
    ("1", "1.0", "true", "yes", "y", "toxic", "offensive", "unsafe", "risky", "bad", "违规", "有害", "不安全", "是")
)
_NO = frozenset(
    ("", "0", "0.0", "false", "no", "n", "none", "safe", "normal", "benign", "ok", "合规", "正常", "安全", "否")
)
_SAMPLE = 200

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what; an empty name where there is none. `default` labels every row where none does."""

    text: str
    label: str
    risk: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """What a file holds: texts, how many rows were skipped and why, and which columns were read."""

    texts: tuple[Labelled, ...]
    skipped: Mapping[str, int]
    columns: Columns


def read_labelled(content: bytes, name: str, asked: Columns) -> Data:
    """Read labelled texts; columns that `asked` does not name are found out.

    Raises:
        InputError: the file is empty or unreadable, or a column cannot be found; it names what is there.
    """
    rows = list(_rows(content, name))
    if not rows:
        raise InputError("文件里没有数据。", "There are no data in the file.", where=name)
    columns = _columns(rows, name, asked)
    texts: list[Labelled] = []
    skipped: Counter[str] = Counter()
    for line, row in enumerate(rows, 1):
        found = _labelled(row, columns, line)
        if isinstance(found, str):
            skipped[found] += 1
        else:
            texts.append(found)
    if not texts:
        raise InputError(
            f"没有一行可用：{dict(skipped)}。请用 --text、--label、--risk 指明列名，现有：{'、'.join(rows[0])}。",
            f"No row can be used: {dict(skipped)}. Name the columns with --text, --label, --risk; "
            f"there are: {', '.join(rows[0])}.",
            where=name,
        )
    return Data(tuple(texts), dict(skipped), columns)


def read_classes(content: bytes, name: str, *, text: str, label: str) -> list[tuple[str, str]]:
    """Read texts with the name of their class, as it stands.

    Raises:
        InputError: the file is empty or unreadable, or a column cannot be found; it names what is there.
    """
    rows = list(_rows(content, name))
    if not rows:
        raise InputError("文件里没有数据。", "There are no data in the file.", where=name)
    columns = _columns(rows, name, Columns(text, label, ""))
    pairs = [(row.get(columns.text, "").strip(), row.get(label, "").strip()) for row in rows]
    return [(words[:LONGEST_TEXT], named) for words, named in pairs if words and named]


def _rows(content: bytes, name: str) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InputError(
                "文件既不是 UTF-8 也不是 GB 18030。请转成 UTF-8。",
                "The file is neither UTF-8 nor GB 18030. Convert it to UTF-8.",
                where=name,
            ) from error
    if text.lstrip()[:1] == "{":
        yield from _json_rows(text, name)
        return
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",")
    try:
        for row in reader:
            yield {
                str(key).strip(): value or ""
                for key, value in row.items()
                if key is not None and not isinstance(value, list)
            }
    except csv.Error as error:
        raise InputError(
            f"第 {reader.line_num} 行不是 CSV：{error}。", f"Line {reader.line_num} is no CSV: {error}.", where=name
        ) from error


def _json_rows(text: str, name: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"第 {number} 行不是 JSON。每行写一个对象。",
                f"Line {number} is no JSON. Write one object a line.",
                where=name,
            ) from error
        if isinstance(row, dict):
            yield {str(key): _plain(value) for key, value in row.items()}


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def _columns(rows: Sequence[Row], name: str, asked: Columns) -> Columns:
    there = list(rows[0])
    for wanted in (asked.text, asked.label, asked.risk):
        if wanted and wanted not in there:
            raise InputError(
                f"没有名为 {wanted!r} 的列；现有：{'、'.join(there)}。",
                f"There is no column {wanted!r}; there are: {', '.join(there)}.",
                where=name,
            )
    text = asked.text or _named(there, _TEXT_NAMES) or _longest(rows, there)
    label = asked.label or _named(there, _LABEL_NAMES)
    risk = asked.risk or _named(there, _RISK_NAMES)
    if not label and not risk and not asked.default:
        raise InputError(
            f"找不到标签列；请用 --label 或 --risk 指明，或用 --all-risky、--all-honest 说明全部的标签。"
            f"现有：{'、'.join(there)}。",
            "No column of labels was found; name it with --label or --risk, or say with --all-risky or --all-honest "
            f"what all rows are. There are: {', '.join(there)}.",
            where=name,
        )
    return Columns(text, "" if asked.default else label, risk, asked.default)


def _named(there: Sequence[str], names: Sequence[str]) -> str:
    lowered = {column.lower(): column for column in reversed(there)}
    return next((lowered[name] for name in names if name in lowered), "")


def _longest(rows: Sequence[Row], there: Sequence[str]) -> str:
    """Return the column with the most characters: where no name says which is the text, that one is."""
    return max(there, key=lambda column: sum(len(row.get(column, "")) for row in rows[:_SAMPLE]))


def _labelled(row: Row, columns: Columns, line: int) -> Labelled | str:
    """Return the row's text, or the reason why it cannot be used."""
    text = row.get(columns.text, "").strip()
    if not text:
        return "empty text / 文本为空"
    if len(text) > LONGEST_TEXT:
        return "text too long / 文本过长"
    risks = tuple(word for word in row.get(columns.risk, "").replace(",", " ").split() if word in RISK_IDS)
    if not columns.label and not columns.default:
        return Labelled(text, bool(risks), risks, line)
    said = (columns.default or row.get(columns.label, "")).strip()
    if said.lower() in _YES or said in RISK_IDS:
        return Labelled(text, is_risky=True, risks=risks or tuple({said} & set(RISK_IDS)), line=line)
    if said.lower() in _NO:
        return Labelled(text, is_risky=False, line=line)
    return "label not understood / 标签无法识别"
