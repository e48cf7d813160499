"""Keeps the index of exchanges: written in batches beside the hot path, made again from the ledger where it lacks."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from guiju.gateway import rules
from guiju.gateway.evidence import Noted
from guiju.gateway.ports import Body, Recording
from guiju.kit.clock import from_iso
from guiju.kit.errors import GuijuError
from guiju.ledger.models import EntryQuery, Erased, Head

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.2
_WAITING_MOST = 100_000
_PAGE = 500
_ACTIONS = ("exchange.opened", "exchange.closed", "exchange.interrupted", "exchange.rejected")


class IndexStore(Protocol):
    """Where the index is kept."""

    def keep(self, batch: Sequence[Noted]) -> None:
        """Bring the index up to date with a batch."""
        ...

    def closed_ids(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that the index has as closed."""
        ...

    def indexed_to(self) -> int:
        """Return up to which entry the index is whole."""
        ...

    def mark_indexed(self, seq: int) -> None:
        """Say up to which entry the index is whole."""
        ...


class ExchangeIndex:
    """Takes notes at once and writes them a little later; losing them loses nothing that the ledger has not."""

    def __init__(self, store: IndexStore, ledger: Recording) -> None:
        """Write to `store`; what it lacks is read from `ledger`."""
        self._store = store
        self._ledger = ledger
        self._waiting: list[Noted] = []
        self._writing: list[Noted] = []
        self.newly_open: Callable[[], list[Noted]] = list
        self._writer: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many notes are not written yet."""
        return len(self._waiting)

    def note(self, noted: Noted) -> None:
        """Take a note; when the database stands still for long, the notes are dropped and rebuilt at the next start."""
        if len(self._waiting) < _WAITING_MOST:
            self._waiting.append(noted)

    def is_pending(self, exchange_id: str) -> bool:
        """Say whether a note about an exchange is taken but not yet written; any thread may ask."""
        return any(noted.id == exchange_id for noted in (*self._writing, *self._waiting))

    def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Write what is left and stop."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self.flush()

    async def flush(self) -> None:
        """Write what is waiting now; kept for the next try when the database refuses."""
        batch = self._writing = self.newly_open() + self._waiting
        self._waiting = []
        if not batch:
            return
        try:
            await asyncio.to_thread(self._store.keep, batch)
        except GuijuError as error:
            _log.warning("the index of exchanges could not be written", extra={"code": error.code})
            self._waiting = batch + self._waiting
        finally:
            self._writing = []

    async def _write(self) -> None:
        await asyncio.to_thread(self.rebuild)
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.flush()

    def rebuild(self) -> int:
        """Index what the ledger has and the index lacks, newest first; returns how many entries were read."""
        read = 0
        newest: int | None = None
        before: int | None = None
        try:
            until = self._store.indexed_to()
            while True:
                heads = self._ledger.find(EntryQuery(actions=_ACTIONS, before_seq=before, limit=_PAGE))
                fresh = [head for head in heads if head.seq > until]
                if newest is None and heads:
                    newest = heads[0].seq
                self._index(fresh)
                read += len(fresh)
                if len(fresh) < len(heads) or len(heads) < _PAGE:
                    break
                before = heads[-1].seq
            if newest is not None and newest > until:
                self._store.mark_indexed(newest)
        except GuijuError as error:
            _log.warning("the index of exchanges could not be rebuilt", extra={"code": error.code})
        return read

    def _index(self, heads: list[Head]) -> None:
        closed = self._store.closed_ids([_exchange_id(head) for head in heads])
        missing = [head for head in heads if _exchange_id(head) not in closed]
        if missing:
            self._store.keep([_noted(head, self._ledger.body(head.id)) for head in reversed(missing)])


def _noted(head: Head, body: Body) -> Noted:
    is_opening = head.action == "exchange.opened"
    known = {} if body is None or isinstance(body, Erased) else body
    outcome = rules.OPEN if is_opening else str(known.get("outcome") or rules.UNKNOWN)
    if head.action == "exchange.interrupted":
        outcome = rules.INTERRUPTED
    opened_at = known.get("opened_at")
    risks = known.get("risks")
    first, total = known.get("first_byte_ms"), known.get("total_ms")
    return Noted(
        id=_exchange_id(head),
        opened_at=from_iso(opened_at) if isinstance(opened_at, str) else head.occurred_at,
        closed_at=None if is_opening else head.received_at,
        app_id=head.actor.removeprefix("app:") if head.actor.startswith("app:") else str(known.get("app") or ""),
        person=str(known.get("person") or ""),
        model=head.model,
        upstream=str(known.get("upstream") or ""),
        outcome=outcome,
        risks=tuple(str(risk) for risk in risks) if isinstance(risks, list) else (),
        closed_entry="" if is_opening else head.id,
        first_byte_ms=first if isinstance(first, int) else None,
        total_ms=total if isinstance(total, int) else None,
    )


def _exchange_id(head: Head) -> str:
    return head.subject.removeprefix("exchange:")
