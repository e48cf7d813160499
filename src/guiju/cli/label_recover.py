"""`guiju recover`: find the number of a picture that lost its label, by the invisible watermark in it."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from guiju.bootstrap import open_evidence
from guiju.cli.inputs import read_settings, sqlite_file
from guiju.cli.label_files import JOBS, MOST_JOBS, error_facts, find_files, read_exclusions, work_through
from guiju.cli.terminal import note, say
from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import to_iso
from guiju.kit.errors import ConfigurationError, GuijuError
from guiju.labelling.produce_ids import LedgerRegistry, Pointed
from guiju.wiring_labels import open_marks

if TYPE_CHECKING:
    from guiju.labelling.marks.models import Trace
    from guiju.labelling.marks.service import Marks

_STATES = {
    "found": ("● 找到编号 / its number is found", "green"),
    "unknown": ("◌ 读到水印，账本没有这个指针 / a watermark, and no record of its pointer", "yellow"),
    "none": ("– 没有读到本服务的水印 / no watermark of this service was read", "yellow"),
    "inconclusive": ("? 无法判定 / nobody can say", "yellow"),
}


def command(
    files: Annotated[list[str], typer.Argument(help="图片、文件夹或通配模式 / pictures, folders or patterns")],
    *,
    exclude: Annotated[list[str], typer.Option(help="排除的名称或路径模式 / patterns to leave out")] = [],  # noqa: B006
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="并行数 / how many at once")] = JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行 JSON / one line of JSON a file")] = False,
) -> None:
    """按隐形水印找回失去标识的图片的编号；未全部找到则退出码 1。/ Find numbers by watermark; exit 1 unless all are."""
    paths = find_files(files, read_exclusions(exclude, None))
    settings = read_settings()
    marks = open_marks(settings)
    if not marks.can_read_watermarks:
        raise ConfigurationError(
            "本服务还没有水印密钥，也就没有加过水印。请在 guiju.yaml 的 labels 中设 watermark: true。",
            "This service has no key for watermarks, so it has written none. Set watermark: true under labels in "
            "guiju.yaml.",
        )
    database = sqlite_file(settings)
    ledger = open_evidence(settings) if database is None or database.is_file() else None
    if ledger is None:
        note("! 本机没有账本，只能读出指针。/ There is no ledger here: pointers are read, and not looked up.")
    counted: Counter[str] = Counter()
    try:
        worker = _Worker(marks, LedgerRegistry(ledger, "system") if ledger is not None else None)
        for path, result in work_through(paths, worker.look, jobs, title="找回 / recovering"):
            facts = error_facts(path, result) if isinstance(result, GuijuError) else result
            counted[str(facts["state"])] += 1
            _tell(facts, as_json=as_json)
    finally:
        if ledger is not None:
            ledger.stop()
    if counted["found"] != len(paths):
        raise typer.Exit(1)


class _Worker:
    """Looks at one file after the other."""

    def __init__(self, marks: "Marks", registry: LedgerRegistry | None) -> None:
        self._marks = marks
        self._registry = registry

    def look(self, path: Path) -> JsonObject:
        """Read the watermark of one file and look its pointer up."""
        trace = self._marks.pointer_in(path)
        pointed = self._registry.find_pointer(trace.pointer) if self._registry and trace.pointer else []
        return {
            "path": str(path),
            "state": _state(trace, pointed),
            "pointer": trace.pointer,
            "detail": trace.detail,
            "numbers": [_facts(one) for one in pointed],
        }


def _state(trace: "Trace", pointed: list[Pointed]) -> str:
    if trace.pointer:
        return "found" if pointed else "unknown"
    return trace.sign.value


def _facts(one: Pointed) -> JsonObject:
    return {
        "produce_id": one.content_id,
        "entry": one.entry_id,
        "at": to_iso(one.at),
        "labels": [{"entry": known.entry_id, "name": known.facts.get("name")} for known in one.known],
    }


def _tell(facts: JsonObject, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(facts).decode())
        return
    if facts["state"] == "failed":
        say(f"✗ {facts['path']}\n  {facts['zh']}\n  {facts['en']}", style="red")
        return
    word, style = _STATES[str(facts["state"])]
    say(f"{word}  {facts['path']}", style=style)
    say(f"  {facts['detail']}")
    numbers = facts["numbers"]
    for one in numbers if isinstance(numbers, list) else ():
        if isinstance(one, dict):
            say(f"  ProduceID {one['produce_id']} · {one['at']} · {one['entry']}")
