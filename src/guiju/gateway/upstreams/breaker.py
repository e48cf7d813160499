"""A circuit breaker: a model server that keeps failing is left alone for a while, then tried with one call."""

from enum import StrEnum

from guiju.gateway.models import BreakerSettings
from guiju.kit.clock import Clock

_DOUBLINGS_MOST = 16


class Circuit(StrEnum):
    """How the way to a model server stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Closed: every call goes. Open: none does. Half-open: one call at a time tries whether the server is back."""

    def __init__(self, clock: Clock, settings: BreakerSettings | None = None) -> None:
        """Begin closed."""
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self.failures = 0
        self._opened = 0
        self._rests_until = 0.0
        self._is_trying = False

    @property
    def state(self) -> Circuit:
        """How it stands now."""
        if self.wait_seconds > 0:
            return Circuit.OPEN
        return Circuit.HALF_OPEN if self._opened else Circuit.CLOSED

    @property
    def wait_seconds(self) -> float:
        """How long no call will go; 0 where one may."""
        return max(0.0, self._rests_until - self._clock.monotonic())

    @property
    def is_askable(self) -> bool:
        """Whether a call would be let through now."""
        return self.wait_seconds == 0 and not (self._opened and self._is_trying)

    def may_ask(self) -> bool:
        """Tell whether to ask now; who asks must call `succeeded`, `failed`, `rest` or `gave_up` afterwards."""
        if not self.is_askable:
            return False
        self._is_trying = True
        return True

    def succeeded(self) -> None:
        """Hear that the server has answered: closed."""
        self.failures = self._opened = 0
        self._is_trying = False

    def failed(self) -> None:
        """Hear that it has not; a failed trial opens for twice as long."""
        self._is_trying = False
        self.failures += 1
        if self._opened or self.failures >= self._settings.failures:
            longer = 2.0 ** min(self._opened, _DOUBLINGS_MOST)
            self._opened += 1
            self._rest(min(self._settings.longest_seconds, self._settings.open_seconds * longer))

    def rest(self, seconds: float) -> None:
        """Hear that the server wants no call for `seconds`; that is no failure."""
        self._is_trying = False
        self._rest(min(self._settings.longest_seconds, seconds))

    def gave_up(self) -> None:
        """Hear that nobody waits for the answer any more."""
        self._is_trying = False

    def _rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, self._clock.monotonic() + seconds)
