"""A client that takes nothing of its answer: held for a while, for the network may be slow, then given up."""

import asyncio
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_LISTEN_SECONDS = 0.05


class StuckWatch:
    """Cancels the present task when one sending takes `seconds`, at the latest after twice that.

    One timer a stream, and two assignments a piece: a timer for each piece would cost more than the piece.
    """

    def __init__(self, seconds: float) -> None:
        """Begin to watch."""
        self.has_given_up = False
        self._seconds = seconds
        self._since = math.inf
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._look)

    def begin(self) -> None:
        """Hear that a piece is being sent."""
        self._since = self._loop.time()

    def end(self) -> None:
        """Hear that it was taken."""
        self._since = math.inf

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.cancel()

    def _look(self) -> None:
        if self._loop.time() - self._since >= self._seconds and self._task is not None:
            self.has_given_up = True
            self._task.cancel()
        else:
            self._timer = self._loop.call_later(self._seconds, self._look)


class GoneWatch:
    """Cancels the present task when its client leaves.

    Listening takes a task of its own, so it begins only when the call has taken a moment; most are over before.
    """

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
        """Begin to watch; `receive` is ASGI's, after the whole body was read."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("ASGI servers call applications in a task")
        self.task = task
        self.is_gone = False
        self._receive = receive
        self._listener: asyncio.Task[None] | None = None
        self._timer = loop.call_later(_LISTEN_SECONDS, self._begin)

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _begin(self) -> None:
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        self.task.cancel()
