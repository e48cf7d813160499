"""Places, the queue before them, and the account of who was turned away."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.admission import Admission
from guiju.gateway.errors import EvidenceUnavailableError, OverloadedError
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import App, Limits
from guiju.kit.clock import SystemClock
from guiju.ledger.models import Draft

APP = App("11111111-1111-7111-8111-111111111111", "a")
FULL = OverloadedError("满", "full")


class Kept:
    """Takes entries, or cannot."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.is_broken = False

    async def keep(self, draft: Draft) -> None:
        if self.is_broken:
            raise EvidenceUnavailableError("坏", "broken")
        self.drafts.append(draft)

    @property
    def counts(self) -> list[object]:
        return [draft.body["count"] for draft in self.drafts]


def made(kept: Kept, **limits: float) -> Admission:
    return Admission(Limits(**limits), SystemClock(), Metrics(), keep=kept.keep)  # type: ignore[arg-type]


async def test_who_waits_gets_a_place_in_the_order_of_coming() -> None:
    admission = made(Kept(), open_exchanges=1, queued_exchanges=3)
    await admission.enter()
    order: list[int] = []

    async def wait(number: int) -> None:
        await admission.enter()
        order.append(number)
        admission.leave()

    waiting = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await admission.enter()
    admission.leave()
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2]


async def test_nobody_waits_longer_than_told() -> None:
    admission = made(Kept(), open_exchanges=1, queued_exchanges=1, queue_seconds=0.05)
    await admission.enter()
    with pytest.raises(OverloadedError) as caught:
        await admission.enter()
    assert caught.value.retry_after_seconds > 0
    admission.leave()
    await admission.enter()


class Crowd:
    """Callers that come, go in, go out and go away."""

    def __init__(self) -> None:
        self.admission = made(Kept(), open_exchanges=2, queued_exchanges=2, queue_seconds=60)
        self.inside = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def _come(self) -> None:
        with contextlib.suppress(OverloadedError):
            await self.admission.enter()
            self.inside += 1

    async def do(self, step: str) -> None:
        if step == "come":
            self.tasks.append(asyncio.create_task(self._come()))
        elif step == "leave" and self.inside:
            self.inside -= 1
            self.admission.leave()
        elif step == "go away" and self.tasks:
            self.tasks[-1].cancel()
        else:
            await asyncio.sleep(0)
        assert self.inside <= 2

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        while self.inside:
            await self.do("leave")


@given(st.lists(st.sampled_from(["come", "leave", "go away", "turn"]), max_size=60))
def test_there_are_never_more_inside_than_places_and_none_is_lost(steps: list[str]) -> None:
    async def play() -> None:
        crowd = Crowd()
        for step in steps:
            await crowd.do(step)
        await crowd.end()
        assert crowd.admission._inside == 0
        assert not crowd.admission._queue

    asyncio.run(play())


async def test_who_is_turned_away_is_counted_and_written_as_one_entry() -> None:
    kept = Kept()
    admission = made(kept)
    for _ in range(10_000):
        admission.turned_away(APP, FULL)
    await admission.settle()
    assert kept.counts == [10_000]
    (draft,) = kept.drafts
    assert (draft.action, draft.subject, draft.body["code"]) == ("exchange.shed", f"app:{APP.id}", "overloaded")
    await admission.settle()
    assert len(kept.drafts) == 1


async def test_what_cannot_be_written_is_written_later_with_what_came_meanwhile() -> None:
    kept = Kept()
    admission = made(kept)
    kept.is_broken = True
    admission.turned_away(APP, FULL)
    await admission.settle()
    admission.turned_away(APP, FULL)
    kept.is_broken = False
    await admission.settle()
    assert kept.counts == [2]
