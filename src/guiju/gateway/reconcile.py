"""At start: what a killed process left in its spool becomes an interrupted exchange in the ledger."""

import logging
from collections.abc import Callable
from pathlib import Path

from guiju.gateway.drafts import interrupted_draft
from guiju.gateway.ports import Recording
from guiju.gateway.spool import Left, abandoned, claimed, read_spool
from guiju.ledger.models import EntryQuery

_log = logging.getLogger(__name__)
_CLOSINGS = ("exchange.closed", "exchange.interrupted")


def reconcile(folder: Path, ledger: Recording, masked: Callable[[str], str]) -> int:
    """Close every exchange that a dead process left open; returns how many there were.

    `masked` puts placeholders in the place of personal information, where an exchange's policy wanted that.
    A file goes only when everything in it stands in the ledger, so that a process that dies here loses nothing either.
    A file of which a part cannot be read is put aside for a person to look at, and said in the log.
    """
    interrupted = 0
    for path in abandoned(folder):
        with claimed(path) as is_ours:  # several processes may start at once
            if is_ours:
                interrupted += _take_over(path, ledger, masked)
    return interrupted


def _take_over(path: Path, ledger: Recording, masked: Callable[[str], str]) -> int:
    left, is_whole = read_spool(path)
    interrupted = sum(_close(exchange, ledger, masked) for exchange in left)
    if is_whole:
        path.unlink(missing_ok=True)
    else:
        _log.error("a part of a spool file cannot be read; it is put aside", extra={"path": str(path)})
        path.rename(path.with_suffix(".unreadable"))
    return interrupted


def _close(left: Left, ledger: Recording, masked: Callable[[str], str]) -> bool:
    subject = f"exchange:{left.exchange_id}"
    if ledger.find(EntryQuery(actions=_CLOSINGS, subject=subject, limit=1)):
        return False  # its closing entry was durable; only the spool had not heard
    ledger.append(interrupted_draft(left.exchange_id, left.context, left.pieces, masked=masked))
    _log.warning("an exchange was interrupted", extra={"exchange": left.exchange_id, "pieces": len(left.pieces)})
    return True
