"""When the keyword library must be updated next: the number is the law's."""

from collections.abc import Callable
from datetime import date, timedelta

from guiju.kit.clock import BEIJING, Clock
from guiju.law.models import Parameter
from guiju.moderation.service import Moderation
from guiju.review.models import UpdateDue

UPDATE_DAYS = "gb-t-45654/keyword-library/update-days"


class LibraryUpdates:
    """Watches the age of the library in force."""

    def __init__(
        self, moderation: Moderation, clock: Clock, parameter: Callable[[str, date], Parameter | None]
    ) -> None:
        """Look at `moderation`; `parameter` returns a number of the law on a day, or None."""
        self._moderation = moderation
        self._clock = clock
        self._parameter = parameter

    def due(self) -> UpdateDue:
        """Say when the library must be updated next, by the number that the law gives on this day."""
        today = self._clock.now().astimezone(BEIJING).date()
        parameter, updated = self._parameter(UPDATE_DAYS, today), self._moderation.library_stats().updated
        days = parameter.value if parameter is not None else None
        if not updated or not isinstance(days, int) or isinstance(days, bool):
            return UpdateDue(date.fromisoformat(updated) if updated else None, None, parameter, None)
        at = date.fromisoformat(updated)
        return UpdateDue(at, at + timedelta(days=days), parameter, (at + timedelta(days=days) - today).days)
