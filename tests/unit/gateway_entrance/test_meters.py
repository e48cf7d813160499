"""Meters: all stores do the same sums, and never give more than the rate over any stretch, however many take."""

import asyncio
import itertools
import math
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.gateway.entrance.meters.desk import LEASE_SECONDS, MeterDesk
from guiju.gateway.entrance.meters.interface import SLOT_SECONDS, MeterStore
from guiju.gateway.entrance.meters.models import Grant, Level, Meter, SlotWish, Take
from guiju.gateway.entrance.meters.rules import level_now, settled, slots_granted
from guiju.gateway.entrance.meters.slots import SlotDesk
from guiju.kit.clock import FixedClock, SystemClock
from guiju.kit.errors import StorageError

START = datetime(2026, 11, 26, 4, tzinfo=UTC)


@dataclass
class MemoryMeters:
    """The rules alone, as a store of one process: what the real stores are held against."""

    levels: dict[str, Level] = field(default_factory=dict)
    slots: dict[tuple[str, str], int] = field(default_factory=dict)
    pruned: int = 0
    asked: int = 0
    is_broken: bool = False

    def settle(self, takes: Sequence[Take], now: float) -> list[Grant]:
        self.asked += 1
        if self.is_broken:
            raise StorageError("坏了。", "Broken.")
        grants = []
        for take in takes:
            level = level_now(take.meter, self.levels.get(take.meter.key), now)
            self.levels[take.meter.key], grant = settled(level, take, now)
            grants.append(grant)
        return grants

    def hold(self, process: str, wishes: Sequence[SlotWish], now: float) -> list[int]:
        del now
        got = []
        for wish in wishes:
            held = sum(count for (key, _), count in self.slots.items() if key == wish.key)
            granted = slots_granted(wish.by, wish.limit, held)
            self.slots[wish.key, process] = self.slots.get((wish.key, process), 0) + granted
            got.append(granted)
        return got

    def renew(self, process: str, now: float) -> None: ...

    def prune(self, now: float) -> None:
        del now
        self.pruned += 1


def bucket(capacity: float, per_second: float, key: str = "") -> Meter:
    return Meter(key or uuid.uuid4().hex, "requests_per_minute", "app", capacity, per_second)


def day(capacity: float, period: str = "2026-11-26", key: str = "") -> Meter:
    return Meter(key or uuid.uuid4().hex, "requests_per_day", "app", capacity, 0.0, period, 2e9)


STEPS = st.lists(
    st.tuples(
        st.floats(-2, 30).map(lambda seconds: round(seconds, 3)),
        st.integers(-5, 20),
        st.integers(0, 15),
        st.integers(0, 6),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, capacity=st.integers(0, 20), rate=st.sampled_from([0.0, 0.1, 1.0, 7.0]))
def test_every_store_does_the_same_sums(
    stores: tuple[MeterStore, MeterStore],
    steps: list[tuple[float, int, int, int, bool]],
    capacity: int,
    rate: float,
) -> None:
    one, count, name = bucket(capacity, rate), day(capacity), uuid.uuid4().hex
    second = day(capacity, "2026-11-27", name)
    plain, now = MemoryMeters(), START.timestamp()
    for number, (seconds, charge, want, least, is_bucket) in enumerate(steps):
        now += seconds
        meter = one if is_bucket else (count if number % 2 else second)
        take = Take(meter, float(charge), float(want), float(min(least, want)))
        (real,) = stores[number % 2].settle([take], now)
        (wanted,) = plain.settle([take], now)
        assert real.granted == wanted.granted
        assert math.isclose(real.remaining, wanted.remaining, abs_tol=1e-6)
        assert real.wait_seconds == wanted.wait_seconds or math.isclose(
            real.wait_seconds, wanted.wait_seconds, rel_tol=1e-6
        )


def test_takes_at_the_same_time_never_pass_the_capacity(stores: tuple[MeterStore, MeterStore]) -> None:
    meters = [day(40), day(40)]
    now = START.timestamp()

    def take(number: int) -> float:
        order = meters if number % 2 else meters[::-1]
        return sum(grant.granted for grant in stores[number % 2].settle([Take(m, 0, 3, 1) for m in order], now))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(60))) == 80
    assert [grant.remaining for grant in stores[0].settle([Take(m) for m in meters], now)] == [0, 0]


@dataclass
class Use:
    at: float
    amount: float


