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
    read_exclusions,
    reading_facts,
    work_through,
)
from guiju.cli.terminal import say
from guiju.kit.errors import GuijuError
from guiju.labelling.models import Reading
from guiju.wiring_labels import open_labeller


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
    labeller = open_labeller(read_settings())[0]
    for path, result in work_through(paths, labeller.read, jobs, title="查看 / reading"):
        if as_json:
            facts = error_facts(path, result) if isinstance(result, GuijuError) else reading_facts(path, result)
            say(orjson.dumps(facts).decode())
        elif isinstance(result, GuijuError):
            say(f"✗ {path}\n  {result.zh}\n  {result.en}", style="red")
        else:
            show(path, result)


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
