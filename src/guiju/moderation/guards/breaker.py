"""A circuit breaker: a guard that keeps failing is not waited for again and again."""

from guiju.kit.clock import Clock


class Breaker:
    """Opens after so many failures in a row; then one question at a time may try whether the guard is back."""

    def __init__(self, clock: Clock, failures: int, seconds: float) -> None:
        """Open after `failures`, for `seconds`."""
        self._clock = clock
        self._most = failures
        self._seconds = seconds
        self._failures = 0
        self._closed_again_at = 0.0
        self._is_trying = False

    @property
    def is_open(self) -> bool:
        """Whether the guard counts as gone."""
        return self._failures >= self._most

    def may_ask(self) -> bool:
        """Tell whether to ask now; who asks must call `succeeded`, `failed` or `gave_up` afterwards."""
        if not self.is_open:
            return True
        if self._is_trying or self._clock.monotonic() < self._closed_again_at:
            return False
        self._is_trying = True
        return True

    def succeeded(self) -> None:
        """Hear that the guard has answered."""
        self._failures = 0
        self._is_trying = False

    def failed(self) -> None:
        """Hear that it has not."""
        self._failures += 1
        self._is_trying = False
        self._closed_again_at = self._clock.monotonic() + self._seconds

    def gave_up(self) -> None:
        """Hear that nobody waits for the answer any more."""
        self._is_trying = False
