"""Whatever a client or an upstream does wrong: a clear error in the OpenAI shape, and evidence of what it was."""

import asyncio
from pathlib import Path

import aiohttp
import orjson
import pytest
from tests.flows.gateway.house import House, events_of, house_in, text_of

from guiju.gateway.models import Limits
from guiju.web.caller_headers import IDENTITY_PATH


def error_in(raw: bytes) -> dict[str, str]:
    assert b"Traceback" not in raw
    assert b"secret" not in raw
    error = orjson.loads(raw)["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    zh, _, en = error["message"].partition(" / ")
    assert not zh.isascii()
    assert en.isascii()
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_request"),
        (b"{", 400, "malformed_request"),
        (b'{"model": "m", "messages": "x"}', 400, "malformed_request"),
        (b'{"model": "\xff"}', 400, "malformed_request"),
        (b"[" * 100_000, 400, "malformed_request"),
        (b'{"a":' * 20_000, 400, "malformed_request"),
        (b'{"model": "nobody", "messages": [{"role": "user", "content": "x"}]}', 404, "model_not_found"),
        (
            b'{"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
            400,
            "unsupported_content",
        ),
        (b'{"model": "m", "n": 99, "messages": [{"role": "user", "content": "x"}]}', 400, "malformed_request"),
        (b"x" * 10_000_000, 413, "request_too_large"),
    ],
)
async def test_a_bad_call_of_an_app_is_a_clear_error_and_evidenced(
    house: House, body: bytes, status: int, code: str
) -> None:
    got, _, raw = await house.post(body)
    error = error_in(raw)
    assert (got, error["code"]) == (status, code)
    (entry,) = await house.entries("exchange.rejected")
    assert entry["code"] == code
    assert entry["bytes"] == len(body)
    assert error["exchange_id"] == entry["id"]
    assert house.upstream.seen == []
    assert (await house.post(house.request()))[0] == 200


async def test_a_caller_nobody_knows_is_counted_and_not_entered(house: House) -> None:
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer gj-wrong"},
        {"Authorization": f"Basic {house.key}"},
    ):
        status, _, raw = await house.post(b"{", **headers)
        assert status == 401
        assert error_in(raw)["code"] == "invalid_api_key"
    assert await house.entries("exchange.rejected") == []
    assert house.gateway.metrics.value("guiju_calls_unauthenticated_total") == 3


async def test_a_revoked_key_dies_at_once(house: House) -> None:
    assert (await house.post(house.request()))[0] == 200
    (key,) = await asyncio.to_thread(house.gateway.keys, house.app.id)
    await asyncio.to_thread(lambda: house.gateway.revoke_key(house.app.id, key.id, actor="staff:x"))
    assert (await house.post(house.request()))[0] == 401
    assert [entry["action"] for entry in await house.entries("api_key.created", "api_key.revoked")] == [
        "api_key.created",
        "api_key.revoked",
    ]


async def test_a_compressed_body_is_refused(house: House) -> None:
    status, _, raw = await house.post(b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert (status, error_in(raw)["code"]) == (415, "unsupported_encoding")


async def test_a_body_that_never_ends_is_given_up(house: House) -> None:
    async def endless() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rsplit(":", 1)[1]))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.key}\r\n"
        writer.write(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"}}"), 5)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request_timeout" in answer
        writer.close()

    await endless()


async def test_a_socket_closed_in_the_middle_of_a_request_is_no_exchange(house: House) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()
    writer.close()
    assert (await house.post(house.request()))[0] == 200
    assert len(await house.entries("exchange.opened")) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/v1/nothing", 404),
        ("GET", "/x", 404),
    ],
)
async def test_wrong_addresses_have_the_openai_shape(house: House, method: str, path: str, status: int) -> None:
    async with house.http.request(method, house.url + path, headers=house.headers) as response:
        assert response.status == status
        error_in(await response.read())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/chat/completions", "POST"),
        ("/v1/embeddings", "POST"),
        (IDENTITY_PATH, "POST"),
        ("/v1/models", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(house: House, path: str, allowed: str) -> None:
    async with house.http.delete(house.url + path, headers=house.headers) as response:
        assert (response.status, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("silent", 504, "upstream_timeout"),
        ("garbage", 502, "upstream_garbage"),
        ("wrong-shape", 502, "upstream_garbage"),
        ("error-500", 502, "upstream_error_status"),
        ("error-400", 502, "upstream_error_status"),
        ("huge", 502, "upstream_answer_too_large"),
    ],
)
async def test_a_bad_whole_answer_is_a_clear_error(house: House, model: str, status: int, code: str) -> None:
    got, _, raw = await house.post(house.request(model=model))
    assert (got, error_in(raw)["code"]) == (status, code)
    closed = await house.closing()
    assert (closed["outcome"], closed["failure"]) == ("upstream_failed", code)
    assert closed["output"] == []


async def test_an_upstreams_own_error_code_is_told_but_not_its_words(house: House) -> None:
    _, _, raw = await house.post(house.request(model="error-400"))
    assert "context_length_exceeded" in error_in(raw)["message"]


