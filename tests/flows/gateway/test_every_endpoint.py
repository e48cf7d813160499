"""No route of the door skips a stage: who calls, the input, the opening entry, the output, the label, the closing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from tests.factories.labeller import TestLabeller
from tests.flows.gateway.house import BANNED, PRODUCER, House, MediaRoom, house_in, seeing_nothing
from tests.flows.gateway.samples import ANSWER, PASSED, PNG, SAMPLES, WAV, Sample

from guiju.gateway.endpoints import ENDPOINTS, with_passed
from guiju.web.gateway_app import GatewayApp

PLAIN = frozenset(("/v1/models", "/healthz", "/readyz", "/metrics"))
EVERY = with_passed((PASSED,))
WAYS = [
    pytest.param(path, is_stream, id=f"{path}-{'stream' if is_stream else 'whole'}")
    for path, endpoint in EVERY.items()
    for is_stream in ((False, True) if endpoint.streams else (False,))
]
each_way = pytest.mark.parametrize(("path", "is_stream"), WAYS)


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> AsyncIterator[House]:
    room = MediaRoom('\nmedia: {enabled: "true"}\n', seeing_nothing, TestLabeller())
    async with house_in(tmp_path, sqlite_url, media=room, pass_through=(PASSED,)) as one:
        one.upstream.text = ANSWER
        one.upstream.medium = WAV if "audio" in str(request.node.callspec.params.get("path")) else PNG
        yield one


def asking(sample: Sample, text: str, *, is_stream: bool) -> dict[str, object] | bytes:
    body = sample.asking(text)
    return {**body, "stream": True} if is_stream and isinstance(body, dict) else body


def test_every_route_of_the_door_is_known_here() -> None:
    assert set(EVERY) == set(SAMPLES)
    assert GatewayApp.paths == set(ENDPOINTS) | PLAIN


@each_way
async def test_a_stranger_learns_and_leaves_nothing(house: House, path: str, is_stream: bool) -> None:  # noqa: FBT001 - a table
    sample = SAMPLES[path]
    body = asking(sample, "你好", is_stream=is_stream)
    for headers in ({"Authorization": "Bearer nobody"}, {"Authorization": ""}):
        status, _, raw = await house.post_to(path, body, **{**sample.headers, **headers})
        assert status == 401
        assert orjson.loads(raw)["error"]["type"] == "authentication_error"
    assert house.upstream.seen == []
    assert await house.entries("exchange.opened", "exchange.rejected", "exchange.closed") == []


@each_way
async def test_a_good_exchange_is_opened_answered_labelled_and_closed(house: House, path: str, is_stream: bool) -> None:  # noqa: FBT001 - a table
    sample, endpoint = SAMPLES[path], EVERY[path]
    status, headers, raw = await house.post_to(path, asking(sample, "你好呀", is_stream=is_stream), **sample.headers)
    assert status == 200, raw
    assert sample.said(raw, is_stream) == ANSWER
    assert [seen.path for seen in house.upstream.seen] == ([sample.upstream] if sample.upstream else [])
    closed = await house.closing()
    (opened,) = await house.entries("exchange.opened")
    assert opened["endpoint"] == path
    assert "你好呀" in [turn["text"] for turn in opened["input"]]
    assert opened["decision"]["action"] == "allow"
    assert closed["outcome"] == "answered"
    if endpoint.is_labelled:
        assert json.loads(headers["x-aigc-label"])["ProduceID"] == opened["id"]
        assert json.loads(closed["label"])["ContentProducer"] == PRODUCER
    else:
        assert "x-aigc-label" not in headers


@each_way
async def test_a_refused_input_reaches_no_model(house: House, path: str, is_stream: bool) -> None:  # noqa: FBT001 - a table
    sample = SAMPLES[path]
    _, _, raw = await house.post_to(path, asking(sample, f"说{BANNED}吧", is_stream=is_stream), **sample.headers)
    assert house.upstream.seen == []
    closed = await house.closing()
    (opened,) = await house.entries("exchange.opened")
    assert opened["decision"]["action"] == "refuse"
    assert opened["decision"]["risks"] == ["A.1-f"]
    if EVERY[path].gates_input:
        assert BANNED not in raw.decode()
        assert closed["outcome"] == "input_refused"


@pytest.mark.parametrize(("path", "is_stream"), [way for way in WAYS if EVERY[str(way.values[0])].says])
async def test_a_refused_output_does_not_leave(house: House, path: str, is_stream: bool) -> None:  # noqa: FBT001 - a table
    sample = SAMPLES[path]
    house.upstream.text = f"前面{BANNED}后面"
    _, _, raw = await house.post_to(path, asking(sample, "你好", is_stream=is_stream), **sample.headers)
    assert len(house.upstream.seen) == 1
    for form in (raw.decode(), json.dumps(raw.decode(), ensure_ascii=False)):
        assert BANNED[0] not in form
        assert "\\u7981" not in form.lower()
    closed = await house.closing()
    assert closed["outcome"] == "output_stopped"
    assert closed["decision"]["risks"] == ["A.1-f"]


@each_way
async def test_what_cannot_be_evidenced_does_not_leave(house: House, path: str, is_stream: bool) -> None:  # noqa: FBT001 - a table
    sample = SAMPLES[path]
    body = asking(sample, "你好", is_stream=is_stream)
    house.ledger.is_broken = True
    status, _, raw = await house.post_to(path, body, **sample.headers)
    assert status == 503
    assert ANSWER not in raw.decode()
    house.ledger.is_broken = False
    house.ledger.breaks_on = "exchange.closed"
    status, _, raw = await house.post_to(path, body, **sample.headers)
    assert status == (200 if is_stream else 503)
    assert b"evidence_unavailable" in raw or b"overloaded_error" in raw
    house.ledger.breaks_on = ""


@pytest.mark.parametrize("path", ["/v1/score", "/v1/chat/completions/", "/v1/fine_tuning/jobs"])
async def test_nothing_else_is_served_and_the_answer_says_what_is(house: House, path: str) -> None:
    status, _, raw = await house.post_to(path, {"model": "m", "query": "你好"})
    assert status == 404
    message = orjson.loads(raw)["error"]["message"]
    assert all(path in message for path in EVERY)
    assert house.upstream.seen == []
