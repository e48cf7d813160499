"""The job table: one lease at a time, nothing lost, on both databases."""

import threading
from datetime import timedelta

from guiju.kit.clock import FixedClock
from guiju.storage.database import Database
from guiju.storage.jobs import Job, JobQueue


def test_a_job_is_leased_once_and_finished(database: Database, clock: FixedClock) -> None:
    queue = JobQueue(database, clock, owner="a")
    job_id = queue.put("ledger.checkpoint", {"log": "main"})
    job = queue.lease(("ledger.checkpoint",), seconds=60)
    assert job is not None
    assert job.id == job_id
    assert JobQueue(database, clock, owner="b").lease(("ledger.checkpoint",), seconds=60) is None
    assert queue.finish(job)
    assert queue.lease(("ledger.checkpoint",), seconds=60) is None


def test_an_expired_lease_goes_to_another_and_the_first_owner_cannot_finish(
    database: Database, clock: FixedClock
) -> None:
    queue = JobQueue(database, clock, owner="a")
    queue.put("x", {})
    first = queue.lease(("x",), seconds=10)
    clock.advance(11)
    second = JobQueue(database, clock, owner="b").lease(("x",), seconds=10)
    assert first is not None
    assert second is not None
    assert not queue.finish(first)
    assert JobQueue(database, clock, owner="b").finish(second)


def test_a_failed_job_comes_back_later_and_at_last_stays_failed(database: Database, clock: FixedClock) -> None:
    queue = JobQueue(database, clock, owner="a")
    queue.put("x", {})
    for attempt in range(1, 9):
        clock.advance(1000)
        job = queue.lease(("x",), seconds=5)
        assert job is not None
        assert job.attempts == attempt
        assert queue.fail(job, "the disk is full")
        assert queue.lease(("x",), seconds=5) is None
    clock.advance(10_000)
    assert queue.lease(("x",), seconds=5) is None


def test_a_dedupe_key_keeps_one(database: Database, clock: FixedClock) -> None:
    queue = JobQueue(database, clock, owner="a")
    assert queue.put("x", {}, dedupe_key="daily") == queue.put("x", {"again": True}, dedupe_key="daily")


def test_a_job_waits_for_its_time(database: Database, clock: FixedClock) -> None:
    queue = JobQueue(database, clock, owner="a")
    queue.put("x", {}, run_at=clock.now() + timedelta(hours=1))
    assert queue.lease(("x",), seconds=5) is None
    clock.advance(3600)
    assert queue.lease(("x",), seconds=5) is not None


def test_racing_threads_share_jobs_without_overlap(database: Database, clock: FixedClock) -> None:
    for _ in range(12):
        JobQueue(database, clock, owner="put").put("x", {})
    taken: list[Job] = []
    lock = threading.Lock()

    def work(owner: str) -> None:
        queue = JobQueue(database, clock, owner=owner)
        while (job := queue.lease(("x",), seconds=100)) is not None:
            with lock:
                taken.append(job)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [job.id for job in taken]
    assert len(ids) == len(set(ids))
    while (job := JobQueue(database, clock, owner="rest").lease(("x",), seconds=100)) is not None:
        ids.append(job.id)
    assert len(ids) == 12
