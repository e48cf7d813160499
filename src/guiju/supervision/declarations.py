"""What named persons declared about obligations: written to the ledger and read back from it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import from_iso, to_iso
from guiju.kit.errors import StorageError
from guiju.law.models import Outcome
from guiju.ledger.models import Draft, EntryQuery, Erased, Head
from guiju.supervision.models import Override
from guiju.supervision.reading import LedgerPort

ACTION = "outcome.declared"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Declared:
    """The newest declaration of each obligation, and the obligations whose newest one cannot be read."""

    overrides: dict[str, Override]
    unreadable: frozenset[str]


class Declarations:
    """Keeps declarations; what was read once is remembered, because an entry never changes."""

    def __init__(self, ledger: LedgerPort) -> None:
        """Write to and read from `ledger`."""
        self._ledger = ledger
        self._read: dict[str, Override] = {}

    def write(self, override: Override) -> Override:
        """Append a declaration; return it with the id of its entry.

        Raises:
            StorageError: it could not be made durable.
        """
        body: JsonObject = {
            "obligation": override.obligation_id,
            "outcome": override.outcome.value,
            "reason": override.reason,
            "declared_at": to_iso(override.declared_at),
        }
        draft = Draft(
            ACTION,
            f"staff:{override.person}",
            f"obligation:{override.obligation_id}",
            body,
            provisions=(override.obligation_id.partition("#")[0],),
            occurred_at=override.declared_at,
        )
        receipt = self._ledger.append(draft)
        kept = Override(
            override.obligation_id,
            override.outcome,
            override.person,
            override.reason,
            override.declared_at,
            receipt.id,
        )
        self._read[receipt.id] = kept
        return kept

    def newest(self, until: datetime, obligations: Collection[str]) -> Declared:
        """Return the newest declaration before `until` of each of `obligations`.

        Raises:
            StorageError: the ledger cannot be read.
        """
        overrides: dict[str, Override] = {}
        unreadable: set[str] = set()
        waiting = set(obligations)
        for head in self._heads(until):
            obligation = head.subject.removeprefix("obligation:")
            if obligation not in waiting:
                continue
            waiting.discard(obligation)
            override = self._override(head, obligation)
            if override is None:
                unreadable.add(obligation)
            else:
                overrides[obligation] = override
            if not waiting:
                break
        return Declared(overrides, frozenset(unreadable))

    def _heads(self, until: datetime) -> Iterator[Head]:
        before: int | None = None
        while True:
            heads = self._ledger.find(EntryQuery(actions=(ACTION,), until=until, before_seq=before, limit=_PAGE))
            yield from heads
            if len(heads) < _PAGE:
                return
            before = heads[-1].seq

    def _override(self, head: Head, obligation: str) -> Override | None:
        if head.id not in self._read:
            try:
                body = self._ledger.body(head.id)
            except StorageError:  # a body that does not open is shown as that; the ledger's verification names it
                return None
            override = _from_body(head, obligation, body)
            if override is None:
                return None
            self._read[head.id] = override
        return self._read[head.id]


def _from_body(head: Head, obligation: str, body: JsonObject | Erased | None) -> Override | None:
    if body is None or isinstance(body, Erased):
        return None
    reason, at = body.get("reason"), body.get("declared_at")
    try:
        outcome = Outcome(str(body.get("outcome")))
        declared_at = from_iso(at) if isinstance(at, str) else head.occurred_at
    except ValueError:
        return None
    if not isinstance(reason, str) or not head.actor.startswith("staff:") or body.get("obligation") != obligation:
        return None
    return Override(obligation, outcome, head.actor.removeprefix("staff:"), reason, declared_at, head.id)
