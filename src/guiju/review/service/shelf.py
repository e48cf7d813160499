"""The operator's library files that the changes make: written whole, read anew at once, put back when that fails."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from guiju.kit.errors import GuijuError, StorageError
from guiju.moderation.service import Moderation
from guiju.moderation.writing import library_files
from guiju.review.folding import fold
from guiju.review.models import Change
from guiju.review.service.proposing import MANAGED
from guiju.storage.blobs import write_atomically

_log = logging.getLogger(__name__)
_VERSION = "written by the change process; a hand that edits this file is overruled"


class Shelf:
    """Writes the files, and puts them in force."""

    def __init__(self, folder: Path, moderation: Moderation) -> None:
        """Write to the operator's `folder`, which `moderation` reads."""
        self._folder = folder
        self._moderation = moderation

    def files_for(self, changes: Iterable[Change], updated: str) -> dict[str, bytes]:
        """Return the files that `changes`, in their order, come to, by name."""
        folded = fold(changes)
        disabled = {risk: sorted(terms) for risk, terms in folded.disabled.items()}
        entries = list(folded.entries.values())
        written = library_files(entries, disabled, version=_VERSION, updated=updated)
        return {f"{risk}{MANAGED}": content for risk, content in written.items()}

    def files(self) -> dict[str, bytes]:
        """Return the files that are there, by name.

        Raises:
            StorageError: one cannot be read.
        """
        try:
            return {path.name: path.read_bytes() for path in sorted(self._folder.glob(f"*{MANAGED}"))}
        except OSError as error:
            raise _unreadable(error) from error

    def put_in_force(self, wanted: dict[str, bytes]) -> Callable[[], None]:
        """Write `wanted` and read the library anew; return what undoes both.

        Raises:
            StorageError: a file cannot be written; what was there is there again.
            LibraryError: the library cannot be used so; what was there is there again, and in force.
        """
        before = self.files()
        try:
            self._write(wanted)
            self._moderation.reload()
        except GuijuError:
            self._write(before)
            raise

        def undo() -> None:
            self._write(before)
            self._moderation.reload()
            _log.warning("a change of the keyword library was undone because it could not be recorded")

        return undo

    def by_hand(self) -> tuple[str, ...]:
        """Return the files of the folder that nobody's change made."""
        if not self._folder.is_dir():
            return ()
        names = (path.name for path in self._folder.iterdir() if path.suffix in {".yaml", ".yml"})
        return tuple(sorted(name for name in names if not name.endswith(MANAGED)))

    def copy_to(self, folder: Path, managed: dict[str, bytes]) -> None:
        """Write the operator's folder as it would be with `managed` to another folder.

        Raises:
            StorageError: a file cannot be read or written.
        """
        try:
            for name in self.by_hand():
                (folder / name).write_bytes((self._folder / name).read_bytes())
            for name, content in managed.items():
                (folder / name).write_bytes(content)
        except OSError as error:
            raise _unreadable(error) from error

    def _write(self, wanted: dict[str, bytes]) -> None:
        there = self.files()
        for name, content in wanted.items():
            if there.get(name) != content:
                write_atomically(self._folder / name, content)
        try:
            for name in there.keys() - wanted.keys():
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unreadable(error) from error


def _unreadable(error: OSError) -> StorageError:
    return StorageError(
        f"词库文件夹读不出：{error.strerror}。请检查权限。",
        f"The library folder cannot be read: {error.strerror}. Check its permissions.",
        where=str(error.filename or ""),
    )
