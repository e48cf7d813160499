"""The gateway's own death: killed in mid-stream, stopped under load, its clock set back; on both databases."""

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.faults.conftest import Record, Row
from tests.e2e.faults.house import House, Said, prepare, read_on, start, stopped_clean
from tests.e2e.faults.simulated import Servers

from guiju.ledger.models import EntryQuery

WORKERS = 2


@pytest.fixture
def workers(servers: Servers, tmp_path: Path, database_url: str) -> Iterator[House]:
    """A house of two workers on a fresh database, once for each kind."""
    servers.reset()
    prepare(tmp_path / "var", servers.upstream.url, servers.guard.url)
    house = start(tmp_path / "var", database_url, workers=WORKERS, drain_seconds=0.8)
    with stopped_clean(house):
        yield house


class Stream:
    """A call in a thread of its own, under way."""

    def __init__(self, house: House, model: str = "m") -> None:
        self.said = Said()
        self._connection = house.connect()
        house.begin(self._connection, model)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            read_on(self._connection.getresponse(), self.said)
        except ConnectionError:
            self.said.is_cut = True

    def until(self, characters: int) -> "Stream":
        while len(self.said.raw.decode(errors="ignore")) < characters * 200 and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def whole(self) -> Said:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.said


def all_workers(house: House) -> list[int]:
    until = time.monotonic() + 30
    while len(house.workers) < WORKERS and time.monotonic() < until:
        time.sleep(0.05)
    return house.workers


def open_exchanges(house: House) -> list[int]:
    """Return how many exchanges each worker has open, as whoever is asked for /metrics hears from the others."""
    raw = house.get("/metrics").raw.decode()
    return [
        int(found[1]) if (found := re.search(rf'guiju_exchanges_open{{worker="{n}"}} (\d+)', raw)) else 0
        for n in range(WORKERS)
    ]


def wait_for_all(house: House) -> None:
    """Wait until every worker tells of itself, as whoever is asked for /metrics hears from the others."""
    until = time.monotonic() + 30
    while sum(b'guiju_worker_up{worker="%d"} 1' % n in house.get("/metrics").raw for n in range(WORKERS)) < WORKERS:
        assert time.monotonic() < until
        time.sleep(0.1)


def reload_everywhere(house: House) -> None:
    """SIGHUP to the supervisor reaches every worker."""
    house.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 30
    while len(house.ledger.find(EntryQuery(actions=("policy.reloaded",), limit=10))) < WORKERS:
        assert time.monotonic() < until
        time.sleep(0.05)


def kind_of(house: House) -> str:
    return "PostgreSQL" if house.settings.database_url.startswith("postgres") else "SQLite"


def test_killed_in_mid_stream_and_stopped_under_load(workers: House, servers: Servers, record: Record) -> None:
    assert len(all_workers(workers)) == WORKERS
    wait_for_all(workers)
    reload_everywhere(workers)
    kill_one(workers, servers, record)
    stop_all(workers, servers, record)


def kill_one(house: House, servers: Servers, record: Record) -> None:
    """Kill a worker while both stream."""
    before = {*house.workers}
    acknowledged = [house.ask() for _ in range(10)]
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 60, 0.005
    streams = [Stream(house).until(2) for _ in range(4)]
    while min(open_exchanges(house)) == 0:
        assert len(streams) < 60
        streams.append(Stream(house).until(2))
    os.kill(min(before), signal.SIGKILL)
    killed = [stream.whole() for stream in streams]
    lost = [said for said in killed if b"[DONE]" not in said.raw]
    kept = [said for said in killed if b"[DONE]" in said.raw]
    assert [said.text for said in kept] == [servers.upstream.text] * len(kept)
    servers.reset()
    assert [house.ask().text for _ in range(6)] == [servers.upstream.text] * 6, "the other one goes on"
    evidence = {house.evidence(said) for said in lost}
    assert evidence <= {"`exchange.interrupted`: outcome `interrupted`"}
    after = {*all_workers(house)}
    assert len(after) == WORKERS
    assert len(before & after) == WORKERS - 1, "the dead one was started again"
    wait_for_all(house)
    for said in acknowledged + kept:
        assert house.closing(said.exchange)["outcome"] == "answered"
    record(
        Row(
            f"一个进程在回答中途被 SIGKILL（{kind_of(house)}，共 {WORKERS} 个）/ SIGKILL of a worker in mid-stream",
            lost[0].words(),
            evidence.pop(),
            "重启的进程按预写补记到最后一个字；另一进程的流不受影响；确认过的都在 / recorded to the last character",
        )
    )


def stop_all(house: House, servers: Servers, record: Record) -> None:
    """Stop the whole house while calls are under way: short ones finish, a long one is ended and told so."""
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 5, 0.006
    short = [Stream(house).until(2) for _ in range(6)]
    servers.upstream.text, servers.upstream.pause_seconds = "没完没了。" * 2000, 0.01
    long = Stream(house).until(2)
    house.process.send_signal(signal.SIGTERM)
    refused = Said()
    with contextlib.suppress(OSError):
        time.sleep(0.1)
        refused = house.ask()
        assert house.get("/readyz").status == 503
    finished = [stream.whole() for stream in short]
    assert [said.text for said in finished] == ["从前有一个故事。" * 5] * 6
    cut = long.whole()
    assert house.process.wait(30) == 0, b"".join(house.printed).decode()
    assert {house.evidence(said) for said in finished} == {"`exchange.closed`: outcome `answered`"}
    assert cut.error["code"] == "stopping"
    assert refused.error["code"] == "stopping"
    ended = house.evidence(cut)
    assert list((house.settings.var / "spool").glob("*.spool")) == []
    record(
        Row(
            f"SIGTERM，有请求在进行（{kind_of(house)}，{WORKERS} 个进程）/ SIGTERM under load",
            f"进行中的：{finished[0].words()}；超过时限的：{cut.words()}；新的：{refused.words()}",
            f"完成的 outcome `answered`；被截断的 {ended}",
            "退出状态 0；预写日志是空的；账本校验成立 / exit 0, the spool is empty, the log verifies",
        )
    )


def test_the_clock_jumps_back(house: House, servers: Servers, record: Record) -> None:
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 30, 0.004
    stream = Stream(house).until(5)
    clock = house.settings.var / "clock"
    clock.write_text("7200", encoding="utf-8")
    try:
        during = stream.whole()
        servers.reset()
        after = house.ask()
    finally:
        clock.unlink()
    assert during.text == "从前有一个故事。" * 30
    assert after.text == servers.upstream.text
    evidence = {house.evidence(said) for said in (during, after)}
    first, second = (house.ledger.entry_by_id(said.exchange) for said in (during, after))
    assert first is not None
    assert second is not None
    assert first.seq < second.seq, "the order is that of the log, whatever the clock says"
    assert first.occurred_at > second.occurred_at
    assert house.ledger.verify().integrity.word == "holds"
    record(
        Row(
            "时钟倒退两小时 / the clock jumps back two hours",
            during.words(),
            evidence.pop(),
            "先后由账本序号决定，用时按单调时钟 / the log's numbers give the order; durations are monotonic",
        )
    )
