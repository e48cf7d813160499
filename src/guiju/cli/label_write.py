"""`guiju label`: put the label of generated content into files, each with its entry in the ledger."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import orjson
import typer

from guiju.cli.evidence import writing_ledger
from guiju.cli.inputs import read_settings
from guiju.cli.label_files import (
    JOBS,
    MOST_JOBS,
    Shares,
    common_folder,
    error_facts,
    find_files,
    read_exclusions,
    reading_facts,
    say_seal,
    work_through,
)
from guiju.cli.terminal import note, say
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import GuijuError, InputError
from guiju.kit.ids import new_id
from guiju.labelling.exporting import Exporter, mark_facts
from guiju.labelling.models import ForeignLabel, Labelled, Producer, Verdict
from guiju.labelling.produce_ids import LedgerRegistry, seal_facts
from guiju.labelling.service import Labeller
from guiju.wiring_labels import open_labeller, open_marks, open_registry

if TYPE_CHECKING:
    from guiju.labelling.marks.service import Marks

DEFAULT_MARK = "本内容由人工智能生成"


def command(  # noqa: PLR0913 - the options of one command
    files: Annotated[list[str], typer.Argument(help="文件、文件夹或通配模式 / files, folders or patterns")],
    *,
    foreign: Annotated[
        ForeignLabel,
        typer.Option(help="遇到其他生成者的标识：拒绝、保留并补写传播要素、替换 / labels of other producers"),
    ] = ForeignLabel.REFUSE,
    again: Annotated[
        bool, typer.Option("--again", help="已有本服务合规标识的也重写 / rewrite labels that are ours and in order")
    ] = False,
    content_id: Annotated[
        str, typer.Option("--id", help="ProduceID，只限一个文件；缺省时新编 / for one file; made when empty")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="写到此文件夹，原文件不动 / write into this folder instead")] = None,
    exclude: Annotated[list[str], typer.Option(help="排除的名称或路径模式 / patterns to leave out")] = [],  # noqa: B006
    exclude_from: Annotated[Path | None, typer.Option(help="排除模式清单 / a file of such patterns")] = None,
    left_out: Annotated[
        Path | None, typer.Option(help="未加标识的文件及原因（JSON 行） / where to list what got no label, and why")
    ] = None,
    explicit: Annotated[
        bool,
        typer.Option(
            "--explicit",
            help="同时加看得见、听得到的显式标识（配置 labels） / add the mark that people see or hear too",
        ),
    ] = False,
    mark: Annotated[str, typer.Option(help="纯文本文件的显式标识 / the explicit mark of plain text")] = DEFAULT_MARK,
    actor: Annotated[str, typer.Option(help="谁在操作 / who does it: system, staff:<id>")] = "system",
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="并行数 / how many at once")] = JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行 JSON / one line of JSON a file")] = False,
) -> None:
    """给文件加隐式标识；纯文本加显式标识。有文件未加则退出码为 1。/ Label files; exit 1 unless all are labelled."""
    paths = find_files(files, read_exclusions(exclude, exclude_from))
    if content_id and len(paths) != 1:
        raise InputError("--id 只能用于一个文件。", "--id is for one file only.", where="--id")
    settings = read_settings()
    labeller, warning = open_labeller(settings, text_mark=mark)
    if warning:
        note(f"! {warning} / Set provider_code to your 27-character code in {settings.resolved_config}.")
    counted: Counter[str] = Counter()
    with writing_ledger(settings) as ledger, _list_file(left_out) as listing:
        registry = open_registry(settings, ledger, actor)
        worker = _Worker(
            labeller,
            registry,
            marks=open_marks(settings) if explicit else None,
            wish=_Wish(foreign, content_id, again=again),
            out=out,
            top=common_folder(paths),
        )
        for path, result in work_through(paths, worker.label, jobs, title="加标识 / labelling", shares=worker.shares):
            facts = error_facts(path, result) if isinstance(result, GuijuError) else result
            counted[str(facts["state"])] += 1
            if listing is not None and facts["state"] == "failed":
                listing.write(orjson.dumps(facts).decode() + "\n")
            _tell(facts, as_json=as_json)
    if not as_json:
        _sum_up(counted)
    if counted["failed"]:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What becomes of labels that are there, and the number to write."""

    foreign: ForeignLabel
    content_id: str
    again: bool


