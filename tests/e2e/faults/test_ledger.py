"""A ledger that cannot write: nothing leaves, everybody is told, and it goes on by itself when it can again."""

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.e2e.faults.conftest import Record, Row
from tests.e2e.faults.house import House, Said, read_on
from tests.e2e.faults.simulated import Servers, Tap

from guiju.ledger.models import EntryQuery


@contextmanager
def full_disk(house: House) -> Iterator[None]:
    """Let the kernel refuse every further byte that the process writes to a file."""
    unlimited = resource.prlimit(house.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(house.pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(house.pid, resource.RLIMIT_FSIZE, unlimited)


def until_answered(house: House, text: str) -> Said:
    """Ask until the house has come back by itself."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        said = house.ask()
        if said.status == 200 and said.text == text:
            return said
        time.sleep(0.1)
    raise AssertionError(b"".join(house.printed[-10:]).decode())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_disk_is_full(house: House, servers: Servers, record: Record, *, stream: bool) -> None:
    before = house.ask()
    with full_disk(house):
        refused = house.ask(stream=stream)
        assert refused.status == 503
        assert refused.error["code"] == "evidence_unavailable"
        assert servers.upstream.text not in refused.raw.decode()
        assert house.get("/healthz").status == 200
        assert house.get("/readyz").status == 503
    after = until_answered(house, servers.upstream.text)
    assert house.evidence(before)
    assert house.get("/readyz").status == 200
    record(
        Row(
            f"磁盘写满 / the disk is full，{'流式 / stream' if stream else '整段 / whole'}",
            refused.words(),
            "预写与账本都写不进，所以一个字也没放出；恢复后 " + house.evidence(after),
            "之前确认过的都在；恢复后自动继续 / all that was acknowledged is there; it goes on by itself",
        )
    )


def test_the_disk_fills_in_mid_stream(house: House, servers: Servers, record: Record) -> None:
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 60, 0.004
    connection = house.connect()
    house.begin(connection)
    said = Said()
    response = connection.getresponse()
    read_on(response, said, lambda so_far: len(so_far.text) > 30)
    with full_disk(house):
        read_on(response, said)
    assert said.error["code"] == "evidence_unavailable"
    servers.reset()
    until_answered(house, servers.upstream.text)
    body = house.closing(said.exchange)
    house.hold_against(said, body)
    assert body["outcome"] == "evidence_failed"
    record(
        Row(
            "磁盘在回答中途写满 / the disk fills in mid-stream",
            said.words(),
            house.evidence(said),
            "写得进的才放出：客户端收到的与证据逐字相同 / only what could be written left",
        )
    )


def test_the_database_is_down_and_comes_back(tapped_house: House, servers: Servers, tap: Tap, record: Record) -> None:
    house = tapped_house
    acknowledged = [house.ask() for _ in range(3)]
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 20, 0.004
    connection = house.connect()
    house.begin(connection)
    said = Said()
    response = connection.getresponse()
    read_on(response, said, lambda so_far: len(so_far.text) > 10)
    house.close_books()
    tap.shut()
    read_on(response, said)
    assert said.error["code"] == "evidence_unavailable"
    refused = house.ask()
    assert (refused.status, refused.error["code"]) == (503, "evidence_unavailable")
    tap.open()
    servers.reset()
    until_answered(house, servers.upstream.text)
    body = house.closing(said.exchange)
    house.hold_against(said, body)
    assert body["outcome"] == "evidence_failed"
    for one in acknowledged:
        assert house.closing(one.exchange)["outcome"] == "answered"
    record(
        Row(
            "数据库断开又恢复（PostgreSQL）/ the database goes down and comes back",
            f"进行中：{said.words()}；新的请求：{refused.words()}",
            house.evidence(said),
            "预写日志留住已放出的，恢复后补记 / the spool kept what had left; it was recorded afterwards",
        )
    )


def test_the_database_is_slow(tapped_house: House, servers: Servers, tap: Tap, record: Record) -> None:
    house = tapped_house
    until_answered(house, servers.upstream.text)
    tap.delay_seconds = 0.03
    try:
        answers: list[Said] = []
        threads = [threading.Thread(target=lambda: answers.append(house.ask(stream=True))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        tap.delay_seconds = 0.0
    assert [said.text for said in answers] == [servers.upstream.text] * 4
    evidence = {house.evidence(said) for said in answers}
    assert len(house.ledger.find(EntryQuery(actions=("exchange.closed",), limit=100))) >= 4
    record(
        Row(
            "数据库很慢（每次往返加 0.06 秒）/ the database is slow (0.06 s more a round trip)",
            {said.words() for said in answers}.pop(),
            evidence.pop(),
            "第一个字等到开始条目落盘，结束等到结束条目落盘；四个并发都完整 / late, and whole",
        )
    )