@pytest.mark.parametrize(
    ("model", "code", "released"),
    [
        ("stall", "upstream_timeout", "好的"),
        ("die", "upstream_died", "好的"),
        ("end-early", "upstream_died", "好的"),
        ("half-close", "upstream_died", "好的"),
        ("garbage", "upstream_garbage", "好"),
        ("mid-error", "upstream_failed", "好"),
        ("huge", "upstream_answer_too_large", None),
    ],
)
async def test_a_stream_that_breaks_ends_in_an_error_and_not_in_done(
    house: House, model: str, code: str, released: str | None
) -> None:
    status, _, raw = await house.post(house.request(model=model, stream=True))
    assert status == 200
    assert b"[DONE]" not in raw
    events = events_of(raw)
    assert events[-1]["error"]["code"] == code
    assert b"secret" not in raw
    closed = await house.closing()
    assert (closed["outcome"], closed["failure"]) == ("upstream_failed", code)
    text = closed["output"][0]["released"]["content"]
    assert text == text_of(b"\n".join(line for line in raw.split(b"\n") if b'"error"' not in line))
    assert released is None or text == released
    await asyncio.wait_for(house.upstream.seen[0].is_over.wait(), 3)


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("silent", 504, "upstream_timeout"),
        ("wrong-shape", 502, "upstream_garbage"),
        ("error-500", 502, "upstream_error_status"),
        ("endless-line", 502, "upstream_answer_too_large"),
    ],
)
async def test_a_stream_that_never_begins_is_an_http_error(house: House, model: str, status: int, code: str) -> None:
    got, _, raw = await house.post(house.request(model=model, stream=True))
    if got == 200:  # the first event came, and was none
        assert events_of(raw)[-1]["error"]["code"] == code
    else:
        assert (got, error_in(raw)["code"]) == (status, code)
    assert (await house.closing())["failure"] == code


async def test_an_unreachable_upstream_is_said_to_be_unreachable(house: House) -> None:
    await house.upstream.stop()
    status, _, raw = await house.post(house.request())
    assert (status, error_in(raw)["code"]) == (502, "upstream_unreachable")
    assert (await house.closing())["failure"] == "upstream_unreachable"


@pytest.mark.parametrize("stream", [False, True])
async def test_no_evidence_no_output(house: House, stream: bool) -> None:  # noqa: FBT001 - a table
    house.ledger.is_broken = True
    status, headers, raw = await house.post(house.request(stream=stream))
    assert (status, error_in(raw)["code"]) == (503, "evidence_unavailable")
    assert "retry-after" in headers
    assert house.upstream.text.encode() not in raw
    assert not house.gateway.readiness()["evidence"]
    house.ledger.is_broken = False
    closed = await asyncio.wait_for(house.closing(), 5)  # tried again until it stands
    assert closed["outcome"] == "evidence_failed"
    assert not any(choice["released"] for choice in closed["output"]), "nothing left, and nothing is said to have left"
    assert (await house.post(house.request(stream=stream)))[0] == 200
    assert house.gateway.readiness()["evidence"]


async def test_a_closing_that_cannot_be_written_ends_the_stream_without_done(house: House) -> None:
    house.ledger.breaks_on = "exchange.closed"
    status, _, raw = await house.post(house.request(stream=True))
    assert status == 200
    assert b"[DONE]" not in raw
    assert b'"finish_reason":"stop"' not in raw
    assert events_of(raw)[-1]["error"]["code"] == "evidence_unavailable"
    house.ledger.breaks_on = ""
    closed = await asyncio.wait_for(house.closing(), 5)
    assert closed["outcome"] == "evidence_failed", "its client was told that it has no whole answer"
    assert closed["output"][0]["released"]["content"] == house.upstream.text


async def test_a_refusal_that_cannot_be_evidenced_is_not_given(house: House) -> None:
    house.ledger.is_broken = True
    status, _, raw = await house.post(b"{")
    assert (status, error_in(raw)["code"]) == (503, "evidence_unavailable")


async def test_a_full_gateway_says_so(tmp_path: Path, sqlite_url: str) -> None:
    limits = Limits(open_exchanges=1, queued_exchanges=1, queue_seconds=20)
    async with house_in(tmp_path, sqlite_url, limits=limits) as house:
        held = asyncio.create_task(house.post(house.request(model="silent")))
        await house.upstream.asked()
        waiting = asyncio.create_task(house.post(house.request()))
        while not house.gateway.metrics.value("guiju_exchanges_queued"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        for _ in range(5):
            status, headers, raw = await house.post(house.request())
            assert (status, error_in(raw)["code"]) == (503, "overloaded")
            assert headers["retry-after"] == "1"
        assert (await held)[0] == 504
        assert (await waiting)[0] == 200, "who waits for a place gets one"
        assert (await house.post(house.request()))[0] == 200
        assert house.gateway._flow is not None
        await house.gateway._flow.admission.settle()
        (shed,) = await house.entries("exchange.shed")
        assert (shed["count"], shed["code"], shed["app"]) == (5, "overloaded", house.app.id)


async def test_health_readiness_models_and_metrics_answer(house: House) -> None:
    async def get(path: str) -> tuple[int, bytes]:
        async with house.http.get(house.url + path, headers=house.headers) as response:
            return response.status, await response.read()

    await house.post(house.request())
    assert (await get("/healthz"))[0] == 200
    status, raw = await get("/readyz")
    assert status == 200
    assert orjson.loads(raw)["checks"] == {"running": True, "evidence": True, "upstream": True}
    status, raw = await get("/v1/models")
    assert {"echo", "m"} <= {model["id"] for model in orjson.loads(raw)["data"]}
    status, raw = await get("/metrics")
    text = raw.decode()
    assert 'guiju_exchanges_total{outcome="answered"} 1' in text
    assert "guiju_exchange_seconds_count 1" in text


async def test_a_pipelining_client_keeps_its_connection(house: House) -> None:
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(5):
            url = f"{house.url}/v1/chat/completions"
            async with session.post(url, json=house.request(), headers=house.headers) as response:
                assert response.status == 200
                await response.read()
