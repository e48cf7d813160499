"""The verbs of the ledger: append, find, prove, sign, verify, erase, export."""

from guiju.ledger.service.ledger import Ledger
from guiju.ledger.service.opening import open_ledger
from guiju.ledger.service.options import LedgerOptions

__all__ = ["Ledger", "LedgerOptions", "open_ledger"]
