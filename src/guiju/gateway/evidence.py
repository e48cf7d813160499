"""No evidence, no output: the opening entry, the spool, the closing entry, and who waits for which."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime

from guiju.gateway import rules
from guiju.gateway.drafts import closing_draft, opening_draft
from guiju.gateway.errors import CallError, EvidenceUnavailableError
from guiju.gateway.exchange import Exchange
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import App
from guiju.gateway.pacing import Appending, Pacer
from guiju.gateway.spool import Piece, Spool
from guiju.kit.canonical_json import JsonObject  # noqa: TC001 - as elsewhere, imports are not split by their use
from guiju.kit.clock import Clock
from guiju.kit.correlation import take_id
from guiju.kit.errors import GuijuError, InputError
from guiju.kit.quick import quick
from guiju.ledger.models import Draft

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0
_SLOW_SECONDS = 1.0


@quick
@dataclass(frozen=True, slots=True)
class Noted:
    """What the index learns about an exchange: at its opening (`closed_at` is None) and at its closing."""

    id: str
    opened_at: datetime
    closed_at: datetime | None
    app_id: str
    person: str
    model: str
    upstream: str
    outcome: str
    risks: tuple[str, ...]
    closed_entry: str
    first_byte_ms: int | None
    total_ms: int | None


class EvidenceDesk:
    """Writes what an exchange was, before anybody sees its answer."""

    def __init__(
        self, ledger: Appending, spool: Spool, clock: Clock, *, metrics: Metrics, note: Callable[[Noted], None]
    ) -> None:
        """Write to `ledger` and `spool`; `note` hears of every exchange that was closed."""
        self._pacer = Pacer(ledger)
        self._spool = spool
        self._clock = clock
        self._metrics = metrics
        self._note = note
        self._late: set[asyncio.Task[None]] = set()
        self._open: dict[str, Exchange] = {}
        self.is_writing = True

    def open(self, exchange: Exchange) -> None:
        """Submit the opening entry; it is durable when `exchange.opened` is done.

        Raises:
            EvidenceUnavailableError: the spool cannot write.
        """
        exchange.moderated_at = self._clock.monotonic()
        context: JsonObject = {
            "app": exchange.app.id,
            "person": exchange.person,
            "model": exchange.request.model,
            "policy_hash": exchange.policy_hash,
            "opened_at": exchange.opened_iso,
        }
        if exchange.vault is not None and exchange.vault.masks_logs:
            context["masks_logs"] = True
        try:
            self._spool.open(exchange.id, context)
        except GuijuError as error:
            raise self._unavailable(error) from error
        exchange.opened = self._pacer.submit(opening_draft(exchange))
        self._open[exchange.id] = exchange

    @property
    def depths(self) -> dict[str, int]:
        """How many entries wait for the ledger's next window, and how many closings nobody waits for are under way."""
        return {"entries": self._pacer.waiting, "late_closings": len(self._late)}

    def newly_open(self) -> list[Noted]:
        """Tell the index of the exchanges that have been open for a second, each once.

        Most are over before; what the index hears of those is their closing alone.
        """
        now = self._clock.monotonic()
        slow = [exchange for exchange in self._open.values() if now - exchange.started >= _SLOW_SECONDS]
        for exchange in slow:
            del self._open[exchange.id]
        return [noted(exchange, rules.OPEN, closed_at=None, now=now) for exchange in slow]

    async def opened(self, exchange: Exchange) -> None:
        """Wait until the opening entry is durable.

        Raises:
            EvidenceUnavailableError: it cannot be.
        """
        try:
            await self._durably_opened(exchange)
        except GuijuError as error:
            exchange.outcome = rules.EVIDENCE_FAILED
            total_ms = _milliseconds(self._clock.monotonic() - exchange.started)
            self.later(self._close_again(exchange, closing_draft(exchange, exchange.outcome, total_ms=total_ms)))
            raise self._unavailable(error) from error
        self.is_writing = True

    async def _durably_opened(self, exchange: Exchange) -> None:
        """Wait for the opening entry, which was submitted before anything else of the exchange."""
        assert exchange.opened is not None  # noqa: S101 - opened before anything is awaited
        if exchange.opened.done():
            exchange.opened.result()
        else:
            await asyncio.shield(exchange.opened)

    def release(self, exchange: Exchange, pieces: list[Piece]) -> None:
        """Spool `pieces`, which leave next.

        Raises:
            EvidenceUnavailableError: they cannot be, so they must not leave.
        """
        try:
            self._spool.add(exchange.id, pieces)
        except GuijuError as error:
            raise self._unavailable(error) from error

    async def close(self, exchange: Exchange, outcome: str) -> None:
        """Write the closing entry and wait until it, and the opening entry, are durable.

        Raises:
            EvidenceUnavailableError: they cannot be; the spool keeps what left, and the closing is tried again later.
        """
        exchange.outcome = outcome
        now = self._clock.monotonic()
        draft = closing_draft(exchange, outcome, total_ms=_milliseconds(now - exchange.started))
        try:
            await self._pacer.append(draft)
            await self._durably_opened(exchange)
        except asyncio.CancelledError:
            self.later(self._close_again(exchange, draft, wait_seconds=0.0))  # the client left at the last moment
            raise
        except GuijuError as error:
            self.later(self._close_again(exchange, _draft_of_the_failed(exchange, now)))
            raise self._unavailable(error) from error
        self._metrics.waited(self._clock.monotonic() - now)
        self._closed(exchange, outcome, now)

    def close_later(
        self, exchange: Exchange, outcome: str, *, after: Coroutine[None, None, None] | None = None
    ) -> None:
        """Close an exchange that nobody waits for any more, `after` something else is done."""
        self.later(self._close_alone(exchange, outcome, after))

    async def reject(self, app: App, error: CallError, *, size: int, person: str) -> str:
        """Write that a call of an app could not be taken, and return the entry's id.

        Raises:
            EvidenceUnavailableError: it cannot be written.
        """
        rejected = take_id()
        draft = Draft(
            id=rejected,
            action="exchange.rejected",
            actor=f"app:{app.id}",
            subject=f"exchange:{rejected}",
            person=person,
            provisions=(rules.CONTENT_DUTY,),
            body={"outcome": rules.BAD_REQUEST, "code": error.code, "where": error.where[:200], "bytes": size},
        )
        try:
            await self._pacer.append(draft)
        except GuijuError as failure:
            raise self._unavailable(failure) from failure
        now = self._clock.now()
        self._note(
            Noted(
                id=rejected,
                opened_at=now,
                closed_at=now,
                app_id=app.id,
                person=person,
                model="",
                upstream="",
                outcome=rules.BAD_REQUEST,
                risks=(),
                closed_entry=rejected,
                first_byte_ms=None,
                total_ms=None,
            )
        )
        return rejected

    async def keep(self, draft: Draft) -> None:
        """Write one more entry of an exchange and wait until it is durable.

        Raises:
            EvidenceUnavailableError: it cannot be.
        """
        try:
            await self._pacer.append(draft)
        except GuijuError as error:
            raise self._unavailable(error) from error

    def is_open(self, exchange_id: str) -> bool:
        """Say whether an exchange is under way; any thread may ask."""
        return exchange_id in self._open

    async def settle(self, seconds: float) -> None:
        """Wait at most `seconds` for the closings that nobody waits for."""
        if self._late:
            await asyncio.wait(self._late, timeout=seconds)
        for task in self._late:
            task.cancel()

    def _closed(self, exchange: Exchange, outcome: str, now: float) -> None:
        self.is_writing = True
        self._note(noted(exchange, outcome, closed_at=self._clock.now(), now=now))
        self._open.pop(exchange.id, None)
        self._spool.close(exchange.id)
        self._metrics.closed(exchange, outcome, now)
        exchange.on_closed(exchange)

    async def _close_alone(self, exchange: Exchange, outcome: str, after: Coroutine[None, None, None] | None) -> None:
        try:
            if after is not None:
                await after
            await self.close(exchange, outcome)
        except EvidenceUnavailableError:
            return  # said and counted; another try is under way

    async def _close_again(self, exchange: Exchange, draft: Draft, *, wait_seconds: float = _RETRY_SECONDS) -> None:
        if exchange.opened is not None:
            await asyncio.wait((exchange.opened,))  # whatever became of it: it is appended once more below
        while True:
            await asyncio.sleep(wait_seconds)
            wait_seconds = _RETRY_SECONDS
            try:
                await self._pacer.append(opening_draft(exchange))  # the same id: at most once in the log
                await self._pacer.append(draft)
            except InputError as error:
                # No time will make this right. The spool keeps what left, and the next start records it as interrupted.
                _log.error("an exchange cannot be kept", extra={"exchange": exchange.id, "reason": str(error)})
                return
            except GuijuError:
                continue
            self._closed(exchange, exchange.outcome, self._clock.monotonic())
            return

    def later(self, work: Coroutine[None, None, None]) -> None:
        """Do what nobody waits for; `settle` does."""
        task = asyncio.create_task(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _unavailable(self, error: GuijuError) -> EvidenceUnavailableError:
        self.is_writing = False
        self._metrics.count("guiju_evidence_unavailable_total")
        _log.error("evidence cannot be written", extra={"code": error.code, "reason": str(error)})
        return EvidenceUnavailableError(
            "证据账本目前无法写入，因此不放行任何内容；请稍后重试，并请运营方检查磁盘与数据库。",
            "The evidence ledger cannot be written, so nothing is let out; try again later. Operator: check the disk "
            "and the database.",
        )


def _draft_of_the_failed(exchange: Exchange, now: float) -> Draft:
    """Make the closing entry of an exchange whose closing could not be kept: its end, or all of it, did not leave."""
    exchange.outcome = rules.EVIDENCE_FAILED
    exchange.failure = exchange.failure or EvidenceUnavailableError.code
    if exchange.first_byte_ms is None:
        for choice in exchange.choices.values():
            choice.released.clear()
    return closing_draft(exchange, exchange.outcome, total_ms=_milliseconds(now - exchange.started))


def noted(exchange: Exchange, outcome: str, *, closed_at: datetime | None, now: float) -> Noted:
    """Tell the index how an exchange stands."""
    return Noted(
        id=exchange.id,
        opened_at=exchange.opened_at,
        closed_at=closed_at,
        app_id=exchange.app.id,
        person=exchange.person,
        model=exchange.request.model,
        upstream=exchange.upstream,
        outcome=outcome,
        risks=exchange.risks,
        closed_entry=exchange.closing_id if closed_at is not None else "",
        first_byte_ms=exchange.first_byte_ms,
        total_ms=None if closed_at is None else _milliseconds(now - exchange.started),
    )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
