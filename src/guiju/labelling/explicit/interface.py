"""What puts an explicit mark on a kind of content, and what looks for one."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

Progress = Callable[[float], None]
"""Hears how much of the work is done, from 0 to 1."""


class TraceVerdict(StrEnum):
    """What a look for an explicit mark said; inconclusive where nothing could look."""

    FOUND = "found"
    NONE = "none"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a look for an explicit mark said.

    Attributes:
        verdict: found, none, or inconclusive.
        kind: what was looked for: `wording`, `rhythm`, `speech`.
        where: where it was found, in words for people; empty where it was not.
        text: the wording that was read; empty where there is none to read.
        zh: why it is so, in Chinese.
        en: the same in English.
    """

    verdict: TraceVerdict
    kind: str
    where: str
    text: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Marked:
    """An explicit mark that was put: on which kind of content, where, and what it says or sounds like."""

    kind: str
    place: str
    text: str


class Marker(Protocol):
    """Puts the explicit mark on one family of content: pictures, sound, film, documents.

    `formats` are the families that carriers name (`png`, `mp3`, `mp4`, `ooxml` …). A marker says by an error what
    it cannot do; it never hands on content without the mark. Content that carries the mark already gets no second
    one where that can be told with certainty.
    """

    name: str
    formats: frozenset[str]

    def refusal(self, format_name: str) -> tuple[str, str] | None:
        """Return why this family cannot be marked here and now (a library is missing), in two languages; or None."""
        ...

    def mark(self, content: bytes, format_name: str) -> tuple[bytes, Marked]:
        """Return `content` with the mark on it; blocks.

        Raises:
            DamagedFileError: it cannot be read as what it is.
            ExplicitMarkError: it cannot be marked.
        """
        ...

    def mark_file(self, source: Path, target: Path, format_name: str, *, progress: Progress | None = None) -> Marked:
        """Write `source` with the mark on it to `target`, which is a temporary file of the caller's.

        Raises:
            DamagedFileError: it cannot be read as what it is.
            ExplicitMarkError: it cannot be marked.
        """
        ...

    def traces(self, content: bytes | Path, format_name: str) -> tuple[Trace, ...]:
        """Look for an explicit mark, ours or another's; never raises for content."""
        ...
