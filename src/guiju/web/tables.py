"""Tables: a page of rows with its way to the next, and the same rows as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlencode

from starlette.responses import Response

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError

PAGE_ROWS = 50
_FIRST_YEAR = 1990
_LAST_YEAR = 2200
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list that is held whole is shown; pages count from 1."""

    page: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        """The index of the first row on the page."""
        return (self.page - 1) * PAGE_ROWS


def paging(total: int, wanted: str) -> Paging:
    """Return the wanted page of `total` rows, or the nearest there is."""
    pages = max(1, -(-total // PAGE_ROWS))
    page = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 1  # noqa: PLR2004 - a bound
    return Paging(min(max(page, 1), pages), pages, total)


def link(path: str, query: Mapping[str, str], **changes: str) -> str:
    """Return `path` with `query` and `changes`; empty values are left out."""
    values = {name: value for name, value in {**query, **changes}.items() if value}
    return f"{path}?{urlencode(values)}" if values else path


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return the rows as a CSV file that a spreadsheet opens as UTF-8 and never runs as a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return Response(
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _bad_date(text: str, field: str) -> InputError:
    return InputError(
        f"日期 {text!r} 无法识别或相距太远，请写成 2026-11-23 的样子。",
        f"{text!r} is no date, or too far away; write it like 2026-11-23.",
        where=field,
    )


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def read_date(text: str, field: str) -> date | None:
    """Read a date from a form field, or None when it is empty.

    Raises:
        InputError: it is no date.
    """
    if not text:
        return None
    try:
        return check_day(date.fromisoformat(text), field)
    except ValueError as error:
        raise _bad_date(text[:20], field) from error


def check_day(day: date, field: str) -> date:
    """Return `day` when it is one that records of ours could have.

    Raises:
        InputError: it is too far away.
    """
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise _bad_date(day.isoformat(), field)
    return day


def plain(text: str, most: int) -> str:
    """Return a text from a request as a database takes it: without NUL, cut to `most` characters."""
    return text.replace("\x00", "")[:most]


def beijing_midnight(day: date) -> datetime:
    """Return the instant at which `day` begins in Beijing."""
    return datetime.combine(day, time.min, BEIJING)
