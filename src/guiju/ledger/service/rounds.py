"""The thread that signs a checkpoint when the log has grown, shows it to the anchors, and does so at the end too."""

import logging
import threading
from collections.abc import Callable

from guiju.ledger.errors import LedgerBrokenError
from guiju.ledger.service.checkpoints import CheckpointBook

_log = logging.getLogger(__name__)


class Rounds:
    """Comes round every so many seconds."""

    def __init__(self, book: CheckpointBook, every: float, *, on_broken: Callable[[LedgerBrokenError], None]) -> None:
        """Sign with `book` every `every` seconds; tell `on_broken` when the log contradicts what was signed."""
        self._book = book
        self._every = every
        self._on_broken = on_broken
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._anchored = -1

    def start(self, *, first: Callable[[], None], each: Callable[[], None]) -> None:
        """Do `first` once, then come round, doing `each` every time."""
        self._thread = threading.Thread(target=self._run, args=(first, each), name="ledger-checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sign a last time and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, first: Callable[[], None], each: Callable[[], None]) -> None:
        self._guarded(first)
        while not self._stopping.wait(self._every):
            self._guarded(each)
            self._guarded(self._sign)
        self._guarded(self._sign)

    def _sign(self) -> None:
        checkpoint = self._book.sign()
        if checkpoint.size > max(0, self._anchored):
            self._book.anchor(checkpoint)
            self._anchored = checkpoint.size

    def _guarded(self, do: Callable[[], None]) -> None:
        try:
            do()
        except LedgerBrokenError as error:
            self._on_broken(error)
        except Exception as error:  # noqa: BLE001 - one failed round, whatever failed it, must not end all later ones
            _log.warning("a checkpoint round failed", extra={"reason": str(error)})
