"""Something that must be done in time, at half the price of `asyncio.timeout`: one timer, no coroutine of its own."""

import asyncio
from types import TracebackType


class Deadline:
    """Cancels the work in a `with` block of a task after so many seconds, which then ends with TimeoutError.

    As with `asyncio.timeout`, a cancellation by anybody else goes on as what it is.
    """

    __slots__ = ("_cancelled_before", "_is_over", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Give the work `seconds`; none at all ends it at its first wait."""
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> None:
        """Begin to count, in the running task."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline needs a task")
        self._task = task
        self._cancelled_before = task.cancelling()
        self._timer = loop.call_later(max(0.0, self._seconds), self._end)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting.

        Raises:
            TimeoutError: time was up, and that is what ended the work.
        """
        self._timer.cancel()
        if not self._is_over:
            return
        if self._task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()
