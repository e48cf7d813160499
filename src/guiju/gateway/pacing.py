"""Under load, evidence is handed to the ledger in groups: one durable commit for many entries costs far less than many.

A lone exchange never waits here. When several entries came within one window, those of the next window wait for its end
and go together; that is a few milliseconds beside a model server's answer, and about a quarter of the CPU of a call.
"""

import asyncio
from typing import Protocol

from guiju.ledger.models import Draft, Receipt

_WINDOW_SECONDS = 0.012
_BUSY_ENTRIES = 8
_MEMORY_SECONDS = 0.06


class Appending(Protocol):
    """Where entries go."""

    async def append_async(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable."""
        ...


class Pacer:
    """Hands drafts on in the order in which they came."""

    def __init__(self, ledger: Appending) -> None:
        """Hand on to `ledger`."""
        self._ledger = ledger
        self._window_ends = 0.0
        self._count = 0
        self._is_busy = False
        self._waiting: list[asyncio.Future[None]] = []

    def submit(self, draft: Draft) -> asyncio.Task[Receipt]:
        """Take a draft; the task is done when it is durable, and raises what the ledger raises."""
        return asyncio.create_task(self._append(draft, self._turn()))

    async def append(self, draft: Draft) -> Receipt:
        """Take a draft and return once it is durable; what was submitted before by a task that has run is before it.

        Raises:
            GuijuError: what the ledger raises.
        """
        return await self._append(draft, self._turn())

    async def _append(self, draft: Draft, turn: asyncio.Future[None] | None) -> Receipt:
        if turn is not None:
            await turn
        return await self._ledger.append_async(draft)

    def _turn(self) -> asyncio.Future[None] | None:
        """Return what a draft has to wait for; None when it may go at once, which none may while others wait."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._window_ends:
            is_recent = now < self._window_ends + _MEMORY_SECONDS
            self._is_busy = is_recent and self._count >= _BUSY_ENTRIES
            self._count = 0
            self._window_ends = now + _WINDOW_SECONDS
        self._count += 1
        if not self._is_busy and not self._waiting:
            return None
        if not self._waiting:
            loop.call_at(self._window_ends, self._open)
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        return turn

    def _open(self) -> None:
        """Wake all who wait, in their order, each by itself, so that nobody who comes later can be scheduled before."""
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
