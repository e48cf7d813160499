"""Under load, evidence is handed to the ledger in groups: one durable commit for many entries costs far less than many.

A lone exchange never waits here. When several entries came within one window, those of the next window wait for its end
and go together; that is a few milliseconds beside a model server's answer, and about a quarter of the CPU of a call.
"""

import asyncio
from typing import Protocol

from guiju.kit.errors import GuijuError
from guiju.ledger.models import Draft, Receipt

_WINDOW_SECONDS = 0.012
_BUSY_ENTRIES = 8
_MEMORY_SECONDS = 0.06


class Appending(Protocol):
    """Where entries go."""

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        """Put `draft` in the log's order now; `future`, or a new one, tells when it is durable."""
        ...


class Pacer:
    """Hands drafts on in the order in which they came."""

    def __init__(self, ledger: Appending) -> None:
        """Hand on to `ledger`."""
        self._ledger = ledger
        self._window_ends = 0.0
        self._count = 0
        self._is_busy = False
        self._waiting: list[tuple[Draft, asyncio.Future[Receipt]]] = []

    @property
    def waiting(self) -> int:
        """How many entries wait for the end of a window."""
        return len(self._waiting)

    def submit(self, draft: Draft) -> "asyncio.Future[Receipt]":
        """Take a draft, behind all that were taken before; the future is done when it is durable, or cannot be.

        It raises what the ledger raises. One that is cancelled while it waits for its window is not handed on.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._window_ends:
            is_recent = now < self._window_ends + _MEMORY_SECONDS
            self._is_busy = is_recent and self._count >= _BUSY_ENTRIES
            self._count = 0
            self._window_ends = now + _WINDOW_SECONDS
        self._count += 1
        future: asyncio.Future[Receipt] = loop.create_future()
        if not self._is_busy and not self._waiting:
            self._hand_on(draft, future)
            return future
        if not self._waiting:
            loop.call_at(self._window_ends, self._open)
        self._waiting.append((draft, future))
        return future

    async def append(self, draft: Draft) -> Receipt:
        """Take a draft and return once it is durable.

        Raises:
            GuijuError: what the ledger raises.
        """
        return await self.submit(draft)

    def _hand_on(self, draft: Draft, future: "asyncio.Future[Receipt]") -> None:
        try:
            self._ledger.submit_async(draft, future)
        except GuijuError as error:
            future.set_exception(error)

    def _open(self) -> None:
        """Hand on all who wait, in their order; nobody can come between, because nothing is awaited."""
        waiting, self._waiting = self._waiting, []
        for draft, future in waiting:
            if not future.done():  # the caller has cancelled otherwise
                self._hand_on(draft, future)
