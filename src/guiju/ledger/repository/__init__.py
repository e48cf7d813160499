"""All SQL of the ledger: its tables, the writer of the sequencer, and the readers of everybody else."""

from guiju.ledger.repository.reading import LedgerRepository
from guiju.ledger.repository.tables import BodyRow, EntryRow, LogState, PersonRow
from guiju.ledger.repository.writing import Batch, LedgerWriter

__all__ = ["Batch", "BodyRow", "EntryRow", "LedgerRepository", "LedgerWriter", "LogState", "PersonRow"]