ARRIVALS = st.lists(st.tuples(st.floats(0, 1.5), st.integers(0, 3), st.integers(1, 30)), min_size=1, max_size=60)


async def used(store: MeterStore, meter: Meter, arrivals: list[tuple[float, int, int]], keep_up: int) -> list[Use]:
    """Let four processes take one unit at a time, in bursts, as the arrivals say; return what was used, and when."""
    clock = FixedClock(START)
    desks = [MeterDesk(store, clock) for _ in range(4)]
    uses = []
    for number, (pause, process, burst) in enumerate(arrivals):
        clock.advance(pause)
        if number % keep_up == 0:
            await desks[process].keep_up()
        denied = await asyncio.gather(*(desks[process].take([(meter, 1.0)]) for _ in range(burst)))
        uses.append(Use(clock.monotonic(), denied.count(None)))
    return uses


@settings(max_examples=60, deadline=None)
@given(
    arrivals=ARRIVALS,
    capacity=st.integers(1, 40),
    rate=st.sampled_from([0.2, 1.0, 5.0, 40.0]),
    keep_up=st.integers(1, 5),
)
def test_in_no_stretch_do_all_processes_use_more_than_the_bound(
    arrivals: list[tuple[float, int, int]], capacity: int, rate: float, keep_up: int
) -> None:
    uses = asyncio.run(used(MemoryMeters(), bucket(capacity, rate), arrivals, keep_up))
    for first, last in itertools.combinations_with_replacement(range(len(uses)), 2):
        stretch = uses[last].at - uses[first].at
        total = sum(use.amount for use in uses[first : last + 1])
        assert total <= capacity + rate * (stretch + LEASE_SECONDS) + 1e-6


async def test_what_processes_hold_is_worth_nothing_a_second_later() -> None:
    """Four processes lease as much as they can, wait until the bucket is empty again, and then all take at once."""
    store, clock, meter = MemoryMeters(), FixedClock(START), bucket(400, 40)
    desks = [MeterDesk(store, clock) for _ in range(4)]
    for _ in range(6):
        clock.advance(0.5)
        for desk in desks:
            for _ in range(int(desk._of(meter, clock.monotonic()).units) + 1):
                await desk.take([(meter, 1.0)])
    assert sum(desk._of(meter, clock.monotonic()).units for desk in desks) > 80
    clock.advance(20)
    denied = await asyncio.gather(*(desk.take([(meter, 1.0)]) for desk in desks for _ in range(200)))
    assert 300 <= denied.count(None) <= 400


@settings(max_examples=40, deadline=None)
@given(arrivals=ARRIVALS, capacity=st.integers(0, 400), keep_up=st.integers(1, 5))
def test_of_a_day_never_more_is_used_than_there_is(
    arrivals: list[tuple[float, int, int]], capacity: int, keep_up: int
) -> None:
    uses = asyncio.run(used(MemoryMeters(), day(capacity), arrivals, keep_up))
    wanted = sum(burst for _, _, burst in arrivals)
    total = sum(use.amount for use in uses)
    assert total <= capacity
    if wanted <= capacity // 2:
        assert total == wanted


async def test_the_bound_holds_on_every_store(stores: tuple[MeterStore, MeterStore]) -> None:
    meter, clock = bucket(20, 10), SystemClock()
    desks = [MeterDesk(store, clock) for store in stores]
    started = clock.monotonic()
    taken = 0
    while clock.monotonic() - started < 1.0:
        denied = await asyncio.gather(*(desk.take([(meter, 1.0)]) for desk in desks for _ in range(5)))
        taken += denied.count(None)
        await asyncio.sleep(0.02)
    assert 20 <= taken <= 20 + 10 * (clock.monotonic() - started + LEASE_SECONDS)


async def test_a_busy_process_asks_once_a_second_or_so() -> None:
    store, clock = MemoryMeters(), FixedClock(START)
    desk, meter = MeterDesk(store, clock), bucket(60_000, 1000)
    for _ in range(4000):
        clock.advance(0.001)
        assert await desk.take([(meter, 1.0)]) is None
    assert store.asked <= 24


def test_a_meter_that_nobody_used_for_long_is_forgotten(stores: tuple[MeterStore, MeterStore]) -> None:
    meter, now = day(5), START.timestamp()
    assert stores[0].settle([Take(meter, 0, 3, 1)], now)[0].granted == 3
    stores[1].prune(now + 39 * 86400)
    assert stores[1].settle([Take(meter)], now)[0].remaining == 2


