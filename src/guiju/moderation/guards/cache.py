"""Verdicts that were given before, by the hash of what was asked; never the text itself."""

from collections import OrderedDict

from guiju.kit.clock import Clock
from guiju.moderation.guards.interface import Verdict


class VerdictCache:
    """The newest verdicts, each for a while: least recently used goes first."""

    def __init__(self, clock: Clock, entries: int, seconds: float) -> None:
        """Keep `entries` at most, for `seconds` each."""
        self._clock = clock
        self._most = entries
        self._seconds = seconds
        self._kept: OrderedDict[bytes, tuple[float, Verdict]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def get(self, key: bytes) -> Verdict | None:
        """Return a verdict that still holds."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[0] < self._clock.monotonic():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Remember a verdict."""
        if not self._most:
            return
        self._kept[key] = (self._clock.monotonic() + self._seconds, verdict)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
