"""Turn about among the processes that write one SQLite file.

SQLite's own way to wait for another writer is to sleep and to look again, ever longer; who has just written is nearly
always back first, and the others wait for most of a second. Here whoever waits stands at a gate, which who has just
written must pass again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """Two locked files beside the database; for one thread of each process. A process that dies loses its locks."""

    def __init__(self, database: Path) -> None:
        """Take turns at writing `database`; the files are made at the first turn."""
        self._paths = [database.with_name(f"{database.name}-{name}") for name in ("gate", "turn")]
        self._files: list[int] = []

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for this process's turn, and give it up at the end of the block.

        Raises:
            OSError: the files cannot be made.
        """
        if not self._files:
            self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in self._paths]
        gate, turn = self._files
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the files back."""
        while self._files:
            os.close(self._files.pop())
