"""What waits for the sequencer, and how its caller gets the answer."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import TypeAlias

from guiju.kit.errors import GuijuError
from guiju.kit.quick import quick
from guiju.ledger.heads import ProvisionSet
from guiju.ledger.models import Draft, ErasureReceipt, Receipt


@quick
@dataclass(frozen=True, slots=True)
class AsyncWaiter:
    """A coroutine that waits in its own event loop."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Receipt]"


@quick
@dataclass(frozen=True, slots=True)
class Waiting:
    """One checked draft: its id, the canonical bytes of its body, the texts that its head will hold."""

    draft: Draft
    id: str
    body: bytes
    occurred_at: str
    provisions: ProvisionSet
    waiter: "Future[Receipt] | AsyncWaiter"


@dataclass(frozen=True, slots=True)
class WaitingErasure:
    """One person to be erased."""

    person: str
    actor: str
    reason: str
    provisions: tuple[str, ...]
    waiter: "Future[ErasureReceipt]"


Answer: TypeAlias = Receipt | GuijuError


def answer(answers: Iterable[tuple[Waiting, Answer]]) -> None:
    """Tell every waiting caller; an event loop is woken once, however many of its coroutines get an answer."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Answer]]] = {}
    for item, result in answers:
        waiter = item.waiter
        if isinstance(waiter, AsyncWaiter):
            loops.setdefault(waiter.loop, []).append((waiter.future, result))
        else:
            _settle(waiter, result)
    for loop, settled in loops.items():
        try:
            loop.call_soon_threadsafe(_settle_all, settled)
        except RuntimeError:
            continue  # the loop is closed: nobody waits any more, and what was written stays written


def _settle_all(settled: "list[tuple[asyncio.Future[Receipt], Answer]]") -> None:
    for future, result in settled:
        if not future.done():
            _settle(future, result)


def _settle(future: "Future[Receipt] | asyncio.Future[Receipt]", result: Answer) -> None:
    try:
        if isinstance(result, Receipt):
            future.set_result(result)
        else:
            future.set_exception(result)
    except InvalidStateError:
        return  # the caller has cancelled; what was written stays written
