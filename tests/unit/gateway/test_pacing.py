"""Drafts reach the ledger in the order in which they came; a lone one never waits."""

import asyncio
import time
from collections.abc import Coroutine

import pytest

from guiju.gateway.pacing import Pacer
from guiju.kit.errors import StorageError
from guiju.ledger.models import Draft, Receipt


class SimulatedTime(asyncio.SelectorEventLoop):
    """A loop whose clock stands while something runs, and jumps to the next timer when nothing does."""

    now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        waiting, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        if timers and not waiting:
            self.now = max(self.now, timers[0].when())
        super()._run_once()  # type: ignore[misc]


def simulated(work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:
        runner.run(work)


class Listening:
    def __init__(self) -> None:
        self.got: list[tuple[str, float]] = []
        self.is_broken = False

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        loop = asyncio.get_running_loop()
        self.got.append((draft.id, loop.time()))
        if self.is_broken:
            raise StorageError("满", "full")
        future = future or loop.create_future()
        loop.call_soon(future.set_result, Receipt(len(self.got), draft.id))
        return future


def draft(number: int) -> Draft:
    return Draft(action="a.b", actor="system", subject="s:1", id=str(number))


def test_a_lone_draft_is_handed_on_at_once() -> None:
    async def work() -> None:
        ledger = Listening()
        pacer = Pacer(ledger)
        for number in range(3):
            began = asyncio.get_running_loop().time()
            assert (await pacer.submit(draft(number))).id == str(number)
            assert asyncio.get_running_loop().time() == began
            await asyncio.sleep(0.02)

    simulated(work())


async def test_the_order_holds_under_any_load() -> None:
    ledger = Listening()
    pacer = Pacer(ledger)
    tasks = []
    for number in range(400):
        tasks.append(pacer.submit(draft(number)))
        if number % 7 == 0:
            await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)
    assert [name for name, _ in ledger.got] == [str(number) for number in range(400)]


async def test_the_order_holds_when_the_loop_stalls_while_a_group_waits() -> None:
    ledger = Listening()
    pacer = Pacer(ledger)
    tasks = []
    for number in range(400):
        tasks.append(pacer.submit(draft(number)))
        if number % 7 == 0:
            await asyncio.sleep(0.001)
        if number % 90 == 89:
            time.sleep(0.1)  # noqa: ASYNC251 - the stall is what is tested
    await asyncio.gather(*tasks)
    assert [name for name, _ in ledger.got] == [str(number) for number in range(400)]


def test_under_load_drafts_go_in_groups() -> None:
    async def work() -> None:
        ledger = Listening()
        pacer = Pacer(ledger)
        tasks = []
        for number in range(200):
            tasks.append(pacer.submit(draft(number)))
            await asyncio.sleep(0.00047)  # never on the end of a window, which could then fall before or after it
        await asyncio.gather(*tasks)
        # The first window of 12 ms passes everybody at once; after it, each window ends with one group.
        assert len({at for _, at in ledger.got}) <= 26 + 200 * 0.00047 / 0.012 + 1

    simulated(work())


async def test_one_waiter_that_is_cancelled_takes_nobody_with_it() -> None:
    ledger = Listening()
    pacer = Pacer(ledger)
    tasks = [pacer.submit(draft(number)) for number in range(10)]
    await asyncio.sleep(0.013)
    late = [pacer.submit(draft(number)) for number in range(10, 20)]
    await asyncio.sleep(0)
    late[0].cancel()
    await asyncio.gather(*tasks, *late[1:])
    assert len(ledger.got) == 19


async def test_a_failure_reaches_its_caller() -> None:
    ledger = Listening()
    ledger.is_broken = True
    with pytest.raises(StorageError):
        await Pacer(ledger).submit(draft(1))
