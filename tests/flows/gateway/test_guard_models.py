"""Guard models behind a running gateway: what they object to never leaves, nor does what they have not judged."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from tests.flows.gateway.house import BANNED, REPLY, House, events_of, text_of
from tests.simulators.guard import BAD, GuardSimulator

SENTENCE = "这是一句完全没有问题的话，它足够长，可以单独成为一个窗口。"


@pytest.fixture
async def guard(house: House) -> AsyncIterator[GuardSimulator]:
    simulator = GuardSimulator()
    await simulator.start()
    put_in_force(house, simulator)
    yield simulator
    await house.moderation.aclose()
    await simulator.stop()


def put_in_force(house: House, guard: GuardSimulator, more: str = "") -> None:
    path = house.folder / "policy.yaml"
    text = path.read_text(encoding="utf-8").split("guards:")[0]
    entry = f"{{name: g, kind: qwen3guard, model: qwen3guard, base_url: '{guard.url}', budget_ms: 800, {more}}}"
    path.write_text(f"{text}guards:\n  - {entry}\n", encoding="utf-8")
    house.moderation.reload()


async def test_an_input_that_a_guard_objects_to_never_reaches_the_model(house: House, guard: GuardSimulator) -> None:
    _, _, raw = await house.post(house.request(f"说说{BAD}"))
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert house.upstream.seen == []
    (opened,) = await house.entries("exchange.opened")
    assert opened["decision"]["action"] == "refuse"
    assert opened["decision"]["findings"][0]["detector"] == "g"
    closed = await house.closing()
    assert closed["outcome"] == "input_refused"
    assert closed["guards"]["g"]["asked"] == 1
    assert len(guard.asked) == 1


async def test_a_clean_conversation_passes_and_says_what_was_asked(house: House, guard: GuardSimulator) -> None:
    house.upstream.text = SENTENCE * 3
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == SENTENCE * 3
    closed = await house.closing()
    assert closed["outcome"] == "answered"
    assert closed["guards"]["g"]["asked"] == 4  # the question, and three windows
    answers = [body["messages"] for body in guard.asked if len(body["messages"]) == 2]
    assert [messages[0]["content"] for messages in answers] == ["你好"] * 3
    assert [messages[1]["content"] for messages in answers] == [SENTENCE, SENTENCE * 2, SENTENCE * 3]


async def test_a_streamed_answer_is_stopped_before_the_window_that_is_objected_to(
    house: House, guard: GuardSimulator
) -> None:
    house.upstream.text = SENTENCE + f"后面这一句里面有一个{BAD}，所以它不能出去，一个字也不能。" + SENTENCE
    _, _, raw = await house.post(house.request(stream=True))
    said = text_of(raw)
    assert said == f"{SENTENCE}\n\n{REPLY}"
    assert events_of(raw)[-1]["choices"][0]["finish_reason"] == "content_filter"
    closed = await house.closing()
    assert closed["outcome"] == "output_stopped"
    assert closed["output"][0]["released"]["content"] == SENTENCE
    assert BAD in closed["output"][0]["withheld"]["content"]
    finding = closed["decision"]["findings"][0]
    assert (finding["detector"], finding["start"]) == ("g", len(SENTENCE))
    assert any(BAD in text for text in guard.texts())


async def test_nothing_leaves_while_a_guard_is_asked(house: House, guard: GuardSimulator) -> None:
    house.upstream.text = SENTENCE * 2
    _, _, _ = await house.post(house.request())  # the question is remembered now
    guard.asked.clear()
    guard.pause_seconds = 0.3
    began = asyncio.get_running_loop().time()
    body = house.request(stream=True)
    async with house.http.post(f"{house.url}/v1/chat/completions", json=body, headers=house.headers) as response:
        async for line in response.content:
            if SENTENCE[:3].encode() in line or b'"content":"\xe8\xbf\x99' in line:
                break
        assert asyncio.get_running_loop().time() - began >= 0.3
    assert guard.asked


async def test_a_whole_answer_is_judged_before_it_leaves(house: House, guard: GuardSimulator) -> None:
    house.upstream.text = f"回答里有{BAD}。"
    _, _, raw = await house.post(house.request())
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert (await house.closing())["outcome"] == "output_stopped"
    assert len(guard.asked) == 2


async def test_with_whole_answers_a_stream_leaves_at_its_end(house: House, guard: GuardSimulator) -> None:
    put_in_force(house, guard, "output: whole, scopes: [output]")
    house.upstream.text = SENTENCE * 4
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == SENTENCE * 4
    assert guard.texts() == [SENTENCE * 4]
    guard.asked.clear()
    house.upstream.text = SENTENCE * 4 + BAD
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == REPLY


@pytest.mark.parametrize("trouble", ["500", "hang", "nonsense", "cut"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_guard_that_fails_on_an_answer_lets_nothing_out_and_is_recorded(
    house: House, guard: GuardSimulator, trouble: str, *, stream: bool
) -> None:
    put_in_force(house, guard, "scopes: [output]")
    guard.trouble = trouble
    house.upstream.text = SENTENCE * 2
    _, _, raw = await house.post(house.request(stream=stream))
    said = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
    assert said == REPLY
    closed = await house.closing()
    assert closed["outcome"] == "undetermined"
    assert "g" in closed["decision"]["failures"][0]
    assert closed["guards"]["g"]["failed"] == 1


async def test_a_guard_that_may_fail_open_lets_the_answer_out_and_is_recorded_all_the_same(
    house: House, guard: GuardSimulator
) -> None:
    put_in_force(house, guard, "on_failure: open")
    guard.trouble = "500"
    house.upstream.text = SENTENCE
    for stream in (True, False):
        _, _, raw = await house.post(house.request(stream=stream))
        said = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
        assert said == SENTENCE
        closed = await house.closing()
        assert closed["outcome"] == "answered"
        assert "HTTP 500" in closed["decision"]["failures"][0]
    opened = await house.entries("exchange.opened")
    assert all("HTTP 500" in entry["decision"]["failures"][0] for entry in opened)


async def test_a_tool_call_is_judged_too(house: House, guard: GuardSimulator) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": f'{{"q": "{BAD}"}}'}}
    delta = {"role": "assistant", "tool_calls": [{"index": 0, **call}]}
    house.upstream.events = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    _, _, raw = await house.post(house.request(model="events", stream=True))
    assert BAD not in raw.decode()
    assert text_of(raw) == REPLY
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    house.upstream.whole = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    _, _, raw = await house.post(house.request())
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert guard.asked


async def test_what_a_detector_stops_is_not_asked_about(house: House, guard: GuardSimulator) -> None:
    _, _, raw = await house.post(house.request(f"说说{BANNED}吧"))
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert guard.asked == []
    house.upstream.text = f"{SENTENCE}然后{BANNED}。"
    _, _, raw = await house.post(house.request(stream=True))
    assert BANNED[:2] not in text_of(raw).replace(REPLY, "")


async def test_what_a_guard_wants_masked_is_masked_and_the_rest_goes_on(house: House, guard: GuardSimulator) -> None:
    path = house.folder / "policy.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("rules:\n", "rules:\n  - {detectors: [g], action: replace, with: 〔略〕}\n"), "utf-8")
    house.moderation.reload()
    house.upstream.text = SENTENCE + f"中间的这一句里面有一个{BAD}，它被换掉，后面的照常出去。" + SENTENCE
    _, _, raw = await house.post(house.request(stream=True))
    assert text_of(raw) == f"{SENTENCE}〔略〕{SENTENCE}"
    _, _, raw = await house.post(house.request(f"我说{BAD}"))
    assert house.upstream.seen[-1].body["messages"] == [{"role": "user", "content": "＊" * 4}]
    assert (await house.closing())["guards"]["g"]["flagged"] >= 1
    assert any(BAD in text for text in guard.texts())


@pytest.mark.parametrize("is_asked", [False, True])
async def test_policy_may_ask_guards_about_the_users_turns_as_one(house: House, is_asked: bool) -> None:  # noqa: FBT001 - a table
    simulator = GuardSimulator()
    await simulator.start()
    put_in_force(house, simulator)
    path = house.folder / "policy.yaml"
    section = f'conversation: {{guards: "{str(is_asked).lower()}"}}\n'
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    house.moderation.reload()
    half = len(BAD) // 2
    turns = [f"先说{BAD[:half]}", f"{BAD[half:]}，连起来"]
    messages = [{"role": "user", "content": text} for text in turns]
    await house.post({"model": "m", "messages": [messages[0], {"role": "assistant", "content": "好"}, messages[1]]})
    closed = await house.closing()
    assert closed["outcome"] == ("input_refused" if is_asked else "answered")
    assert bool(house.upstream.seen) is not is_asked
    if is_asked:
        (opened,) = await house.entries("exchange.opened")
        assert opened["decision"]["reason"].startswith("多轮合并：")
    await house.moderation.aclose()
    await simulator.stop()
