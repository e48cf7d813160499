"""Where meters and slots are kept, shared by every process."""

from collections.abc import Sequence
from typing import Protocol

from guiju.gateway.entrance.meters.models import Grant, SlotWish, Take


class MeterStore(Protocol):
    """A database or a Redis; every call blocks.

    Raises, from every call:
        StorageError: it does not answer.
    """

    def settle(self, takes: Sequence[Take], now: float) -> list[Grant]:
        """Do all takes, one after the other, and return what each got; `now` in seconds since 1970."""
        ...

    def hold(self, process: str, wishes: Sequence[SlotWish], now: float) -> list[int]:
        """Hold slots for a process until it renews no more; return how many each wish got."""
        ...

    def renew(self, process: str, now: float) -> None:
        """Keep the slots of a process for another while."""
        ...

    def prune(self, now: float) -> None:
        """Forget what says nothing any more."""
        ...


SLOT_SECONDS = 15.0
"""For so long a process that is gone keeps its slots."""

IDLE_SECONDS = 40 * 86400.0
"""After so long a meter that nobody used is forgotten: longer than any period."""
