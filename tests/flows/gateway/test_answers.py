"""A good conversation passes: answered, labelled, evidenced; a bad one is stopped, and what was is recorded."""

import asyncio
import json
from pathlib import Path

import orjson
from tests.flows.gateway.house import BANNED, PRODUCER, REPLY, House, events_of, house_in, text_of

from guiju.gateway.models import ExchangeQuery, Limits


async def test_a_whole_answer_is_labelled_and_evidenced(house: House) -> None:
    status, headers, raw = await house.post(house.request(user="u-1"))
    answer = orjson.loads(raw)
    assert status == 200
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": house.upstream.text}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == 8
    exchange = answer["guiju"]["exchange_id"]
    label = json.loads(headers["x-aigc-label"])
    assert label == json.loads(answer["guiju"]["label"])
    assert (label["Label"], label["ContentProducer"], label["ProduceID"]) == ("1", PRODUCER, exchange)
    (opened,) = await house.entries("exchange.opened")
    closed = await house.closing()
    assert opened["id"] == exchange
    assert opened["input"] == [{"role": "user", "text": "你好"}]
    assert opened["decision"]["action"] == "allow"
    assert closed["outcome"] == "answered"
    assert closed["output"] == [{"index": 0, "finish_reason": "stop", "released": {"content": house.upstream.text}}]
    assert closed["tokens"] == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


async def test_a_streamed_answer_is_labelled_and_evidenced(house: House) -> None:
    body = house.request(stream=True, stream_options={"include_usage": True})
    status, headers, raw = await house.post(body)
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert raw.endswith(b"data: [DONE]\n\n")
    assert text_of(raw) == house.upstream.text
    events = events_of(raw)
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["guiju"]["decision"] == "allow"
    assert events[-1]["usage"]["total_tokens"] == 8
    assert json.loads(headers["x-aigc-label"])["ProduceID"] == events[-2]["guiju"]["exchange_id"]
    closed = await house.closing()
    assert closed["outcome"] == "answered"
    assert closed["output"][0]["released"]["content"] == house.upstream.text


async def test_a_refused_input_never_reaches_the_upstream(house: House) -> None:
    for stream in (False, True):
        status, headers, raw = await house.post(house.request(f"说说{BANNED}吧", stream=stream))
        assert status == 200
        assert "x-aigc-label" in headers
        said = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
        assert said == REPLY
        last = events_of(raw)[-1] if stream else orjson.loads(raw)
        assert last["choices"][0]["finish_reason"] == "content_filter"
        assert last["guiju"]["decision"] == "refuse"
        assert last["guiju"]["risks"] == ["A.1-f"]
        closed = await house.closing()
        assert closed["outcome"] == "input_refused"
    assert house.upstream.seen == []


async def test_an_app_may_want_an_error_instead(house: House) -> None:
    app, key = await asyncio.to_thread(
        lambda: house.gateway.create_app("严格", refuses_with_error=True, actor="staff:x")
    )
    status, _, raw = await house.post(house.request(BANNED), Authorization=f"Bearer {key}")
    error = orjson.loads(raw)["error"]
    assert status == 400
    assert error["code"] == "content_filter"
    assert REPLY in error["message"]
    assert (await house.closing())["outcome"] == "input_refused"
    assert app.refuses_with_error


async def test_a_finding_in_a_stream_stops_the_upstream(house: House) -> None:
    house.upstream.text = f"前文{BANNED}" + "后文" * 5000
    house.upstream.pause_seconds = 0.001
    status, _, raw = await house.post(house.request(stream=True))
    assert status == 200
    assert text_of(raw) == f"前文\n\n{REPLY}"
    last = events_of(raw)[-1]
    assert last["choices"][0]["finish_reason"] == "content_filter"
    assert last["guiju"]["risks"] == ["A.1-f"]
    seen = house.upstream.seen[0]
    await asyncio.wait_for(seen.is_over.wait(), 30)
    assert seen.client_closed
    assert seen.events_sent < 1000
    closed = await house.closing()
    assert closed["outcome"] == "output_stopped"
    (choice,) = closed["output"]
    assert choice["released"] == {"content": "前文", "reply": f"\n\n{REPLY}"}
    assert choice["withheld"]["content"].startswith(BANNED)


async def test_the_upstream_is_stopped_before_anything_else_is_done(house: House) -> None:
    house.upstream.text = f"前文{BANNED}" + "后文" * 5000
    house.upstream.pause_seconds = 0.001
    house.ledger.delay_seconds = 0.5
    asking = asyncio.create_task(house.post(house.request(stream=True)))
    await house.upstream.asked()
    await asyncio.wait_for(house.upstream.seen[0].is_over.wait(), 30)
    assert house.upstream.seen[0].client_closed
    assert await house.entries("exchange.closed") == []
    assert text_of((await asking)[2]).endswith(REPLY)


