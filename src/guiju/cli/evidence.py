"""The ledger for commands that record: made where there is none, and stopped with everything written."""

from collections.abc import Iterator
from contextlib import contextmanager

from guiju.bootstrap import migrate_database, open_evidence
from guiju.ledger.service import Ledger
from guiju.settings import Settings


@contextmanager
def writing_ledger(settings: Settings) -> Iterator[Ledger]:
    """Open the ledger to append to; what was appended is durable when the block ends.

    Raises:
        GuijuError: the database or the keys cannot be used.
    """
    settings.var.mkdir(parents=True, exist_ok=True)
    migrate_database(settings)
    ledger = open_evidence(settings)
    try:
        ledger.start()
        yield ledger
    finally:
        ledger.stop()
