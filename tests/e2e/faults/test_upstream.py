"""A model server that fails: nobody waits for ever, nothing unchecked leaves, and the evidence says what happened."""

import time

import pytest
from tests.e2e.faults.conftest import Record, Row
from tests.e2e.faults.house import House
from tests.e2e.faults.simulated import Servers

FAULTS = {
    "refuses": "上游拒绝连接 / upstream refuses the connection",
    "silent": "上游收下请求后不出声 / upstream hangs before its headers",
    "stall": "上游中途停住 / upstream hangs in mid-stream",
    "mid-event": "上游在一个事件中间断开 / upstream closes in the middle of an event",
    "half-utf8": "上游发来半个汉字 / upstream sends half a UTF-8 character",
    "error-500": "上游返回 500 / upstream answers 500",
    "busy": "上游返回 429 / upstream answers 429",
    "wrong-type": "上游返回网页 / upstream answers with a page of HTML",
    "flood": "上游发来 100 MB / upstream sends 100 MB",
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("manner", FAULTS)
def test_upstream(house: House, servers: Servers, record: Record, *, manner: str, stream: bool) -> None:
    servers.upstream.busy_seconds = 0 if manner != "busy" else 1
    if manner == "stall" and not stream:
        pytest.skip("a whole answer has no middle")
    said = house.ask(manner, stream=stream)
    assert said.error["code"].startswith("upstream_")
    assert "secret" not in said.raw.decode()
    assert b"[DONE]" not in said.raw
    evidence = house.evidence(said)
    if manner == "busy":
        time.sleep(servers.upstream.busy_seconds)  # the server is left alone for as long as it asked
    again = house.ask(stream=stream)
    assert again.text == servers.upstream.text, "the next call is answered"
    record(
        Row(
            f"{FAULTS[manner]}，{'流式 / stream' if stream else '整段 / whole'}",
            said.words(),
            evidence,
            "放出的与证据逐字相同；下一次请求照常 / what left is what stands there; the next call is answered",
        )
    )
