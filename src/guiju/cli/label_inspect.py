"""`guiju inspect`: show the labels in files, word for word, and what is not as the standard has it."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from guiju.cli.inputs import read_settings
from guiju.cli.label_files import (
    JOBS,
    MOST_JOBS,
    STATES,
    error_facts,
    find_files,
    provenance_facts,
    read_exclusions,
    reading_facts,
    work_through,
)
from guiju.cli.terminal import say
from guiju.kit.errors import GuijuError
from guiju.labelling.models import Reading
from guiju.labelling.provenance.interface import ProvenanceReading, ProvenanceState
from guiju.labelling.sealing import read_provenance
from guiju.wiring_labels import open_labeller, open_manifest_reader

_PROVENANCE = {
    ProvenanceState.TRUSTED: "✓ 有效，签名者受信任 / holds, by a signer we trust",
    ProvenanceState.VALID: "有效，签名者未列入信任 / holds, by a signer we do not know",
    ProvenanceState.INVALID: "✗ 已失效 / does not hold",
    ProvenanceState.UNREADABLE: "? 读不出 / cannot be read",
    ProvenanceState.UNSUPPORTED: "? 此格式不核验 / not verified in this format",
    ProvenanceState.NOT_LOOKED: "? 未安装 guiju[c2pa]，没有核验 / not looked at without guiju[c2pa]",
}


def command(
    files: Annotated[list[str], typer.Argument(help="文件、文件夹或通配模式 / files, folders or patterns")],
    *,
    exclude: Annotated[list[str], typer.Option(help="排除的名称或路径模式 / patterns to leave out")] = [],  # noqa: B006
    exclude_from: Annotated[Path | None, typer.Option(help="排除模式清单 / a file of such patterns")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="并行数 / how many at once")] = JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行 JSON / one line of JSON a file")] = False,
) -> None:
    """查看文件的标识与不合规之处；只读。/ Show the labels in files and what is wrong with them; reads only."""
    paths = find_files(files, read_exclusions(exclude, exclude_from))
    settings = read_settings()
    labeller, manifests = open_labeller(settings, writes=False)[0], open_manifest_reader(settings)

    def look(path: Path) -> tuple[Reading, ProvenanceReading]:
        reading = labeller.read(path)
        return reading, read_provenance(manifests, path, reading.format)

    for path, result in work_through(paths, look, jobs, title="查看 / reading"):
        if isinstance(result, GuijuError):
            if as_json:
                say(orjson.dumps(error_facts(path, result)).decode())
            else:
                say(f"✗ {path}\n  {result.zh}\n  {result.en}", style="red")
        elif as_json:
            say(orjson.dumps({**reading_facts(path, result[0]), "c2pa": provenance_facts(result[1])}).decode())
        else:
            show(path, result[0])
            show_provenance(result[1])


def show(path: Path, reading: Reading) -> None:
    """Print what was found in one file."""
    word, style = STATES[reading.verdict.value]
    say(f"{word}  {path}  {reading.format}", style=style)
    for one in reading.found:
        say(f"  {one.place}: {one.text}")
    for problem in reading.problems:
        say(f"  ! {problem.zh} / {problem.en}")
    if reading.explicit_mark:
        say(f"  显式标识 / explicit mark: {reading.explicit_mark}")


def show_provenance(reading: ProvenanceReading) -> None:
    """Print what the C2PA manifest of one file says; nothing where there is none."""
    if reading.state is ProvenanceState.ABSENT:
        return
    told = (reading.generator, reading.signer, *reading.source_types, *reading.failures, reading.detail)
    say(f"  C2PA: {_PROVENANCE[reading.state]}" + "".join(f" · {one}" for one in told if one))