class _Worker:
    """Labels one file after the other, as the options say."""

    def __init__(  # noqa: PLR0913 - the options
        self,
        labeller: Labeller,
        registry: LedgerRegistry,
        *,
        marks: "Marks | None",
        wish: _Wish,
        out: Path | None,
        top: Path,
    ) -> None:
        self._labeller = labeller
        self._registry = registry
        self._marks = marks
        self._wish = wish
        self._out = out
        self._top = top
        self.shares = Shares()

    def label(self, path: Path) -> JsonObject:
        """Label one file, or leave it where its label is ours and in order."""
        target = None if self._out is None else self._out / path.resolve().relative_to(self._top)
        if target is not None and target.exists():
            raise InputError("目标文件已存在。", "The target is there already.", where=str(target))
        if not self._wish.again and target is None:
            reading = self._labeller.verify(path)
            is_ours = reading.label is not None and Producer(reading.label.content_producer) == self._labeller.producer
            if (reading.verdict is Verdict.CONFORMING and is_ours) or reading.explicit_mark:
                return {**reading_facts(path, reading), "state": "kept"}
        content_id = self._wish.content_id or new_id()
        if self._marks is not None:
            return self._export(path, target, content_id)
        done = self._labeller.label_file(
            path,
            content_id=content_id,
            foreign=self._wish.foreign,
            target=target,
            record=lambda one: self._registry.record(one, content_id),
        )
        return _facts(target or path, done, content_id)

    def _export(self, path: Path, target: Path | None, content_id: str) -> JsonObject:
        assert self._marks is not None  # noqa: S101 - asked before
        exported = Exporter(self._labeller, self._marks, progress=self.shares.of(path)).export(
            path,
            content_id=content_id,
            foreign=self._wish.foreign,
            target=target,
            record=lambda one, mark: self._registry.record(one, content_id, mark),
        )
        return {**_facts(target or path, exported.labelled, content_id), "explicit": mark_facts(exported.marked)}


def _facts(path: Path, done: Labelled, content_id: str) -> JsonObject:
    return {
        "path": str(path),
        "state": "labelled",
        "format": done.format,
        "place": done.place,
        "produce_id": content_id,
        "sha256_before": done.sha256_before,
        "sha256_after": done.sha256_after,
        "size_before": done.size_before,
        "size_after": done.size_after,
        "replaced": list(done.replaced),
        "c2pa": seal_facts(done.sealed),
    }


def _sum_up(counted: Counter[str]) -> None:
    say(f"已加 / labelled {counted['labelled']} · 已有 / kept {counted['kept']} · 未加 / failed {counted['failed']}")


def _tell(facts: JsonObject, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(facts).decode())
    elif facts["state"] == "failed":
        say(f"✗ {facts['path']}\n  {facts['zh']}\n  {facts['en']}", style="red")
    elif facts["state"] == "kept":
        say(f"= {facts['path']}  已有标识 / labelled already")
    else:
        mark = facts.get("explicit")
        shown = f"  显式 / explicit: {mark['text']} ({mark['place']})" if isinstance(mark, dict) else ""
        say(f"✓ {facts['path']}  {facts['place']}  {facts['produce_id']}{shown}", style="green")
        for text in mark["notes"] if isinstance(mark, dict) and isinstance(mark["notes"], list) else ():
            say(f"  {text}")
        say_seal(facts.get("c2pa"))


@contextlib.contextmanager
def _list_file(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8") as file:
        yield file
