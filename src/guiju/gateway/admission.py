"""At most so many exchanges at once, a bounded queue before them, and a bounded account of who was turned away.

A call that is turned away costs next to nothing, or turning away would not help: it is counted, and what was counted
stands in the ledger as one entry for each app and reason in a while, so that the evidence grows with time and not with
the flood.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from guiju.gateway import rules
from guiju.gateway.errors import CallError, OverloadedError
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import App, Limits
from guiju.kit.clock import Clock, to_iso
from guiju.ledger.models import SYSTEM_PERSON, Draft

_log = logging.getLogger(__name__)
_APART_SECONDS = 5.0
_QUEUED, _SHED = "guiju_exchanges_queued", "guiju_calls_rejected_total"


@dataclass(slots=True)
class _Account:
    """How many calls of an app were turned away for one reason, since when and until when."""

    count: int
    since: str
    until: str


class Admission:
    """Lets exchanges in, one after the other in the order in which they came."""

    def __init__(
        self, limits: Limits, clock: Clock, metrics: Metrics, *, keep: Callable[[Draft], Awaitable[None]]
    ) -> None:
        """Let in `limits.open_exchanges` at once; `keep` writes an entry and returns when it is durable."""
        self._limits = limits
        self._clock = clock
        self._metrics = metrics
        self._keep = keep
        self._inside = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._accounts: dict[tuple[str, str], _Account] = {}
        self._writing: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        """Wait for a place; whoever has one gives it back with `leave`.

        Raises:
            OverloadedError: the queue is full, or no place came free in time.
        """
        if self._inside < self._limits.open_exchanges:
            self._inside += 1
            return
        if len(self._queue) >= self._limits.queued_exchanges:
            raise _full()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        self._metrics.add(_QUEUED, 1)
        try:
            async with asyncio.timeout(self._limits.queue_seconds):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self.leave()  # it came free in the very moment in which nobody waited any more
            if isinstance(error, TimeoutError):
                raise _full() from None
            raise
        finally:
            self._metrics.add(_QUEUED, -1)
            with contextlib.suppress(ValueError):
                self._queue.remove(place)

    def leave(self) -> None:
        """Give a place back: to whoever waits longest, if anybody does."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._inside -= 1

    def turned_away(self, app: App, error: CallError) -> None:
        """Account for a call of `app` that was turned away."""
        self._metrics.count(_SHED, code=error.code)
        now = to_iso(self._clock.now())
        account = self._accounts.setdefault((app.id, error.code), _Account(0, now, now))
        account.count += 1
        account.until = now
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def settle(self) -> None:
        """Write what is not written yet; what cannot be is said in the log."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        if not await self._write():
            _log.error("calls that were turned away are not in the ledger", extra={"accounts": len(self._accounts)})

    async def _write_later(self) -> None:
        while self._accounts:
            await asyncio.sleep(_APART_SECONDS)
            await self._write()

    async def _write(self) -> bool:
        """Write one entry an account; one that cannot be kept is tried again, together with what comes meanwhile."""
        for key in list(self._accounts):
            account = self._accounts.pop(key)
            try:
                await self._keep(_draft(key, account))
            except BaseException as error:
                later = self._accounts.get(key)
                self._accounts[key] = _Account(
                    account.count + (later.count if later else 0),
                    account.since,
                    later.until if later else account.until,
                )
                if not isinstance(error, CallError):
                    raise
                return False
        return True


def _draft(key: tuple[str, str], account: _Account) -> Draft:
    app, code = key
    return Draft(
        action="exchange.shed",
        actor="system",
        subject=f"app:{app}",
        person=SYSTEM_PERSON,
        provisions=(rules.STEADY_SERVICE,),
        body={"app": app, "code": code, "count": account.count, "since": account.since, "until": account.until},
    )


def _full() -> OverloadedError:
    return OverloadedError("网关当前并发已满；请稍后重试。", "The gateway is full now; try again in a moment.")
