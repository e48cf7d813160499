"""Clients that fail: gone, slow, or far too many."""

import json
import resource
import socket
import threading
import time
from pathlib import Path

from tests.e2e.faults.conftest import Record, Row
from tests.e2e.faults.house import WIDE, House, Said, read_on
from tests.e2e.faults.simulated import Servers

from guiju.ledger.models import EntryQuery

CONNECTIONS = 10_000
_SPARE = 1_000  # descriptors that the house and this process need besides
_SLOW_EVENTS, _SLOW_PIECE = 30_000, "长" * 20
_SLOW_CHARACTERS = _SLOW_EVENTS * 20


def memory_mib(pid: int) -> float:
    """Return what a process holds in memory."""
    line = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_it_disconnects(house: House, servers: Servers, record: Record) -> None:
    servers.upstream.text, servers.upstream.pause_seconds = "从前有一个故事。" * 200, 0.004
    connection = house.connect()
    house.begin(connection)
    said = Said()
    read_on(connection.getresponse(), said, lambda so_far: len(so_far.text) > 10)
    said.is_cut = True
    assert connection.sock is not None
    connection.sock.close()
    connection.close()
    evidence = house.evidence(said)
    seen = servers.upstream.seen[-1]
    until = time.monotonic() + 5
    while not seen.client_closed and time.monotonic() < until:
        time.sleep(0.01)
    assert seen.client_closed, "the model server was told to stop"
    assert seen.events_sent < 1600
    record(
        Row(
            "客户端中途离开 / the client disconnects",
            "—",
            evidence,
            "上游立即停止；证据里是放到它离开为止的文字 / the upstream is stopped; the evidence has what left",
        )
    )


def test_it_reads_slowly(house: House, servers: Servers, record: Record) -> None:
    servers.upstream.pieces = [_SLOW_PIECE] * _SLOW_EVENTS
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(20)
    slow.connect(("127.0.0.1", house.port))
    body = json.dumps({"model": WIDE, "stream": True, "messages": [{"role": "user", "content": "写长一点"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.key}\r\n"
    slow.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    before = memory_mib(house.pid)
    got = b""
    while b"chatcmpl-" not in got:
        got += (part := slow.recv(1000))
        assert part, got
    for _ in range(20):
        time.sleep(0.05)
        got += slow.recv(100)
    grown = memory_mib(house.pid) - before
    assert grown < 16, f"{grown:.1f} MiB more"
    exchange = got.split(b"chatcmpl-", 1)[1][:36].decode()
    closed = EntryQuery(actions=("exchange.closed",), subject=f"exchange:{exchange}")
    assert house.ledger.find(closed) == [], "the answer waits for its reader"
    servers.upstream.pieces = None
    servers.upstream.text = "快"
    assert house.ask(stream=True).text == "快", "others do not wait"
    slow.settimeout(20)
    while not got.endswith(b"0\r\n\r\n") and (part := slow.recv(1 << 20)):
        got += part
    slow.close()
    assert got.count("长".encode()) == _SLOW_CHARACTERS
    closing = house.closing(exchange)
    assert closing["outcome"] == "answered"
    assert len(closing["output"][0]["released"]["content"]) == _SLOW_CHARACTERS
    record(
        Row(
            "客户端读得很慢 / the client reads slowly",
            "完整的回答，按它的速度 / the whole answer, at its own pace",
            "`exchange.closed`: outcome `answered`",
            "上游被反压，回答不堆在内存里，别人不等 / the upstream is held back; nobody waits",
        )
    )


def test_ten_thousand_connect(house: House, servers: Servers, record: Record) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(CONNECTIONS, hard - _SPARE)
    before = memory_mib(house.pid)
    idle: list[socket.socket] = []
    try:
        for _ in range(count):
            idle.append(socket.create_connection(("127.0.0.1", house.port), timeout=10))  # noqa: PERF401 - closed below
        answers: list[Said] = []
        threads = [threading.Thread(target=lambda: answers.append(house.ask(stream=True))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [said.text for said in answers] == [servers.upstream.text] * 20
        assert house.get("/readyz").status == 200
        each = (memory_mib(house.pid) - before) * 1024 / count
        assert each < 20, f"{each:.1f} KiB a connection"
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    evidence = {house.evidence(said) for said in answers}
    assert house.ask().text == servers.upstream.text
    record(
        Row(
            f"{CONNECTIONS:,} 个连接，另有 20 个并发请求 / {CONNECTIONS:,} connections, and 20 calls at once",
            {said.words() for said in answers}.pop(),
            evidence.pop(),
            "每个空闲连接不到 20 KiB 内存 / less than 20 KiB of memory for an idle connection",
        )
    )
