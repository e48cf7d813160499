"""What anybody may ask for without an account is read once a minute, however many ask."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from guiju.gateway.availability import Availability, HourCount, availability
from guiju.kit.clock import Clock

DAYS = 90
_FEWEST_FAILED = 3
_FAILED_SHARE = 0.5
_FRESH_SECONDS = 60.0


class Published:
    """Keeps the last answer for a minute."""

    def __init__(self, hours: Callable[[datetime, datetime], Sequence[HourCount]], clock: Clock) -> None:
        """Read counts with `hours`, which blocks."""
        self._hours = hours
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, Availability] | None = None

    def read(self) -> Availability:
        """Return the availability of the last ninety days.

        Raises:
            StorageError: the index cannot be read.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._kept is None or now - self._kept[0] >= _FRESH_SECONDS:
                until = self._clock.now()
                counts = self._hours(until - timedelta(days=DAYS), until)
                found = availability(counts, until, days=DAYS, fewest=_FEWEST_FAILED, failed_share=_FAILED_SHARE)
                self._kept = (now, found)
            return self._kept[1]
