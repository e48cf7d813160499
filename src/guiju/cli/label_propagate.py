"""`guiju propagate`: say of files that others made what the public must be told, and write who spreads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from guiju.bootstrap import migrate_database, open_evidence
from guiju.cli.inputs import read_settings
from guiju.cli.label_files import JOBS, MOST_JOBS, error_facts, find_files, read_exclusions, say_seal, work_through
from guiju.cli.terminal import say
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import GuijuError
from guiju.kit.ids import new_id
from guiju.labelling.marks.models import Trace
from guiju.labelling.models import Reading
from guiju.labelling.produce_ids import LedgerRegistry, seal_facts
from guiju.labelling.propagation import judge_content, label_of, manifest_traces
from guiju.labelling.sealing import read_provenance
from guiju.wiring_labels import open_labeller, open_manifest_reader, open_marks, open_registry

if TYPE_CHECKING:
    from guiju.labelling.marks.service import Marks
    from guiju.labelling.provenance.interface import Reader
    from guiju.labelling.service import Labeller

_STATES = {
    "is": ("● 属于生成合成内容 / is generated", "red"),
    "possibly": ("◐ 可能为生成合成内容 / may be generated", "yellow"),
    "suspected": ("◌ 疑似为生成合成内容 / is suspected to be generated", "yellow"),
    "none": ("○ 未发现 / nothing was found", "green"),
    "inconclusive": ("? 无法判定 / nobody can say", "yellow"),
}


def command(  # noqa: PLR0913 - the options of one command
    files: Annotated[list[str], typer.Argument(help="文件、文件夹或通配模式 / files, folders or patterns")],
    *,
    declared: Annotated[
        bool, typer.Option("--declared", help="用户已声明为生成合成内容 / the user declares them generated")
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="补写传播要素并记入账本 / write who spreads them, with an entry in the ledger"),
    ] = False,
    exclude: Annotated[list[str], typer.Option(help="排除的名称或路径模式 / patterns to leave out")] = [],  # noqa: B006
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="并行数 / how many at once")] = JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行 JSON / one line of JSON a file")] = False,
) -> None:
    """按标识办法第六条核验：属于、可能、疑似、未发现或无法判定。/ Judge files by article 6 (labelling measures)."""
    settings = read_settings()
    paths = find_files(files, read_exclusions(exclude, None))
    labeller, marks = open_labeller(settings, writes=write)[0], open_marks(settings)
    manifests = open_manifest_reader(settings)
    ledger = None
    if write:
        settings.var.mkdir(parents=True, exist_ok=True)
        migrate_database(settings)
        ledger = open_evidence(settings)
        ledger.start()
    try:
        registry = open_registry(settings, ledger, "system") if ledger else None
        worker = _Worker(labeller, _Looks(marks, manifests), registry, is_declared=declared)
        failed = 0
        for path, result in work_through(paths, worker.judge, jobs, title="核验 / judging"):
            facts = error_facts(path, result) if isinstance(result, GuijuError) else result
            failed += facts["state"] == "failed"
            _tell(facts, as_json=as_json)
    finally:
        if ledger is not None:
            ledger.stop()
    if failed:
        raise typer.Exit(1)


class _Looks:
    """Looks for marks, and for what a C2PA manifest says."""

    def __init__(self, marks: "Marks", manifests: "Reader | None") -> None:
        self._marks, self._manifests = marks, manifests

    def traces(self, path: Path, reading: Reading) -> tuple[Trace, ...]:
        """Look at a file in which `reading` was found."""
        provenance = read_provenance(self._manifests, path, reading.format)
        return (*self._marks.traces(path), *manifest_traces(provenance))


class _Worker:
    """Judges one file after the other, and writes where that is wanted."""

    def __init__(
        self, labeller: "Labeller", looks: _Looks, registry: LedgerRegistry | None, *, is_declared: bool
    ) -> None:
        self._labeller = labeller
        self._looks = looks
        self._registry = registry
        self._is_declared = is_declared

    def judge(self, path: Path) -> JsonObject:
        """Judge one file; a label is written only where the judgement speaks for it."""
        reading = self._labeller.read(path)
        traces = self._looks.traces(path, reading)
        judgement = judge_content(reading, is_declared=self._is_declared, traces=traces)
        facts: JsonObject = {
            "path": str(path),
            "state": judgement.state.value,
            "reasons": list(judgement.reasons),
            "looked": [{"for": one.kind, "found": one.sign.value, "detail": one.detail} for one in traces],
        }
        registry = self._registry
        if registry is None:
            return facts
        number = new_id()
        label = label_of(judgement, reading, self._labeller.producer, propagate_id=number)
        if label is None:
            return facts
        done = self._labeller.write_label(path, label, record=lambda one: registry.record(one, number))
        return {
            **facts, "propagate_id": number, "sha256_after": done.sha256_after, "c2pa": seal_facts(done.sealed),
        }  # fmt: skip


def _tell(facts: JsonObject, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(facts).decode())
        return
    if facts["state"] == "failed":
        say(f"✗ {facts['path']}\n  {facts['zh']}\n  {facts['en']}", style="red")
        return
    word, style = _STATES[str(facts["state"])]
    say(f"{word}  {facts['path']}", style=style)
    reasons = facts["reasons"]
    for reason in reasons if isinstance(reasons, list) else ():
        say(f"  {reason}")
    if "propagate_id" in facts:
        say(f"  已补写传播要素 / written: {facts['propagate_id']}")
        say_seal(facts["c2pa"])
