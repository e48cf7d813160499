"""The sample as two files: a CSV on which people decide, and the plan beside it by which their answers are held."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence

import orjson

from guiju.corpus.sampling.models import Drawn, Phase, ReviewerDecision, SamplePlan, Verdict
from guiju.kit.canonical_json import canonical_bytes
from guiju.kit.errors import InputError

MOST_BYTES = 4_000_000_000
COLUMNS = ("number", "verdict", "reviewer", "note", "text", "place", "stratum", "sha256")
_WORDS = {
    "合规": Verdict.LAWFUL, "lawful": Verdict.LAWFUL, "ok": Verdict.LAWFUL, "0": Verdict.LAWFUL,
    "违规": Verdict.ILLEGAL, "illegal": Verdict.ILLEGAL, "1": Verdict.ILLEGAL,
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMAT = "guiju-sample-plan/1"
_LONGEST_FIELD = 1_000_000


def digest_of(plan: SamplePlan) -> str:
    """Return the SHA-256 of the plan's canonical JSON, in hexadecimal: what the ledger knows it by."""
    return hashlib.sha256(canonical_bytes(plan.facts())).hexdigest()


def write_sheet(rows: Sequence[Drawn]) -> bytes:
    """Write the CSV in UTF-8 with a byte order mark, as spreadsheets want it; no text can become a formula there."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for number, one in enumerate(rows, 1):
        cells = (one.text, one.place, one.stratum)
        safe = ("'" + cell if cell.startswith(_FORMULA) else cell for cell in cells)
        writer.writerow((number, "", "", "", *safe, one.sha256))
    return out.getvalue().encode("utf-8-sig", "backslashreplace")


def write_plan(plan: SamplePlan) -> bytes:
    """Write the plan as one JSON object."""
    return orjson.dumps({"format": _FORMAT, **plan.facts()}) + b"\n"


def read_plan(content: bytes, name: str) -> SamplePlan:
    """Read a plan.

    Raises:
        InputError: it is no plan, or its numbers do not add up.
    """
    try:
        row = orjson.loads(content)
        if row.pop("format") != _FORMAT:
            raise ValueError(_FORMAT)  # noqa: TRY301 - one error for all that is wrong with a plan
        drawn = tuple(Drawn(str(place), str(stratum), str(sha256)) for place, stratum, sha256 in row["drawn"])
        strata = {str(stratum): int(number) for stratum, number in row["strata"].items()}
        plan = SamplePlan(
            str(row["source"]), Phase(row["phase"]), str(row["seed"]), int(row["population"]), strata, drawn
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("这不是抽样计划。", "This is no plan of a sample.", where=name) from error
    if sum(strata.values()) != plan.population or not 0 < len(drawn) <= plan.population:
        raise InputError("抽样计划的数目不一致。", "The numbers of the plan do not add up.", where=name)
    return plan


def read_decisions(content: bytes, plan: SamplePlan, name: str) -> list[ReviewerDecision]:
    """Read what people decided; a row without a verdict is undecided and gives no decision.

    Raises:
        InputError: a column or a row of the sample is missing, a row is double, foreign or changed, or a verdict or a
            reviewer cannot be understood; it names the line.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"文件超过 {MOST_BYTES} 字节。", f"The file is longer than {MOST_BYTES} bytes.", where=name)
    rows = {one.sha256 + " " + str(number): one for number, one in enumerate(plan.drawn, 1)}
    waiting = dict(rows)
    decisions = []
    for line, row in _rows(content, name):
        where = f"{name}:{line}"
        key = f"{row['sha256'].strip().lower()} {row['number'].strip()}"
        if key not in waiting:
            raise InputError(
                "这一行重复。" if key in rows else "这一行不属于本样本，或其序号、哈希被改动。",
                "The row is double."
                if key in rows
                else "The row is not of this sample, or its number or hash changed.",
                where=where,
            )
        decision = _decision(row, waiting.pop(key).place, where)
        if decision is not None:
            decisions.append(decision)
    if waiting:
        numbers = sorted(int(key.partition(" ")[2]) for key in waiting)
        raise InputError(
            f"缺少样本中的 {len(numbers)} 行，序号如 {numbers[0]}；不需判定的行也请保留。",
            f"{len(numbers)} rows of the sample are missing, such as number {numbers[0]}; keep rows undecided too.",
            where=name,
        )
    return decisions


def _rows(content: bytes, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")  # what spreadsheets in Chinese save by default
        except UnicodeDecodeError as error:
            raise InputError(
                "文件既不是 UTF-8 也不是 GB 18030。", "The file is neither UTF-8 nor GB 18030.", where=name
            ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        missing = [column for column in ("number", "verdict", "reviewer", "sha256") if header.count(column) != 1]
        if missing:
            raise InputError(
                f"表头缺少或重复的列：{'、'.join(missing)}。", f"Columns missing or double: {', '.join(missing)}.",
                where=f"{name}:1",
            )  # fmt: skip
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(header, cells + [""] * len(header), strict=False))
    except csv.Error as error:
        raise InputError(
            f"不是 CSV：{error}。", f"This is no CSV: {error}.", where=f"{name}:{reader.line_num}"
        ) from error
    finally:
        csv.field_size_limit(before)


def _decision(row: dict[str, str], place: str, where: str) -> ReviewerDecision | None:
    word = row["verdict"].strip().lower()
    if not word:
        return None
    if word not in _WORDS:
        raise InputError(
            f"判定 {word[:40]!r} 无法识别；请写 合规 或 违规，未判定则留空。",
            f"The verdict {word[:40]!r} is not understood; write lawful or illegal, and nothing where undecided.",
            where=where,
        )
    try:
        return ReviewerDecision(place, _WORDS[word], row["reviewer"].strip())
    except InputError as error:
        raise InputError(error.zh, error.en, where=where) from error
