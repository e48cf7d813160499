"""How many exchanges are open at once, over all processes: each holds slots, and gives back those it has no use for."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from guiju.gateway.entrance.meters.interface import SLOT_SECONDS, MeterStore
from guiju.gateway.entrance.meters.models import SlotWish
from guiju.kit.clock import Clock
from guiju.kit.ids import new_id

_IDLE_SECONDS = 0.5
_BLOCK_SECONDS = 0.1
_SPARE_SHARE = 8  # a process asks for this part of all slots at most, beyond the one it needs


@dataclass(slots=True)
class _Slots:
    in_use: int = 0
    free: int = 0
    limit: int = 0
    freed_at: float = 0.0
    asked_at: float = 0.0
    asking: int = 0
    wait_until: float = 0.0


class SlotDesk:
    """Holds slots for this process. A process that is gone loses its slots after `SLOT_SECONDS`."""

    def __init__(self, store: MeterStore, clock: Clock) -> None:
        """Share `store` with the other processes."""
        self._store = store
        self._clock = clock
        self._process = new_id()
        self._slots: defaultdict[str, _Slots] = defaultdict(_Slots)
        self._renewed_at = clock.monotonic()

    async def enter(self, key: str, limit: int) -> bool:
        """Take a slot of `key`, of which there are `limit`; False when none is free.

        Raises:
            StorageError: the store does not answer, so that nothing is known.
        """
        slots = self._slots[key]
        slots.limit = limit
        if slots.free > 0 and slots.in_use < limit:
            slots.free -= 1
            slots.in_use += 1
            return True
        now = self._clock.monotonic()
        if slots.wait_until > now:
            return False
        is_busy = now - slots.asked_at < 1.0
        slots.asked_at = now
        more = min(limit // _SPARE_SHARE, slots.in_use) if is_busy and not slots.asking else 0
        got = await self._more(slots, SlotWish(key, 1 + more, limit))
        slots.free += max(0, got)
        if slots.free <= 0:  # nothing was had, and nothing became free meanwhile
            slots.wait_until = now + _BLOCK_SECONDS
            return False
        slots.free -= 1
        slots.in_use += 1
        slots.freed_at = now
        return True

    async def _more(self, slots: _Slots, wish: SlotWish) -> int:
        """Ask for slots; those of an asker who left meanwhile are free, and given back in a moment."""
        slots.asking += 1
        asking = asyncio.ensure_future(self._hold([wish]))
        try:
            return (await asyncio.shield(asking))[0]
        except asyncio.CancelledError:
            asking.add_done_callback(lambda done: _keep_free(slots, done))
            raise
        finally:
            slots.asking -= 1

    def leave(self, key: str) -> None:
        """Give a slot back."""
        slots = self._slots[key]
        slots.in_use -= 1
        slots.free += 1
        slots.freed_at = self._clock.monotonic()
        slots.wait_until = 0.0

    async def keep_up(self) -> None:
        """Give back what is not used, and renew what is."""
        now = self._clock.monotonic()
        if any(slots.in_use or slots.free for slots in self._slots.values()) and (
            now - self._renewed_at > SLOT_SECONDS / 3
        ):
            await asyncio.to_thread(self._store.renew, self._process, self._clock.now().timestamp())
            self._renewed_at = now
        await self._release([key for key, slots in self._slots.items() if now - slots.freed_at > _IDLE_SECONDS])

    async def stop(self) -> None:
        """Give everything back."""
        for slots in self._slots.values():
            slots.free += slots.in_use
            slots.in_use = 0
        await self._release(list(self._slots))

    async def _release(self, keys: list[str]) -> None:
        idle = [(key, self._slots[key].free) for key in keys if self._slots[key].free]
        for key, free in idle:
            self._slots[key].free -= free
        if idle:
            await self._hold([SlotWish(key, -free, self._slots[key].limit) for key, free in idle])
        for key in keys:
            slots = self._slots[key]
            if not (slots.in_use or slots.free or slots.asking):
                del self._slots[key]

    async def _hold(self, wishes: list[SlotWish]) -> list[int]:
        return await asyncio.to_thread(self._store.hold, self._process, wishes, self._clock.now().timestamp())


def _keep_free(slots: _Slots, asked: "asyncio.Future[list[int]]") -> None:
    if not asked.cancelled() and asked.exception() is None:
        slots.free += max(0, asked.result()[0])
