"""`guiju privacy`: numbers and addresses that name a person, found in training data, and taken out."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from guiju.cli.evidence import writing_ledger
from guiju.cli.inputs import must_be_new, read_settings, step_of
from guiju.cli.terminal import say, table, working
from guiju.corpus.documents import Document, find_sources, read_documents
from guiju.corpus.writing import whole_file
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import InputError
from guiju.ledger.keyring import read_or_make_secret
from guiju.ledger.models import Draft
from guiju.privacy.models import DETECTOR, VERSION, Finding
from guiju.privacy.redaction import STYLES, Style, redact_all
from guiju.privacy.rules import find_in_batch
from guiju.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PROVISIONS = ("cn/genai-measures-2023/art-7/para-1/item-3",)
_BATCH, _KEY_BYTES = 500, 32
_KINDS = {
    "resident_id": "居民身份号码 / resident ID",
    "bank_card": "银行卡号 / bank card",
    "credit_code": "统一社会信用代码 / social credit code",
    "mobile": "手机号码 / mobile",
    "landline": "固定电话 / landline",
    "email": "电子邮箱 / email",
}
Files = Annotated[list[Path], typer.Argument(help=".jsonl、.jsonl.gz、.txt 或文件夹 / files or folders")]
Field = Annotated[str, typer.Option(help="JSONL 中的文本字段 / the field with the text")]
Actor = Annotated[str, typer.Option(help="谁在操作 / who does it: system, staff:<id>")]


@app.command("scan")
def scan(
    files: Files,
    *,
    out: Annotated[Path, typer.Option(help="写到的 JSONL，有发现的文档一行 / the JSONL to write, a line a document")],
    field: Field = "text",
    actor: Actor = "system",
) -> None:
    """找出文档中的个人信息，只记位置，不记内容。/ Find personal information; places are written, never what it says."""
    must_be_new(out)
    tally = _Tally()
    with whole_file(out) as target:
        for document, findings in _found(files, field, tally):
            if findings:
                tally.write(target, {"place": document.place, "sha256": document.sha256, "findings": _facts(findings)})
        _record(tally, "privacy.corpus_scanned", actor)
    _tell(tally)


@app.command("redact")
def redact(
    files: Files,
    *,
    out: Annotated[Path, typer.Option(help="写到的 JSONL，每篇一行 / the JSONL to write, a line a document")],
    style: Annotated[
        str, typer.Option(help="label 写种类，mask 留首尾，pseudonym 同值同名 / what stands in its place")
    ] = "label",
    field: Field = "text",
    actor: Actor = "system",
) -> None:
    """写出去掉个人信息的副本，原文件不动。/ Write a copy without personal information; the files stay as they are."""
    must_be_new(out)
    settings, wanted = read_settings(), _style(style)
    key = _key(settings) if wanted == "pseudonym" else b""
    tally = _Tally()
    with whole_file(out) as target:
        for document, findings in _found(files, field, tally):
            text = redact_all(document.text, style=wanted, key=key) if findings else document.text
            others = {name: _cleaned(value, wanted, key) for name, value in document.facts.items()}
            tally.fields += sum(others[name] != value for name, value in document.facts.items())
            row: dict[str, object] = {**others, field: text}
            tally.write(target, row if others else {**row, "place": document.place})
        _record(tally, "privacy.corpus_redacted", actor, style=wanted)
    _tell(tally)


class _Tally:
    """Counts that add up: every document is read, and has findings or none."""

    def __init__(self) -> None:
        self.read = self.touched = self.fields = 0
        self.kinds: Counter[tuple[str, str]] = Counter()
        self._digest = hashlib.sha256()

    def count(self, findings: Sequence[Finding]) -> None:
        self.read += 1
        self.touched += bool(findings)
        self.kinds.update((one.kind, one.confidence) for one in findings)

    def write(self, target: BinaryIO, row: dict[str, object]) -> None:
        line = orjson.dumps(row) + b"\n"
        self._digest.update(line)
        target.write(line)

    def facts(self) -> JsonObject:
        return {
            "read": self.read,
            "with_findings": self.touched,
            "without": self.read - self.touched,
            "other_fields_redacted": self.fields,
            "findings": {f"{kind}:{sure}": number for (kind, sure), number in sorted(self.kinds.items())},
            "detector": f"{DETECTOR}/{VERSION}",
            "written_sha256": self._digest.hexdigest(),
        }


def _found(files: Sequence[Path], field: str, tally: _Tally) -> Iterator[tuple[Document, tuple[Finding, ...]]]:
    paths = find_sources(files)
    total = sum(path.stat().st_size for path in paths)
    with working("个人信息 / personal information") as tell:
        step = step_of(tell, total)
        for batch in _batches(read_documents(paths, field=field, step=step)):
            for document, findings in zip(batch, find_in_batch([one.text for one in batch]), strict=True):
                tally.count(findings)
                yield document, findings


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _facts(findings: Sequence[Finding]) -> list[JsonObject]:
    return [{"kind": one.kind, "start": one.start, "end": one.end, "confidence": one.confidence} for one in findings]


def _cleaned(value: object, style: Style, key: bytes) -> object:
    """Return what stands in another field without personal information, a number that is a phone's among it."""
    if isinstance(value, str):
        return redact_all(value, style=style, key=key)
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        clean = redact_all(text, style=style, key=key)
        return value if clean == text else clean
    if isinstance(value, list):
        return [_cleaned(one, style, key) for one in value]
    if isinstance(value, dict):
        return {name: _cleaned(one, style, key) for name, one in value.items()}
    return value


def _record(tally: _Tally, action: str, actor: str, **more: str) -> None:
    with writing_ledger(read_settings()) as ledger:
        body: JsonObject = {**tally.facts(), **more}
        ledger.append(Draft(action, actor, "corpus:personal-information", body, provisions=PROVISIONS))


def _tell(tally: _Tally) -> None:
    rows = [(_KINDS[kind], sure, str(number)) for (kind, sure), number in sorted(tally.kinds.items())]
    table(("种类 / kind", "把握 / confidence", "#处 / places"), rows)
    facts = tally.facts()
    say(
        f"读取 {facts['read']}：有发现 {facts['with_findings']}，没有 {facts['without']}"
        f" / {facts['read']} read: {facts['with_findings']} with findings, {facts['without']} without"
    )


def _style(wanted: str) -> Style:
    for style in STYLES:
        if style == wanted:
            return style
    raise InputError("请写 label、mask 或 pseudonym。", "Write label, mask or pseudonym.", where="--style")


def _key(settings: Settings) -> bytes:
    folder = settings.var / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return read_or_make_secret(folder / "pseudonym.key", _KEY_BYTES)
