"""Answers made by a thread: in order, stopped when nobody wants them, and failures are said, never silent."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from guiju.gateway.errors import UpstreamDiedError, UpstreamStatusError
from guiju.gateway.upstreams.interface import Event
from guiju.gateway.upstreams.threaded import Starting, ThreadedSource


def started(start: Starting) -> tuple[ThreadedSource, threading.Thread]:
    source = ThreadedSource("m")
    thread = threading.Thread(target=source.produce, args=(start,), daemon=True)
    thread.start()
    return source, thread


async def all_of(source: ThreadedSource) -> list[Event]:
    found: list[Event] = []
    while (events := await source.read()) is not None:
        found += events
    return found


async def test_every_event_comes_once_and_in_order() -> None:
    wanted: list[Event] = [{"n": n} for n in range(500)]
    source, _ = started(lambda: iter(wanted))
    await source.begun()
    assert await all_of(source) == wanted
    assert source.is_done


async def test_an_answer_that_nobody_wants_any_more_stops_at_the_next_event() -> None:
    made = 0
    go = threading.Event()

    def endless() -> Iterator[Event]:
        nonlocal made
        while True:
            made += 1
            yield {"n": made}
            go.wait(5)

    source, thread = started(endless)
    await source.begun()
    await source.close()
    go.set()
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()
    assert made <= 3


@pytest.mark.parametrize(
    ("error", "expected"), [(ValueError("too long"), UpstreamStatusError), (RuntimeError("x"), UpstreamDiedError)]
)
async def test_what_came_before_a_failure_is_handed_out_and_then_the_failure(
    error: Exception, expected: type[Exception]
) -> None:
    def failing() -> Iterator[Event]:
        yield {"n": 1}
        raise error

    source, thread = started(failing)
    await asyncio.to_thread(thread.join, 5)
    await asyncio.sleep(0)
    assert await source.read() == [{"n": 1}]
    with pytest.raises(expected):
        await source.read()


async def test_a_model_that_cannot_begin_says_so_at_once() -> None:
    def failing() -> Iterator[Event]:
        raise OSError("no such file")

    source, _ = started(failing)
    with pytest.raises(UpstreamDiedError):
        await source.begun()
