"""Chat completions in full: several choices, tool calls, JSON, log probabilities."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.flows.gateway.house import BANNED, REPLY, House, events_of

from guiju.gateway.wire.logprobs import TokenProbabilities

TOKENS = ["你", "好", "，", BANNED[:2], BANNED[2:], "。"]


def token(text: str, **more: object) -> dict[str, Any]:
    alternatives = [{"token": BANNED, "logprob": -0.1, "bytes": None}]
    return {"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": alternatives, **more}


def event(text: str, index: int = 0, reason: str | None = None) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": index, "delta": {"content": text} if text else {}, "finish_reason": reason}
    if text:
        choice["logprobs"] = {"content": [token(text)]}
    return {"choices": [choice]}


async def test_log_probabilities_leave_with_their_text_and_alternatives_never(house: House) -> None:
    house.upstream.events = [*(event(text) for text in TOKENS[:3]), event("", reason="stop")]
    body = house.request(stream=True, logprobs=True, top_logprobs=3)
    raw = (await house.post({**body, "model": "events"}))[2]
    choices = [choice for one in events_of(raw) for choice in one["choices"]]
    got = [entry for choice in choices if choice["logprobs"] for entry in choice["logprobs"]["content"]]
    assert [entry["token"] for entry in got] == TOKENS[:3]
    assert all(entry["top_logprobs"] == [] and entry["logprob"] == -0.5 for entry in got)
    assert BANNED not in raw.decode()


@pytest.mark.parametrize("stream", [True, False])
async def test_tokens_of_withheld_text_never_leave(house: House, stream: bool) -> None:  # noqa: FBT001 - a table
    house.upstream.events = [*(event(text) for text in TOKENS), event("", reason="stop")]
    message = {"role": "assistant", "content": "".join(TOKENS)}
    logprobs = {"content": [token(text) for text in TOKENS]}
    house.upstream.whole = {
        "choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}]
    }
    model = "events" if stream else "m"
    raw = (await house.post({**house.request(stream=stream, logprobs=True), "model": model}))[2].decode()
    assert REPLY in raw
    assert "禁" not in raw
    assert str(list("禁".encode()))[1:-1] not in raw.replace(",", ", ")


async def test_a_whole_answers_log_probabilities(house: House) -> None:
    message = {"role": "assistant", "content": "你好"}
    logprobs = {"content": [token("你"), token("好")]}
    house.upstream.whole = {
        "choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}]
    }
    choice = orjson.loads((await house.post(house.request(logprobs=True)))[2])["choices"][0]
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["你", "好"]
    assert orjson.loads((await house.post(house.request()))[2])["choices"][0]["logprobs"] is None


@given(
    tokens=st.lists(st.binary(min_size=1, max_size=4), max_size=12),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    change=st.integers(-1, 20),
)
def test_no_token_leaves_whose_bytes_have_not(tokens: list[bytes], cuts: list[int], change: int) -> None:
    said = b"".join(tokens).decode(errors="ignore")
    left = said if change < 0 or change >= len(said) else said[:change] + "＊" + said[change + 1 :]
    waiting = TokenProbabilities()
    waiting.take({"content": [{"token": "x", "logprob": -1.0, "bytes": list(data)} for data in tokens]})
    got: list[bytes] = []
    sent = ""
    edges = [0, *sorted(min(cut, len(left)) for cut in cuts), len(left)]
    for start, end in pairwise(edges):
        sent += left[start:end]
        got += [bytes(entry["bytes"]) for entry in waiting.leave(left[start:end])]  # type: ignore[call-overload]
        assert sent.encode().startswith(b"".join(got))


async def test_each_choice_is_moderated_on_its_own(house: House) -> None:
    texts = ["第一个答案", f"第二个{BANNED}答案"]
    house.upstream.whole = {
        "choices": [
            {"index": at, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for at, text in enumerate(texts)
        ]
    }
    answer = orjson.loads((await house.post(house.request(n=2)))[2])
    assert [choice["message"]["content"] for choice in answer["choices"]] == [texts[0], REPLY]
    assert [choice["finish_reason"] for choice in answer["choices"]] == ["stop", "content_filter"]
    closed = await house.closing()
    assert [choice["finish_reason"] for choice in closed["output"]] == ["stop", "content_filter"]


@pytest.mark.parametrize("cut", range(1, len(BANNED)))
async def test_no_prefix_of_a_term_leaves_in_a_tool_calls_arguments(house: House, cut: int) -> None:
    pieces = ['{"q": "', BANNED[:cut], BANNED[cut:], '"}']
    calls = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": pieces[0]}},
        *({"index": 0, "function": {"arguments": piece}} for piece in pieces[1:]),
    ]
    house.upstream.events = [
        *({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]} for call in calls),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    raw = (await house.post({**house.request(stream=True), "model": "events"}))[2].decode()
    assert "禁" not in raw
    assert "tool_calls" not in raw
    assert REPLY in raw
    assert (await house.closing())["outcome"] == "output_stopped"


async def test_the_mark_never_stands_in_json(house: House) -> None:
    app, key = await asyncio.to_thread(
        lambda: house.gateway.create_app("标识", text_mark="内容由 AI 生成", actor="staff:x")
    )
    house.upstream.text = '{"a": 1}'
    for form in ({"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}):
        for stream in (False, True):
            body = house.request(stream=stream, response_format=form)
            status, headers, raw = await house.post(body, Authorization=f"Bearer {key}")
            assert status == 200
            if stream:
                said = "".join(c["delta"].get("content") or "" for e in events_of(raw) for c in e["choices"])
                label = events_of(raw)[-1]["guiju"]["label"]
            else:
                said = orjson.loads(raw)["choices"][0]["message"]["content"]
                label = orjson.loads(raw)["guiju"]["label"]
            assert json.loads(said) == {"a": 1}
            assert json.loads(headers["x-aigc-label"]) == json.loads(label)
    assert app.text_mark
