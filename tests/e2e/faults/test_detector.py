"""A detector that fails: what nobody could judge does not leave, and is recorded as not judged, never as harmless."""

import pytest
from tests.e2e.faults.conftest import Record, Row
from tests.e2e.faults.house import DOUBTED, House
from tests.e2e.faults.serve import RAISES, TAKES_LONG
from tests.e2e.faults.simulated import Servers

IN_PROCESS = {
    RAISES: "检测器抛出异常 / a detector raises",
    TAKES_LONG: "检测器用时超出预算 / a detector takes longer than its budget",
}
GUARDS = {
    "500": "判定模型返回 500 / a guard model answers 500",
    "hang": "判定模型不出声 / a guard model hangs",
    "nonsense": "判定模型胡言 / a guard model talks nonsense",
}
KEPT = "未判定的一个字也没放出；下一次请求照常 / nothing unjudged left; the next call is answered"


def looked_at(house: House, servers: Servers, word: str, *, where: str) -> tuple[str, str]:
    """Let `word` come up in the input or the answer; return what the client saw and what the evidence says."""
    sent = f"前面没有问题，{word}，后面也没有。"
    if where == "input":
        said = house.ask(text=sent)
        assert servers.upstream.seen == [], "what was not judged does not reach the model"
    else:
        servers.upstream.text = sent
        said = house.ask(stream=where == "stream")
    assert word not in said.text
    assert said.finish == "content_filter"
    body = house.closing(said.exchange)
    assert body["outcome"] == "undetermined"
    house.hold_against(said, body)
    if where != "input":
        assert body["decision"]["failures"], "which detector failed is said"
    extension = (said.events or [{}])[-1].get("guiju") if said.is_stream else None
    assert extension is None or extension["decision"] == "undetermined"
    return said.words(), house.evidence(said)


@pytest.mark.parametrize("where", ["input", "whole", "stream"])
@pytest.mark.parametrize("word", IN_PROCESS)
def test_a_detector(house: House, servers: Servers, record: Record, *, word: str, where: str) -> None:
    saw, evidence = looked_at(house, servers, word, where=where)
    servers.reset()
    assert house.ask().text == servers.upstream.text
    record(Row(f"{IN_PROCESS[word]}，{where}", saw, evidence, KEPT))


@pytest.mark.parametrize("where", ["input", "whole", "stream"])
@pytest.mark.parametrize("trouble", GUARDS)
def test_a_guard(house: House, servers: Servers, record: Record, *, trouble: str, where: str) -> None:
    servers.guard.trouble = trouble
    saw, evidence = looked_at(house, servers, f"{DOUBTED}{trouble}{where}", where=where)
    servers.reset()
    servers.upstream.text = f"{DOUBTED}，判定模型好了。"
    assert house.ask().text == servers.upstream.text, "judged again once the guard is back"
    record(Row(f"{GUARDS[trouble]}，{where}", saw, evidence, KEPT))
