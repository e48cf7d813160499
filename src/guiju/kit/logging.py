"""Structured logs: one JSON object a line on standard error, tied to its exchange by id; no personal data.

What a person wrote can reach a log in three ways: as a field, as a message, and inside an exception's message. We put
none of it into fields and messages. An exception's message may quote anything, so it is never written: a line has the
exception's type and the places in the code, which is what is needed to mend it.
"""

import logging
import re
import sys
import traceback

import orjson

from guiju.kit.correlation import CURRENT

_RESERVED = frozenset(vars(logging.makeLogRecord({})))
_MOST_CHARACTERS = 2000
_MOST_FRAMES = 50
_CAUSES = 5
# What JSON lets stand but a viewer may take for the end of a line, an escape, or a change of direction.
_UNSAFE = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, the exchange, and whatever was passed as `extra`."""
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        correlation = CURRENT.get()
        if correlation is not None:
            line["exchange"] = correlation.id
        for key, value in vars(record).items():
            if key not in _RESERVED and key != "message":
                line[key] = value if isinstance(value, bool | int | float | None) else _bounded(str(value))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = exception_places(record.exc_info[1])
        return _UNSAFE.sub(_escaped, orjson.dumps(line, default=str).decode())


def exception_places(error: BaseException) -> list[str]:
    """Return what an exception was and where it came from, its causes last, without any of their messages."""
    lines: list[str] = []
    current: BaseException | None = error
    for _ in range(_CAUSES):
        if current is None:
            break
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines


def set_up_logging(level: str = "INFO") -> None:
    """Send every logger's lines to standard error as JSON, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.setLevel(level)
    for chatty in ("alembic", "bm25s", "jieba"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.name == "asyncio":  # which puts the repr of tasks and their exceptions behind the first line
        message = message.partition("\n")[0]
    return _bounded(message)


def _bounded(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no JSON
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
