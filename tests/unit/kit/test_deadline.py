"""A deadline ends what takes too long, and nothing else."""

import asyncio

import pytest

from guiju.kit.deadline import Deadline


async def test_work_in_time_is_left_alone() -> None:
    with Deadline(5):
        await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_work_that_takes_too_long_ends_with_a_timeout_and_the_task_goes_on() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.sleep(60)
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_no_time_at_all_ends_at_the_first_wait() -> None:
    with pytest.raises(TimeoutError), Deadline(-1):
        await asyncio.sleep(60)


async def test_a_cancellation_by_others_stays_one() -> None:
    async def work() -> None:
        with Deadline(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_cancellation_by_others_after_time_was_up_stays_one() -> None:
    async def work() -> None:
        with Deadline(0.01):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(60)  # slow to go
                raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_goes_through() -> None:
    with pytest.raises(ValueError, match="mine"), Deadline(5):
        raise ValueError("mine")


async def test_one_inside_another() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01), Deadline(60):
        await asyncio.sleep(60)
    with Deadline(60):
        with pytest.raises(TimeoutError), Deadline(0.01):
            await asyncio.sleep(60)
        await asyncio.sleep(0)
