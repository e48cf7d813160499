"""Vectors, verdicts, and endpoints that nobody knows."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from tests.factories.pictures import encoded, scene
from tests.flows.gateway.house import BANNED, House, MediaRoom, house_in
from tests.flows.gateway.samples import PASSED, PNG, SAMPLES
from tests.flows.gateway.test_media_endpoints import Reader

from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.models import RISK_IDS

VECTORS, VERDICT = "/v1/embeddings", "/v1/moderations"


@pytest.fixture
async def open_house(tmp_path: Path, sqlite_url: str) -> AsyncIterator[House]:
    async with house_in(tmp_path, sqlite_url, pass_through=(PASSED,)) as house:
        yield house


async def test_vectors_pass_through_and_bring_nothing_else(house: House) -> None:
    packed = base64.b64encode(b"\0" * 8).decode()
    rows = [{"embedding": [1, -0.5], "index": 1, "secret": "x"}, {"embedding": packed, "index": 0}]
    house.upstream.answer = {"data": rows, "usage": {"prompt_tokens": 2, "total_tokens": 2}, "extra": "x"}
    body = {"model": "m", "input": ["一", "二"], "dimensions": 2, "encoding_format": "float", "user": "u"}
    status, headers, raw = await house.post_to(VECTORS, body)
    answer = orjson.loads(raw)
    assert status == 200
    assert [(row["index"], row["embedding"]) for row in answer["data"]] == [(1, [1, -0.5]), (0, packed)]
    assert set(answer) == {"object", "data", "model", "usage", "guiju"}
    assert "x-aigc-label" not in headers
    assert "label" not in answer["guiju"]
    (seen,) = house.upstream.seen
    assert seen.body == {"model": "m", "input": ["一", "二"], "dimensions": 2, "encoding_format": "float"}
    closed = await house.closing()
    assert closed["tokens"] == {"prompt_tokens": 2, "total_tokens": 2}
    (opened,) = await house.entries("exchange.opened")
    assert [turn["text"] for turn in opened["input"]] == ["一", "二"]


@pytest.mark.parametrize("data", [None, "x", [{"embedding": BANNED}], [{"embedding": [[1]]}], [{"embedding": [True]}]])
async def test_what_are_no_vectors_do_not_leave(house: House, data: object) -> None:
    house.upstream.answer = {"data": data}
    status, _, raw = await house.post_to(VECTORS, {"model": "m", "input": "你好"})
    assert (status, orjson.loads(raw)["error"]["code"]) == (502, "upstream_garbage")
    assert BANNED not in raw.decode()
    assert (await house.closing())["outcome"] == "upstream_failed"


async def test_one_refused_text_of_many_refuses_all(house: House) -> None:
    status, _, raw = await house.post_to(VECTORS, {"model": "m", "input": ["你好", BANNED]})
    error = orjson.loads(raw)["error"]
    assert (status, error["code"], error["param"]) == (400, "content_filter", "input")
    for numbers in ([1, 2], [[1, 2]]):
        status, _, raw = await house.post_to(VECTORS, {"model": "m", "input": numbers})
        assert (status, orjson.loads(raw)["error"]["code"]) == (400, "unsupported_content")
    assert house.upstream.seen == []


async def test_a_model_that_only_converses_says_so(house: House) -> None:
    status, _, raw = await house.post_to(VECTORS, {"model": "echo", "input": "你好"})
    assert (status, orjson.loads(raw)["error"]["param"]) == (400, "model")
    status, _, raw = await house.post_to(VECTORS, {"model": "nobody", "input": "你好"})
    assert status == 404
    status, _, raw = await house.post_to("/v1/completions", {"model": "echo", "prompt": "你好"})
    assert orjson.loads(raw)["choices"][0]["text"] == "你好"


async def test_our_own_engine_answers_in_openais_shape_and_with_the_31_risks(house: House) -> None:
    body = {"input": ["你好", f"说{BANNED}", ""], "model": "omni-moderation-latest"}
    status, _, raw = await house.post_to(VERDICT, body)
    answer = orjson.loads(raw)
    assert (status, answer["model"]) == (200, "omni-moderation-latest")
    assert [row["flagged"] for row in answer["results"]] == [False, True, False]
    found = answer["results"][1]
    assert found["categories"]["violence"] is True
    assert found["categories"]["harassment"] is False
    assert found["category_scores"]["violence"] == 1.0
    assert found["category_applied_input_types"]["violence"] == ["text"]
    assert set(found["categories"]) == set(found["category_scores"]) == set(found["category_applied_input_types"])
    own = found["guiju"]
    assert (own["decision"], list(own["risks"])) == ("refuse", list(RISK_IDS))
    assert [risk for risk, is_there in own["risks"].items() if is_there] == ["A.1-f"]
    assert [(one["start"], one["end"]) for one in own["findings"]] == [(1, 6)]
    assert BANNED not in raw.decode()
    closed = await house.closing()
    assert (closed["outcome"], closed["upstream"]) == ("answered", "")
    (opened,) = await house.entries("exchange.opened")
    assert opened["decision"]["action"] == "refuse"


async def test_pictures_and_texts_are_judged_together(tmp_path: Path, sqlite_url: str) -> None:
    reader = Reader()
    room = MediaRoom(
        '\nmedia: {enabled: "true"}\n',
        lambda settings, blocked, env: Tools(
            settings, blocked, (reader,), build_tools(settings, blocked, env).transcriber
        ),
    )
    first, second = (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}}
        for content in (PNG, encoded(scene(3)))
    )
    async with house_in(tmp_path, sqlite_url, media=room) as house:
        body = {"input": [{"type": "text", "text": "看"}, first]}
        assert [row["flagged"] for row in orjson.loads((await house.post_to(VERDICT, body))[2])["results"]] == [False]
        reader.says = BANNED
        body = {"input": [{"type": "text", "text": "看"}, second]}
        (found,) = orjson.loads((await house.post_to(VERDICT, body))[2])["results"]
        assert found["flagged"]
        assert found["category_applied_input_types"]["violence"] == ["image"]
        assert (await house.post_to(VERDICT, {"input": [second]}))[0] == 200


async def test_a_picture_nobody_can_judge_is_refused_with_its_place(house: House) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    status, _, raw = await house.post_to(VERDICT, {"input": [{"type": "text", "text": "看"}, picture]})
    assert (status, orjson.loads(raw)["error"]["param"]) == (400, "input[1].image_url.url")


async def test_what_the_operator_lets_pass_is_moderated_both_ways_and_evidenced(open_house: House) -> None:
    house = open_house
    house.upstream.answer = {"results": [{"document": {"text": "文本"}, "score": 0.5}], "电话 13800138000": 1}
    body = {"model": "m", "query": "问", "documents": ["甲", {"text": "乙"}], "top_n": 1, "user": "u"}
    status, headers, raw = await house.post_to(PASSED, body)
    answer = orjson.loads(raw)
    assert status == 200
    assert answer["results"][0] == {"document": {"text": "文本"}, "score": 0.5}
    assert "13800138000" not in raw.decode()
    assert "x-aigc-label" in headers
    (seen,) = house.upstream.seen
    assert seen.path == PASSED
    assert seen.body == {"model": "m", "query": "问", "documents": ["甲", {"text": "乙"}], "top_n": 1}
    (opened,) = await house.entries("exchange.opened")
    assert opened["endpoint"] == PASSED
    refused: list[dict[str, object]] = [
        {"model": "m", "query": "问", "documents": [{"text": BANNED}]},
        {"model": "m", "query": "问", "stream": True},
        {"model": "m", "image": "data:image/png;base64,AAAA"},
    ]
    for one in refused:
        assert (await house.post_to(PASSED, one))[0] == 400
    assert len(house.upstream.seen) == 1


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses", VECTORS])
async def test_a_key_may_come_in_the_header_of_anthropics_clients(house: House, path: str) -> None:
    body = SAMPLES[path].asking("你好")
    headers = {"Authorization": "", "X-Api-Key": house.key}
    async with house.http.post(f"{house.url}{path}", json=body, headers={"X-Api-Key": house.key}) as response:
        assert response.status == 200
    assert (await house.post_to(path, orjson.dumps(body), **{**headers, "X-Api-Key": "wrong"}))[0] == 401
    wrong = {"Authorization": "Bearer wrong", "X-Api-Key": house.key}
    assert (await house.post_to(path, orjson.dumps(body), **wrong))[0] == 401


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_server_that_answers_twice_is_not_believed(house: House, path: str, stream: bool) -> None:  # noqa: FBT001 - a table
    choices = [{"index": at, "message": {"content": f"答{at}"}, "finish_reason": "stop"} for at in range(2)]
    house.upstream.whole = {"choices": choices}
    house.upstream.events = [{"choices": [{"index": at, "delta": {"content": f"答{at}"}}]} for at in range(2)]
    body = SAMPLES[path].asking("你好")
    assert isinstance(body, dict)
    model = "events" if stream else "m"
    status, _, raw = await house.post_to(path, {**body, "stream": stream, "model": model})
    assert status == (200 if stream else 502)
    assert "upstream_garbage" in raw.decode()
    assert "答1" not in raw.decode()
    assert (await house.closing())["outcome"] == "upstream_failed"