async def test_a_finding_in_a_whole_answer_replaces_it(house: House) -> None:
    house.upstream.text = f"前文{BANNED}后文"
    _, _, raw = await house.post(house.request())
    assert BANNED not in raw.decode()
    answer = orjson.loads(raw)
    assert answer["choices"][0]["message"]["content"] == REPLY
    assert answer["choices"][0]["finish_reason"] == "content_filter"
    assert (await house.closing())["outcome"] == "output_stopped"


async def test_personal_information_is_masked_and_the_answer_goes_on(house: House) -> None:
    house.upstream.text = "请拨打13800138000。谢谢"
    for stream in (False, True):
        _, _, raw = await house.post(house.request(stream=stream))
        assert b"13800138000" not in raw
        said = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
        assert said == "请拨打" + "＊" * 11 + "。谢谢"
        closed = await house.closing()
        assert closed["outcome"] == "answered"
        assert closed["decision"]["action"] == "replace"


async def test_the_reasoning_is_moderated_too(house: House) -> None:
    for field in ("reasoning_content", "reasoning", "refusal"):
        house.upstream.events = [
            *({"choices": [{"index": 0, "delta": {field: piece}}]} for piece in f"想想{BANNED}"),
            {"choices": [{"index": 0, "delta": {"content": "好"}, "finish_reason": "stop"}]},
        ]
        _, _, raw = await house.post(house.request(model="events", stream=True))
        assert "禁" not in raw.decode()
        assert events_of(raw)[-1]["choices"][0]["finish_reason"] == "content_filter"


async def test_choices_are_moderated_apart(house: House) -> None:
    half = len(BANNED) // 2
    # Interleaved, the two choices spell the banned term; apart, neither does.
    house.upstream.events = [
        {"choices": [{"index": 0, "delta": {"content": BANNED[:half]}}]},
        {"choices": [{"index": 1, "delta": {"content": BANNED[half:]}}]},
        {"choices": [{"index": 0, "delta": {"content": "。"}, "finish_reason": "stop"}]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]},
    ]
    _, _, raw = await house.post(house.request(model="events", stream=True, n=2))
    said = {0: "", 1: ""}
    for event in events_of(raw):
        for choice in event["choices"]:
            said[choice["index"]] += choice["delta"].get("content", "")
    assert said == {0: f"{BANNED[:half]}。", 1: BANNED[half:]}
    assert (await house.closing())["outcome"] == "answered"


def _call_events(arguments: str) -> list[object]:
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": piece}} for piece in arguments]
    deltas = [{"tool_calls": [piece]} for piece in (first, *pieces)]
    return [
        *({"choices": [{"index": 0, "delta": delta}]} for delta in deltas),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]


async def test_a_tool_call_is_held_until_it_is_whole(house: House) -> None:
    house.upstream.events = _call_events('{"q": "天气"}')
    _, _, raw = await house.post(house.request(model="events", stream=True))
    calls = [event for event in events_of(raw) if "tool_calls" in event["choices"][0]["delta"]]
    assert len(calls) == 1
    function = calls[0]["choices"][0]["delta"]["tool_calls"][0]["function"]
    assert function == {"name": "find", "arguments": '{"q": "天气"}'}
    assert events_of(raw)[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_a_term_in_a_tool_call_is_found_behind_its_escapes(house: House) -> None:
    for arguments in (json.dumps({"q": BANNED}), json.dumps({"q": BANNED}, ensure_ascii=False)):
        house.upstream.events = _call_events(arguments)
        _, _, raw = await house.post(house.request(model="events", stream=True))
        assert b"tool_calls" not in raw
        assert text_of(raw) == REPLY
        message = {"role": "assistant", "content": None}
        calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]
        house.upstream.whole = {
            "choices": [{"message": {**message, "tool_calls": calls}, "finish_reason": "tool_calls"}]
        }
        _, _, raw = await house.post(house.request())
        assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
        assert b"tool_calls" not in raw


async def test_log_probabilities_never_spell_what_was_withheld(house: House) -> None:
    probabilities = {"content": [{"token": BANNED, "top_logprobs": [{"token": BANNED}]}]}
    house.upstream.events = [
        {"choices": [{"index": 0, "delta": {"content": "好"}, "logprobs": probabilities, "finish_reason": "stop"}]}
    ]
    _, _, raw = await house.post(house.request(model="events", stream=True, logprobs=True))
    assert BANNED not in raw.decode()
    house.upstream.whole = {"choices": [{"message": {"content": "好"}, "logprobs": probabilities}]}
    _, _, raw = await house.post(house.request(logprobs=True))
    assert BANNED not in raw.decode()


