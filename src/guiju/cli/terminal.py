"""How the terminal speaks: plain lines, tables, a sign that long work goes on; kept content cannot steer it."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from guiju.kit.clock import BEIJING

_PIPED_WIDTH = 160


def clean(text: str) -> str:
    """Return `text` with every control character made visible, so that kept content cannot steer a terminal."""
    return "".join(
        symbol if symbol.isprintable() or symbol == "\n" else symbol.encode("unicode_escape").decode()
        for symbol in text
    )


def _console(*, stderr: bool = False) -> Console:
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=None if is_terminal else _PIPED_WIDTH)


def say(text: str = "", *, style: str = "") -> None:
    """Print one line, or several, as they are."""
    _console().print(Text(clean(text), style=style), soft_wrap=True)


def note(text: str) -> None:
    """Print to standard error what is no result: that something was written, or is going on."""
    _console(stderr=True).print(Text(clean(text)), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table; a column whose title begins with `#` holds numbers and stands to the right."""
    shown = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        is_number = column.startswith("#")
        shown.add_column(column.removeprefix("#"), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    _console().print(shown)


def beijing(at: datetime) -> str:
    """Write an instant as a person in Beijing reads it."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


@contextmanager
def working(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal that long work goes on; show nothing where nobody watches.

    What is given may be told how much is done, and of how much: then a bar with the time left is shown.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("剩余 / left"),
        TimeRemainingColumn(),
    )
    console = _console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(clean(text), total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tell


@contextmanager
def stepping(text: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far work of `total` steps is (None: nobody knows); give what is called with the steps just done."""
    done = 0
    with working(text) as tell:

        def step(steps: int) -> None:
            nonlocal done
            done += steps
            if total is not None:
                tell(done, total)

        yield step
