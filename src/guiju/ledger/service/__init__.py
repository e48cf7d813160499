"""The verbs of the ledger: append, find, prove, sign, verify, erase, export."""

from guiju.ledger.service.ledger import Ledger, LedgerOptions
from guiju.ledger.service.opening import open_ledger

__all__ = ["Ledger", "LedgerOptions", "open_ledger"]
