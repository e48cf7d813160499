"""Counts failed sign-ins in bounded memory, so that guessing a password takes longer than anybody lives."""

import threading
from collections import OrderedDict, deque

from guiju.kit.clock import Clock


class Throttle:
    """Remembers the last failures of each key within a window; the keys used longest ago are forgotten first.

    The counts live in one process: several processes behind one address bear as many times the failures.
    """

    def __init__(self, clock: Clock, limit: int, *, window_seconds: int, capacity: int) -> None:
        """Bear `limit` failures of one key in `window_seconds`, and remember at most `capacity` keys."""
        self._clock = clock
        self._limit = limit
        self._window = window_seconds
        self._capacity = capacity
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, key: str) -> int:
        """Return how long `key` must wait before it may try; 0 when it may try now."""
        with self._lock:
            times = self._current(key)
            if times is None or len(times) < self._limit:
                return 0
            return max(1, int(times[0] + self._window - self._clock.monotonic()) + 1)

    def count(self, key: str) -> bool:
        """Count one more event of `key`; return whether this one reached the limit."""
        with self._lock:
            times = self._current(key)
            if times is None:
                times = deque(maxlen=self._limit)
                self._failures[key] = times
                while len(self._failures) > self._capacity:
                    self._failures.popitem(last=False)
            before = len(times)
            times.append(self._clock.monotonic())
            return before < self._limit and len(times) == self._limit

    def forget(self, key: str) -> None:
        """Forget the failures of `key`, after a success."""
        with self._lock:
            self._failures.pop(key, None)

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._failures)

    def _current(self, key: str) -> deque[float] | None:
        times = self._failures.get(key)
        if times is None:
            return None
        self._failures.move_to_end(key)
        oldest = self._clock.monotonic() - self._window
        while times and times[0] <= oldest:
            times.popleft()
        return times