async def test_the_text_mark_stands_at_the_end_of_plain_text_only(house: House) -> None:
    _, key = await asyncio.to_thread(lambda: house.gateway.create_app("带标识", text_mark="（内容由 AI 生成）"))
    bearer = {"Authorization": f"Bearer {key}"}
    mark = "\n\n（内容由 AI 生成）"
    _, _, raw = await house.post(house.request(), **bearer)
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == house.upstream.text + mark
    _, _, raw = await house.post(house.request(stream=True), **bearer)
    assert text_of(raw) == house.upstream.text + mark
    for form in ({"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "x"}}):
        for stream in (False, True):
            _, _, raw = await house.post(house.request(stream=stream, response_format=form), **bearer)
            assert "由 AI 生成" not in raw.decode()
    house.upstream.events = _call_events("{}")
    _, _, raw = await house.post(house.request(model="events", stream=True), **bearer)
    assert "由 AI 生成" not in raw.decode()


async def test_the_end_waits_for_the_closing_entry_and_nobody_waits_for_the_opening(house: House) -> None:
    house.ledger.delay_seconds = 1.0
    before = len(await house.entries("exchange.opened")), len(house.upstream.seen)
    url = f"{house.url}/v1/chat/completions"
    asking = house.http.post(url, json=house.request(model="slow", stream=True), headers=house.headers)
    coming = asyncio.ensure_future(asking.__aenter__())
    for _ in range(500):
        if len(house.upstream.seen) > before[1]:
            break
        await asyncio.sleep(0.01)
    assert len(house.upstream.seen) == before[1] + 1
    assert len(await house.entries("exchange.opened")) == before[0]  # the model works while the opening is written
    async with await coming as response:
        first = await response.content.readany()
        assert b"delta" in first
        assert len(await house.entries("exchange.opened")) == before[0] + 1  # and no word leaves before it is kept
        assert house.ledger.drafts[-1].action in {"exchange.opened", "exchange.closed"}
        await response.read()
    assert [draft.action for draft in house.ledger.drafts[-2:]] == ["exchange.opened", "exchange.closed"]


async def test_a_client_that_leaves_stops_the_upstream(house: House) -> None:
    house.upstream.text = "长文" * 5000
    house.upstream.pause_seconds = 0.002
    url = f"{house.url}/v1/chat/completions"
    async with house.http.post(url, json=house.request(stream=True), headers=house.headers) as response:
        got = await response.content.readany()
        response.close()
    seen = house.upstream.seen[0]
    await asyncio.wait_for(seen.is_over.wait(), 30)
    assert seen.client_closed
    closed = await house.closing()
    assert closed["outcome"] == "client_left"
    left = closed["output"][0]["released"]["content"]
    assert left.startswith(text_of(got))
    assert len(left) < 5000
    assert house.gateway.metrics.value("guiju_exchanges_open") == 0


async def test_a_client_that_leaves_before_a_whole_answer_stops_the_upstream(house: House) -> None:
    task = asyncio.create_task(house.post(house.request(model="slow")))
    await house.upstream.asked()
    task.cancel()
    assert (await house.closing())["outcome"] == "client_left"
    assert house.gateway.metrics.value("guiju_exchanges_open") == 0


async def test_the_index_shows_what_the_ledger_has(house: House) -> None:
    await house.post(house.request())
    await house.post(house.request(BANNED))
    await house.post(house.request(model="none"))
    await house.gateway._index.flush()
    outcomes = [record.outcome for record in await asyncio.to_thread(house.gateway.search_exchanges, ExchangeQuery())]
    assert sorted(outcomes) == ["answered", "bad_request", "input_refused"]
    (refused,) = await asyncio.to_thread(house.gateway.search_exchanges, ExchangeQuery(risk="A.1-f"))
    transcript = await asyncio.to_thread(house.gateway.transcript, refused.id)
    assert transcript.state == "kept"
    assert transcript.input[0].text == BANNED
    assert transcript.output[0].text == REPLY


async def test_an_objection_lands_in_the_ledger(house: House) -> None:
    _, _, raw = await house.post(house.request(BANNED))
    await house.gateway._index.flush()
    exchange = orjson.loads(raw)["guiju"]["exchange_id"]
    await asyncio.to_thread(house.gateway.object_to, exchange, "不该拦截", contact="a@example.invalid", person="p1")
    (entry,) = await house.entries("objection.received")
    assert entry["subject"] == f"exchange:{exchange}"
    assert entry["text"] == "不该拦截"


async def test_a_prompt_of_a_megabyte_and_a_half_passes(tmp_path: Path, sqlite_url: str) -> None:
    async with house_in(tmp_path, sqlite_url, limits=Limits()) as house:
        text = "长" * 500_000
        status, _, raw = await house.post(house.request(text))
        assert status == 200
        assert orjson.loads(raw)["guiju"]["decision"] == "allow"
        assert house.upstream.seen[0].body["messages"][0]["content"] == text
