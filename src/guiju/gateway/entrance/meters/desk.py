"""What this process holds of the meters: small leases, so that most calls are decided without asking anybody.

The bound: every unit that is used was taken from the shared meter at most `LEASE_SECONDS` before. So in any W seconds
all processes together use at most capacity + rate × (W + LEASE_SECONDS), however many they are; and of a day or a month
never more than its capacity. What a lease holds and nobody uses is lost to a bucket, and given back to a count.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from guiju.gateway.entrance.meters.interface import MeterStore
from guiju.gateway.entrance.meters.models import Grant, Meter, Take
from guiju.kit.clock import Clock
from guiju.kit.errors import GuijuError

LEASE_SECONDS = 1.0
_PERIOD_SHARE = 200  # of a day's or month's count, a process leases at most so small a part
_BLOCK_SECONDS = 1.0  # for so long a process does not ask again after it was told that there is nothing
_BATCH = 256
_IDLE_SECONDS = 60.0
_HELD_MOST = 100_000
_PRUNE_SECONDS = 3600.0


@dataclass(slots=True)
class _Held:
    """What is held of one meter.

    Attributes:
        units: that may be used until `until`.
        owed: that were used and the store has not heard of; negative for what was taken and not used.
        size: of the next lease.
        remaining: in the store, when it was last asked.
        wait_until: so much as `denied` was not to be had before this.
        wait_for: when more will be there, as the store said.
        is_asking: whether a lease is under way.
    """

    meter: Meter
    units: float = 0.0
    until: float = 0.0
    owed: float = 0.0
    size: float = 0.0
    remaining: float = 0.0
    leased_at: float = 0.0
    wait_until: float = 0.0
    denied: float = 0.0
    wait_for: float = 0.0
    used_at: float = 0.0
    is_asking: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """There is not enough of `meter`; it will be in `wait_seconds` (infinite: never)."""

    meter: Meter
    wait_seconds: float


@dataclass(slots=True)
class _Question:
    takes: list[Take]
    answer: "asyncio.Future[list[Grant]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class MeterDesk:
    """Takes from meters for this process; everything that is asked at once goes to the store together."""

    def __init__(self, store: MeterStore, clock: Clock) -> None:
        """Share `store` with the other processes."""
        self._store = store
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._questions: list[_Question] = []
        self._asking: asyncio.Task[None] | None = None
        self._pruned_at = clock.monotonic()

    async def take(self, wants: Sequence[tuple[Meter, float]]) -> Denied | None:
        """Take so much of every meter, or of none.

        Raises:
            StorageError: the store does not answer, so that nothing is known.
        """
        taken: list[tuple[_Held, float, float]] = []
        lacking: list[tuple[_Held, float]] = []
        now = self._clock.monotonic()
        for meter, amount in wants:
            held = self._of(meter, now)
            if held.units >= amount and held.until > now:
                held.units -= amount
                taken.append((held, amount, held.until))
            elif held.wait_until > now and amount >= held.denied:
                self._give_back(taken)
                return Denied(meter, max(0.0, held.wait_for - now))
            else:
                lacking.append((held, amount))
        if not lacking:
            return None
        try:
            return await self._lease(lacking, taken)
        except BaseException:
            self._give_back(taken)
            raise

    def charge(self, meter: Meter, amount: float) -> None:
        """Count what was used beyond what was taken, or, negative, what was taken and not used."""
        now = self._clock.monotonic()
        held = self._of(meter, now)
        if amount > 0 and held.until > now:
            own = min(held.units, amount)
            held.units -= own
            amount -= own
        held.owed += amount

    def standing(self, meter: Meter) -> float:
        """Return how much is left of a meter, as far as this process knows."""
        held = self._held.get(meter.key)
        return meter.capacity if held is None else held.remaining + held.units - held.owed

    def levels(self, meters: Sequence[Meter]) -> list[tuple[Meter, float]]:
        """Return what the store says is left of each; blocks."""
        grants = self._store.settle([Take(meter) for meter in meters], self._clock.now().timestamp()) if meters else []
        return [(meter, grant.remaining) for meter, grant in zip(meters, grants, strict=True)]

    async def keep_up(self) -> None:
        """Tell the store what was used, give back what is not, and forget what nobody asks about."""
        now = self._clock.monotonic()
        takes = []
        for key in list(self._held):
            held = self._held[key]
            self._expire(held, now)
            if held.owed:
                takes.append(self._paying(held))
            elif held.units == 0 and not held.is_asking and now - held.used_at > _IDLE_SECONDS:
                del self._held[key]
        if takes:
            await self._tell(takes)
        if now - self._pruned_at > _PRUNE_SECONDS:
            self._pruned_at = now
            await asyncio.to_thread(self._store.prune, self._clock.now().timestamp())

    async def stop(self) -> None:
        """Give back and tell everything."""
        for held in self._held.values():
            held.until = 0.0
        await self.keep_up()

    async def _tell(self, takes: list[Take]) -> None:
        try:
            await self._ask(takes)
        except GuijuError:
            for take in takes:  # told in the next round
                self._of(take.meter, self._clock.monotonic()).owed += take.charge
            raise

    async def _lease(
        self, lacking: list[tuple[_Held, float]], taken: list[tuple[_Held, float, float]]
    ) -> Denied | None:
        now = self._clock.monotonic()
        takes = [self._leasing(held, amount, now) for held, amount in lacking]
        try:
            grants = await self._ask(takes)
        except GuijuError:
            for (held, _), take in zip(lacking, takes, strict=True):
                held.owed += take.charge
            raise
        finally:
            for held, _ in lacking:
                held.is_asking = False
        denied = None
        for (held, amount), grant in zip(lacking, grants, strict=True):
            if self._granted(held, amount, grant, asked_at=now):
                held.units -= amount
                taken.append((held, amount, held.until))
            else:
                denied = denied or Denied(held.meter, grant.wait_seconds)
        if denied is not None:
            self._give_back(taken)
        return denied

    def _leasing(self, held: _Held, amount: float, now: float) -> Take:
        meter = held.meter
        most = meter.per_second * LEASE_SECONDS if not meter.period else meter.capacity / _PERIOD_SHARE
        is_busy = now - held.leased_at < LEASE_SECONDS
        held.size = min(most, max(amount, held.size * 2) if is_busy else max(amount, held.size / 2))
        more = 0.0 if held.is_asking else max(0.0, float(int(held.size)) - amount)
        held.is_asking = True
        held.leased_at = now
        paying = self._paying(held)
        return Take(meter, charge=paying.charge, want=amount + more, least=amount)

    def _granted(self, held: _Held, amount: float, grant: Grant, *, asked_at: float) -> bool:
        """Take a grant into what is held; its second runs from when it was asked for, before it was taken."""
        self._expire(held, self._clock.monotonic())
        held.remaining = grant.remaining
        if grant.granted <= 0:
            held.wait_until = asked_at + min(grant.wait_seconds, _BLOCK_SECONDS)
            held.wait_for = asked_at + grant.wait_seconds
            held.denied = amount
            return False
        ends = asked_at + LEASE_SECONDS
        held.until = min(held.until, ends) if held.units > 0 else ends
        held.units += grant.granted
        return True

    def _give_back(self, taken: list[tuple[_Held, float, float]]) -> None:
        now = self._clock.monotonic()
        for held, amount, until in taken:
            if until > now and held.until <= until:
                held.units += amount
            elif held.meter.period:
                held.owed -= amount
        taken.clear()

    def _of(self, meter: Meter, now: float) -> _Held:
        held = self._held.get(meter.key)
        if held is None:
            if len(self._held) >= _HELD_MOST:
                self._make_room()
            held = self._held[meter.key] = _Held(meter, remaining=meter.capacity)
        elif held.meter.capacity != meter.capacity or held.meter.period != meter.period:
            self._change(held, meter)
        else:
            self._expire(held, now)
        held.used_at = now
        return held

    def _change(self, held: _Held, meter: Meter) -> None:
        """Go on with another limit or another day: what was held of the old one is not carried over."""
        if held.meter.period and held.meter.period == meter.period:
            held.owed -= held.units
        elif held.meter.period:
            held.owed = max(0.0, held.owed)
        held.units = held.size = held.wait_until = 0.0
        held.meter = meter

    def _expire(self, held: _Held, now: float) -> None:
        if held.units and held.until <= now:
            if held.meter.period:
                held.owed -= held.units
            held.units = 0.0

    def _paying(self, held: _Held) -> Take:
        owed, held.owed = held.owed, 0.0
        return Take(held.meter, charge=owed)

    def _make_room(self) -> None:
        for key in [key for key, held in self._held.items() if not held.owed and not held.is_asking]:
            del self._held[key]

    async def _ask(self, takes: list[Take]) -> list[Grant]:
        question = _Question(takes)
        self._questions.append(question)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_store())
        return await question.answer

    async def _ask_store(self) -> None:
        while self._questions:
            some, self._questions = self._questions[:_BATCH], self._questions[_BATCH:]
            takes = [take for question in some for take in question.takes]
            try:
                grants = await asyncio.to_thread(self._store.settle, takes, self._clock.now().timestamp())
            except GuijuError as error:
                for question in some:
                    if not question.answer.done():
                        question.answer.set_exception(error)
                continue
            at = 0
            for question in some:
                own = grants[at : at + len(question.takes)]
                at += len(question.takes)
                if question.answer.done():  # whoever asked is gone: a count gets it back, a bucket is a little emptier
                    self._return(question.takes, own)
                else:
                    question.answer.set_result(own)

    def _return(self, takes: list[Take], grants: list[Grant]) -> None:
        for take, grant in zip(takes, grants, strict=True):
            if take.meter.period:
                self._of(take.meter, self._clock.monotonic()).owed -= grant.granted
