"""A client that takes nothing of its answer: held for a while, for the network may be slow, then given up."""

import asyncio
import math


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
