"""From a stored row to a head, and to the bytes whose leaf hash is in the tree. Pure."""

import orjson

from guiju.kit.clock import from_iso
from guiju.ledger.heads import head_bytes
from guiju.ledger.models import Head
from guiju.ledger.repository import EntryRow


def provisions_from(text: str) -> tuple[str, ...]:
    """Read a stored provision set; what cannot be read is empty, and then the leaf hash does not fit."""
    found = orjson.loads(text)
    return tuple(found) if isinstance(found, list) else ()


def head_of(row: EntryRow, provisions: tuple[str, ...]) -> Head:
    """Return the head that `row` stores."""
    return Head(
        seq=row.seq,
        id=row.id,
        occurred_at=from_iso(row.occurred_at),
        received_at=from_iso(row.received_at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        provisions=provisions,
        policy_hash=row.policy_hash,
        model=row.model,
        source=row.source,
        source_seq=row.source_seq,
        commitment=row.commitment.hex(),
    )


def bytes_of(row: EntryRow, provisions: tuple[str, ...]) -> bytes:
    """Return the canonical head that `row` stores."""
    return head_bytes((*row[:7], provisions, *row[8:12], row.commitment.hex()))