async def test_old_meters_are_looked_for_every_hour() -> None:
    store, clock = MemoryMeters(), FixedClock(START)
    desk = MeterDesk(store, clock)
    for _ in range(5):
        clock.advance(1801)
        await desk.keep_up()
    assert store.pruned == 2


async def test_all_or_nothing_is_taken() -> None:
    store, clock = MemoryMeters(), FixedClock(START)
    desk, plenty, none = MeterDesk(store, clock), day(10), day(0)
    for _ in range(5):
        denied = await desk.take([(plenty, 1.0), (none, 1.0)])
        assert denied is not None
        assert denied.meter == none
        clock.advance(2)
    await desk.stop()
    assert store.levels[plenty.key].used == 0


async def test_a_store_that_is_down_lets_nothing_in_and_forgets_no_charge() -> None:
    store, clock = MemoryMeters(), FixedClock(START)
    desk, meter = MeterDesk(store, clock), day(1000)
    desk.charge(meter, 7)
    store.is_broken = True
    with pytest.raises(StorageError):
        await desk.take([(meter, 1.0)])
    with pytest.raises(StorageError):
        await desk.keep_up()
    store.is_broken = False
    await desk.keep_up()
    assert store.levels[meter.key].used == 7


async def test_a_limit_that_is_raised_counts_at_once() -> None:
    store, clock = MemoryMeters(), FixedClock(START)
    desk, key = MeterDesk(store, clock), "k"
    assert await desk.take([(day(1, key=key), 1.0)]) is None
    assert await desk.take([(day(1, key=key), 1.0)]) is not None
    assert await desk.take([(day(2, key=key), 1.0)]) is None
    assert await desk.take([(day(2, key=key), 1.0)]) is not None


async def test_slots_are_never_more_than_there_are(stores: tuple[MeterStore, MeterStore]) -> None:
    clock, key = SystemClock(), uuid.uuid4().hex
    desks = [SlotDesk(store, clock) for store in stores]
    most = open_now = 0

    async def exchange(number: int) -> int:
        nonlocal most, open_now
        desk = desks[number % 2]
        if not await desk.enter(key, 5):
            return 0
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        desk.leave(key)
        return 1

    done = 0
    for _ in range(6):
        done += sum(await asyncio.gather(*(exchange(number) for number in range(20))))
        await asyncio.sleep(0.05)
    assert 5 <= most <= 5
    assert done >= 10
    for desk in desks:
        await desk.stop()
    assert stores[0].hold("p", [SlotWish(key, 5, 5)], clock.now().timestamp()) == [5]


def test_slots_of_a_process_that_is_gone_are_free_again(stores: tuple[MeterStore, MeterStore]) -> None:
    one, other = stores
    key, now = uuid.uuid4().hex, START.timestamp()
    assert one.hold("p1", [SlotWish(key, 3, 3)], now) == [3]
    assert other.hold("p2", [SlotWish(key, 1, 3)], now + SLOT_SECONDS - 1) == [0]
    one.renew("p1", now + SLOT_SECONDS - 1)
    assert other.hold("p2", [SlotWish(key, 1, 3)], now + SLOT_SECONDS + 1) == [0]
    assert other.hold("p2", [SlotWish(key, 2, 3)], now + 2 * SLOT_SECONDS) == [2]
    other.prune(now + 5 * SLOT_SECONDS)
    assert one.hold("p3", [SlotWish(key, 3, 3)], now + 5 * SLOT_SECONDS) == [3]


async def test_a_burst_of_a_lonely_process_is_let_in_as_far_as_there_are_slots() -> None:
    store = MemoryMeters()
    desk = SlotDesk(store, SystemClock())
    for burst, wanted in ((20, 20), (60, 60), (150, 100)):
        entered = await asyncio.gather(*(desk.enter("k", 100) for _ in range(burst)))
        assert entered.count(True) == wanted
        for _ in range(wanted):
            desk.leave("k")


async def test_a_caller_who_leaves_while_it_asks_leaves_its_slot_free() -> None:
    store = MemoryMeters()
    desk = SlotDesk(store, SystemClock())
    asking = asyncio.create_task(desk.enter("k", 1))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.05)
    assert await desk.enter("k", 1)
