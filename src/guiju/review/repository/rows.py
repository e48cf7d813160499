"""Items and verdicts as rows, and back."""

from collections.abc import Sequence

import sqlalchemy as sa

from guiju.kit.clock import from_iso, to_iso
from guiju.moderation.models import Scope
from guiju.review.models import ItemState, Reason, ReviewItem, Verdict
from guiju.review.repository.tables import joined, parted


def row_of(item: ReviewItem) -> dict[str, object]:
    """Return an item as a row."""
    return {
        "id": item.id,
        "exchange_id": item.exchange_id,
        "entry_id": item.entry_id,
        "scope": item.scope.value,
        "reason": item.reason.value,
        "priority": item.priority,
        "action": item.action,
        "proposed": joined(item.proposed),
        "policy_hash": item.policy_hash,
        "said_at": to_iso(item.said_at),
        "queued_at": to_iso(item.queued_at),
        "due_at": to_iso(item.due_at),
        "repeats": item.repeats,
        "state": item.state.value,
        "outcome": None if item.outcome is None else joined(item.outcome),
        "settled_at": None if item.settled_at is None else to_iso(item.settled_at),
        "objection_entry": item.objection_entry,
        "answer_entry": item.answer_entry,
        "reversed_by": item.reversed_by,
        "reversed_entry": item.reversed_entry,
    }


def item_of(row: sa.Row[tuple[object, ...]]) -> ReviewItem:
    """Read an item back."""
    return ReviewItem(
        id=row.id,
        exchange_id=row.exchange_id,
        entry_id=row.entry_id,
        scope=Scope(row.scope),
        reason=Reason(row.reason),
        priority=row.priority,
        action=row.action,
        proposed=parted(row.proposed),
        policy_hash=row.policy_hash,
        said_at=from_iso(row.said_at),
        queued_at=from_iso(row.queued_at),
        due_at=from_iso(row.due_at),
        repeats=row.repeats,
        state=ItemState(row.state),
        outcome=None if row.outcome is None else parted(row.outcome),
        settled_at=None if row.settled_at is None else from_iso(row.settled_at),
        objection_entry=row.objection_entry,
        answer_entry=row.answer_entry,
        reversed_by=row.reversed_by,
        reversed_entry=row.reversed_entry,
    )


def read_verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    """Read a verdict back."""
    return verdict_of(tuple(row))


def verdict_of(values: Sequence[object]) -> Verdict:
    """Read a verdict from the values of its columns, in their order."""
    item_id, reviewer, seat, risks, at, entry_id = values
    return Verdict(str(item_id), str(reviewer), int(str(seat)), parted(str(risks)), from_iso(str(at)), str(entry_id))
