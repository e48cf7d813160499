"""Policy for streams through HTTP: how much leaves at a time, and what a client is told at a stop."""

import pytest
from tests.flows.gateway.house import BANNED, REPLY, House, events_of, text_of
from tests.simulators.guard import GuardSimulator

FIRST = "第一句话没有任何问题，可以放出去。它后面还有一句很长的话也没有问题。"
SECOND = "第二句话里有一个"
TEXT = f"{FIRST}{SECOND}{BANNED}，所以不能放。"


def put_in_force(house: House, section: str) -> None:
    path = house.folder / "policy.yaml"
    path.write_text(path.read_text(encoding="utf-8").split("streams:")[0] + section + "\n", encoding="utf-8")
    house.moderation.reload()


@pytest.mark.parametrize(("release", "left"), [("exact", FIRST + SECOND), ("sentences", FIRST), ("whole", "")], ids=str)
async def test_how_much_had_left_when_an_answer_is_stopped(house: House, release: str, left: str) -> None:
    put_in_force(house, f"streams: {{release: {release}}}")
    house.upstream.text = TEXT
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == (f"{left}\n\n{REPLY}" if left else REPLY)
    closed = await house.closing()
    assert closed["outcome"] == "output_stopped"
    assert closed["output"][0]["released"].get("content", "") == left


@pytest.mark.parametrize("release", ["exact", "sentences", "whole"])
async def test_a_harmless_answer_leaves_whole_under_any_policy(house: House, release: str) -> None:
    put_in_force(house, f"streams: {{release: {release}}}")
    house.upstream.text = FIRST * 3 + "没有句号的尾巴"
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == house.upstream.text
    pieces = [event for event in events_of(raw) if event["choices"] and event["choices"][0]["delta"].get("content")]
    assert (len(pieces) == 1) == (release == "whole")
    assert (await house.closing())["outcome"] == "answered"


async def test_at_a_stop_the_client_is_told_to_take_back_what_had_left(house: House) -> None:
    put_in_force(house, "streams: {at_stop: retract}")
    house.upstream.text = TEXT
    _, _, raw = await house.post(house.request(stream=True))
    shown = ""
    retracted = []
    for event in events_of(raw):
        if event.get("guiju", {}).get("event") == "retract":
            retracted.append(event["guiju"])
            assert event["choices"][0]["delta"] == {}, "a client that does not know it passes over it"
            shown = shown[: -event["guiju"]["characters"]["content"]]
        for choice in event["choices"]:
            shown += choice["delta"].get("content") or ""
    assert retracted == [{"event": "retract", "choice": 0, "characters": {"content": len(FIRST + SECOND)}}]
    assert shown == REPLY
    (choice,) = (await house.closing())["output"]
    assert choice["released"]["content"] == FIRST + SECOND, "what left has left, whatever was taken back"
    assert choice["retracted"] == {"content": len(FIRST + SECOND)}


async def test_nothing_is_taken_back_where_nothing_had_left(house: House) -> None:
    put_in_force(house, "streams: {at_stop: retract, release: whole}")
    house.upstream.text = TEXT
    _, _, raw = await house.post(house.request(stream=True))
    assert b"retract" not in raw
    assert text_of(raw) == REPLY


async def test_a_guard_that_wants_the_whole_answer_outweighs_a_policy_that_does_not(house: House) -> None:
    guard = GuardSimulator()
    await guard.start()
    entry = f"{{name: g, kind: qwen3guard, model: qwen3guard, base_url: '{guard.url}', output: whole}}"
    put_in_force(house, f"streams: {{release: sentences}}\nguards:\n  - {entry}")
    house.upstream.text = FIRST * 2
    _, _, raw = await house.post(house.request(stream=True))
    pieces = [event for event in events_of(raw) if event["choices"] and event["choices"][0]["delta"].get("content")]
    assert len(pieces) == 1
    await house.moderation.aclose()
    await guard.stop()
