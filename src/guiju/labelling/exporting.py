"""What leaves the house: first the mark that is seen or heard, then the label, then its record, then the file.

The labelling measures, article 4, want the explicit mark in every file that can be downloaded, copied or exported.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import GuijuError
from guiju.labelling.errors import unreachable
from guiju.labelling.marks.models import Marked
from guiju.labelling.models import ForeignLabel, Labelled
from guiju.labelling.service import Labeller

Progress = Callable[[float], None]
Record = Callable[[Labelled, JsonObject], None]
RecordPointer = Callable[[str, str], None]
"""Keeps a pointer and the number that it points to."""


class Marking(Protocol):
    """What puts marks into content."""

    def can_mark(self, mime: str) -> bool:
        """Tell whether content of a media type can be marked with what is installed here."""

    def mark(self, content: bytes, mime: str, *, content_id: str = "") -> tuple[bytes, Marked]:
        """Return marked content, and what was measured in it."""

    def mark_file(self, path: Path, target: Path, *, content_id: str = "", progress: Progress | None = None) -> Marked:
        """Write a marked copy of a file."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file with its mark and its label."""

    labelled: Labelled
    marked: Marked


class Exporter:
    """Marks, labels and records for one producer."""

    def __init__(
        self,
        labeller: Labeller,
        marks: Marking,
        *,
        progress: Progress | None = None,
        record_pointer: RecordPointer | None = None,
    ) -> None:
        """Label what was marked.

        Args:
            labeller: what labels.
            marks: what marks.
            progress: hears the share that is done of long work.
            record_pointer: hears of the watermark of a picture that `label` returns, before it does.
        """
        self._progress = progress
        self._record_pointer = record_pointer
        self._labeller = labeller
        self._marks = marks

    def can_label(self, mime: str) -> bool:
        """Tell whether content of a media type gets both, with what is installed here."""
        return self._labeller.can_label(mime) and self._marks.can_mark(mime)

    def label(self, content: bytes, mime: str, *, content_id: str) -> bytes:
        """Return `content` marked and labelled; blocks.

        Raises:
            GuijuError: it cannot be marked or labelled, or its watermark cannot be recorded.
        """
        marked, mark = self._marks.mark(content, mime, content_id=content_id if self._record_pointer else "")
        labelled = self._labeller.label(marked, mime, content_id=content_id, origin=content)
        if mark.pointer and self._record_pointer is not None:
            self._record_pointer(mark.pointer, content_id)
        return labelled

    def export(
        self,
        path: Path,
        *,
        content_id: str,
        foreign: ForeignLabel = ForeignLabel.REFUSE,
        target: Path | None = None,
        record: Record | None = None,
    ) -> Exported:
        """Mark and label a file in its place, or into `target`; a crash at any line leaves the old file or the new one.

        Args:
            path: the file.
            content_id: the ProduceID: our number for this content.
            foreign: what becomes of the label of another producer.
            target: where the file goes; its own place when None.
            record: hears label and mark before the file takes its place; where it raises, it does not.

        Raises:
            GuijuError: it cannot be marked, labelled, recorded or written; the file is as it was.
        """
        goal = path.resolve() if target is None else target
        marked: list[Marked] = []
        try:
            before = _sha256(path)
            goal.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=goal.parent, prefix=".labelling-") as folder:
                copy = Path(folder, f"marked{path.suffix}")
                reading = self._labeller.read(path)
                label = self._labeller.label_for(reading, content_id, foreign)
                marked.append(self._marks.mark_file(path, copy, content_id=content_id, progress=self._progress))
                copy.chmod(path.stat().st_mode & 0o7777)

                def keep(done: Labelled) -> None:
                    if record is not None:
                        record(_as_of(done, path, before), mark_facts(marked[0]))

                done = self._labeller.write_label(copy, label, target=goal, record=keep, origin=path)
        except OSError as error:
            raise unreachable(error, str(path)) from error
        except GuijuError as error:
            if error.where:
                raise
            raise type(error)(error.zh, error.en, where=str(path)) from error
        return Exported(_as_of(done, path, before), marked[0])


def mark_facts(marked: Marked) -> JsonObject:
    """Return a mark as JSON has it."""
    facts: JsonObject = {name: f"{value:g}" for name, value in marked.facts.items()}
    told: JsonObject = {
        "text": marked.text, "place": marked.place, "measured": facts, "notes": list(marked.notes),
    }  # fmt: skip
    return {**told, "watermark": marked.pointer} if marked.pointer else told


def _as_of(done: Labelled, path: Path, before: tuple[str, int]) -> Labelled:
    return replace(done, name=path.name, sha256_before=before[0], size_before=before[1])


def _sha256(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()
