"""Traces, metrics and logs: what an operator sees of a call, tied together by its id, with nobody's words in it."""

import asyncio
import io
import logging
import re
from collections.abc import AsyncIterator, Iterator

import aiohttp
import orjson
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.flows.gateway.house import BANNED, House
from tests.simulators.collector import Collector, attributes, running_collector

from guiju.gateway.telemetry.build import Telemetry, build_telemetry
from guiju.kit.logging import JsonLines

CALLERS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
SAMPLED = f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-01"
SECRETS = ("13800138000", "110101199003074514", "张小明", "zhang.xiaoming@example.com", "6222021234567890128")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture
async def telemetry(house: House, collector: Collector) -> AsyncIterator[Telemetry]:
    telemetry = build_telemetry(collector.url, headers="authorization=Bearer%20t", instance="one", version="9")
    assert telemetry is not None
    house.gateway.metrics.tracing = telemetry
    yield telemetry
    await asyncio.to_thread(telemetry.stop)


async def metrics_of(house: House) -> dict[str, Metric]:
    async with house.http.get(f"{house.url}/metrics") as response:
        text = await response.text()
    return {family.name: family for family in text_string_to_metric_families(text)}


def sample(family: Metric, name: str, **labels: str) -> float:
    (found,) = [one.value for one in family.samples if one.name == name and labels.items() <= one.labels.items()]
    return float(found)


async def test_a_call_is_a_trace_from_its_caller_through_us_to_the_model(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    _, headers, _ = await house.post(
        house.request("你好", stream=True, temperature=0.5, max_tokens=7), traceparent=SAMPLED, tracestate="a=b"
    )
    await house.closing()
    await asyncio.to_thread(telemetry.flush)
    whole, call = collector.named("exchange"), collector.named("chat m")
    assert {span.trace_id.hex() for span in collector.spans} == {CALLERS_TRACE}
    assert whole.parent_span_id.hex() == CALLERS_SPAN
    assert (whole.kind, call.kind) == (2, 3)
    assert call.parent_span_id == whole.span_id
    sent = house.upstream.seen[-1].headers
    assert sent["traceparent"] == f"00-{CALLERS_TRACE}-{call.span_id.hex()}-01"
    assert sent["tracestate"] == "a=b"
    assert attributes(whole.attributes)["guiju.exchange.id"] == headers["x-exchange-id"]
    told = attributes(call.attributes)
    assert told["gen_ai.operation.name"] == "chat"
    assert (told["gen_ai.request.model"], told["gen_ai.request.max_tokens"], told["gen_ai.request.temperature"]) == (
        "m",
        7,
        0.5,
    )
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (3, 5)
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    stages = {span.name: span for span in collector.spans}
    assert set(stages) == {"exchange", "chat m", "moderate input", "release"}
    for span in stages.values():
        assert whole.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= whole.end_time_unix_nano
    assert collector.resources[0]["service.instance.id"] == "one"
    assert collector.headers[0]["authorization"] == "Bearer t"


async def test_another_endpoint_is_traced_by_its_own_name(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    body = orjson.dumps({"model": "m", "prompt": "你好", "max_tokens": 3})
    url = f"{house.url}/v1/completions"
    async with house.http.post(url, data=io.BytesIO(body), headers={**house.headers, "traceparent": SAMPLED}) as answer:
        assert answer.status == 200
        assert answer.headers["x-exchange-id"] in await answer.text()
    await house.closing()
    await asyncio.to_thread(telemetry.flush)
    assert attributes(collector.named("exchange").attributes)["http.route"] == "/v1/completions"
    assert attributes(collector.named("text_completion m").attributes)["gen_ai.operation.name"] == "text_completion"
    assert house.upstream.seen[-1].headers["traceparent"].startswith(f"00-{CALLERS_TRACE}-")


async def test_metrics_go_to_the_collector_by_the_genai_conventions(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    await house.post(house.request("你好", stream=True))
    await house.post(house.request("你好"))
    await asyncio.to_thread(telemetry.flush)
    tokens = collector.metrics["gen_ai.client.token.usage"].histogram.data_points
    sums = {str(attributes(point.attributes)["gen_ai.token.type"]): point.sum for point in tokens}
    assert sums == {"input": 6, "output": 10}
    assert collector.metrics["gen_ai.client.operation.duration"].unit == "s"
    assert sum(p.count for p in collector.metrics["gen_ai.client.operation.duration"].histogram.data_points) == 2
    assert collector.metrics["gen_ai.client.operation.time_to_first_chunk"].histogram.data_points[0].count == 1
    assert collector.metrics["guiju.exchanges"].sum.data_points[0].as_int == 2


async def test_nothing_that_anybody_said_and_no_pseudonym_is_in_what_is_exported(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    house.upstream.text = f"请致电 {SECRETS[0]}，{BANNED}。"
    for is_stream in (False, True):
        body = house.request("，".join(SECRETS), stream=is_stream, user=SECRETS[2], metadata={"id": SECRETS[1]})
        await house.post(body, traceparent=SAMPLED)
    await house.post(house.request(SECRETS[0], model=f"m {SECRETS[1]}"))
    await house.post(house.request(f"{BANNED} {SECRETS[1]}", model="m"))
    closing = await house.closing()
    await asyncio.to_thread(telemetry.flush)
    everything = b"".join(collector.raw)
    assert len(collector.spans) > 6
    for secret in (*SECRETS, BANNED, closing["person"], house.key):
        assert secret.encode() not in everything


async def test_without_a_collector_a_callers_trace_is_handed_on_as_it_came_and_none_is_made_up(house: House) -> None:
    await house.post(house.request(), traceparent=SAMPLED)
    await house.post(house.request())
    with_trace, without = house.upstream.seen
    assert with_trace.headers["traceparent"] == SAMPLED
    assert "traceparent" not in without.headers


async def test_a_caller_who_does_not_record_is_not_recorded(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    await house.post(house.request(), traceparent=f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-00")
    await house.closing()
    await asyncio.to_thread(telemetry.flush)
    assert collector.spans == []
    assert house.upstream.seen[-1].headers["traceparent"] == f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-00"


@pytest.mark.parametrize(
    "hostile", ["00-0-0-0", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "ff-" + SAMPLED[3:], "x" * 5000, SAMPLED + "-x"]
)
async def test_a_trace_that_cannot_be_read_is_left_out(house: House, hostile: str) -> None:
    status, _, _ = await house.post(house.request(), traceparent=hostile)
    assert status == 200
    assert "traceparent" not in house.upstream.seen[-1].headers


async def test_a_failure_of_the_model_is_an_error_of_its_span(
    house: House, collector: Collector, telemetry: Telemetry
) -> None:
    await house.post(house.request(model="error-500", stream=True))
    await house.closing()
    await asyncio.to_thread(telemetry.flush)
    call = collector.named("chat unknown")
    assert call.status.code == 2
    assert attributes(call.attributes)["error.type"] == "upstream_error_status"


async def test_a_collector_that_is_gone_costs_no_answer(house: House) -> None:
    telemetry = build_telemetry("http://127.0.0.1:9", version="9")
    assert telemetry is not None
    house.gateway.metrics.tracing = telemetry
    assert (await house.post(house.request("你好", stream=True)))[0] == 200
    assert (await house.post(house.request("你好")))[0] == 200
    await asyncio.to_thread(telemetry.stop)


async def test_prometheus_reads_what_we_expose(house: House) -> None:
    house.upstream.text = "一二三四。"
    await house.post(house.request("你好", stream=True))
    await house.post(house.request(BANNED))
    house.upstream.text = f"好的，{BANNED}"
    await house.post(house.request("你好", stream=True))
    await house.post(house.request(model="error-500"))
    await house.closing()
    found = await metrics_of(house)
    assert {family.type for family in found.values()} <= {"counter", "gauge", "histogram"}
    assert all(family.documentation for family in found.values())
    decisions = found["guiju_decisions"]
    assert sample(decisions, "guiju_decisions_total", scope="input", action="refuse") == 1
    assert sample(decisions, "guiju_decisions_total", scope="output", action="allow") == 1
    assert sample(decisions, "guiju_decisions_total", scope="output", action="refuse") == 1
    risks = found["guiju_findings"]
    assert sample(risks, "guiju_findings_total", scope="output", action="refuse", risk="A.1-f") == 1
    stages = found["guiju_stage_seconds"]
    for stage, count in {"moderate_input": 4, "upstream": 3, "release": 2, "evidence": 4}.items():
        assert sample(stages, "guiju_stage_seconds_count", stage=stage) == count
    assert sample(found["guiju_first_byte_seconds"], "guiju_first_byte_seconds_count") == 2
    assert sample(found["guiju_held_characters"], "guiju_held_characters_count") == 2
    assert sample(found["guiju_held_characters"], "guiju_held_characters_sum") >= len(BANNED)
    assert sample(found["guiju_tokens"], "guiju_tokens_total", direction="input", model="m", upstream="sim") == 3
    assert {one.labels["queue"] for one in found["guiju_queue_depth"].samples} == {"index", "entries", "late_closings"}
    assert sample(found["guiju_evidence_writable"], "guiju_evidence_writable") == 1
    assert sample(found["guiju_upstream_healthy"], "guiju_upstream_healthy", upstream="sim") == 0
    for family in found.values():
        if family.type == "histogram":
            _check_histogram(family)


def _check_histogram(family: Metric) -> None:
    series: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for one in family.samples:
        if one.name.endswith("_bucket"):
            key = tuple(sorted((name, value) for name, value in one.labels.items() if name != "le"))
            series.setdefault(key, []).append(one.value)
    for counts in series.values():
        assert counts == sorted(counts)


async def test_one_id_names_a_call_in_its_header_its_entries_and_its_log_lines(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonLines())
    _, headers, raw = await house.post(house.request())
    assert headers["x-exchange-id"] == orjson.loads(raw)["guiju"]["exchange_id"]
    assert {entry["subject"] for entry in await house.entries("exchange.opened", "exchange.closed")} == {
        f"exchange:{headers['x-exchange-id']}"
    }
    _, headers, raw = await house.post(b"{")
    assert headers["x-exchange-id"] == orjson.loads(raw)["error"]["exchange_id"]
    caplog.clear()
    _, headers, _ = await house.post(house.request(model="error-500"))
    lines = [orjson.loads(line) for line in caplog.text.splitlines()]
    assert [line["exchange"] for line in lines if line["message"] == "upstream failed"] == [headers["x-exchange-id"]]
    seen = {headers["x-exchange-id"]}
    for path in ("/v1/models", "/v1/nothing", "/healthz"):
        async with house.http.get(house.url + path) as response:
            seen.add(response.headers["x-exchange-id"])
    assert len(seen) == 4


async def _push(house: House, secret: str) -> None:
    """Put `secret` wherever a caller, a model or a fault can put something."""
    for model in ("m", "garbage", "error-400", "error-500", "stall", "die", "wrong-shape", "mid-error", "huge"):
        house.upstream.text = f"{secret}。{BANNED}"
        await house.post(house.request(secret, model=model, stream=True, user=secret))
        await house.post(house.request(secret, model=model, user=secret))
    await house.post(house.request(secret, model=secret))
    await house.post(secret.encode())
    await house.post(orjson.dumps({"model": "m", "messages": [{"role": secret, "content": secret}], secret: secret}))
    ascii_only = secret if secret.isascii() else "13800138000"
    quoted = secret.encode().hex() if not secret.isascii() else secret
    await house.post(house.request(secret), Authorization=f"Bearer {ascii_only}")
    await house.post(house.request(secret), **{"X-Guiju-Audience": ascii_only, "traceparent": ascii_only})
    async with house.http.get(f"{house.url}/v1/{quoted}?q={quoted}") as response:
        assert response.status == 404
    house.ledger.is_broken = True
    await house.post(house.request(secret, user=secret))
    await house.post(house.request(secret, stream=True))
    house.ledger.is_broken = False


@pytest.mark.parametrize("secret", ["zhang.xiaoming@example.com", "张小明，电话13800138000，身份证110101199003074514"])
async def test_no_log_line_holds_what_a_person_wrote(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(JsonLines())
    await _push(house, secret)

    def quote(*_: object, **__: object) -> None:
        raise ValueError(f"cannot read {secret!r}")

    monkeypatch.setattr(house.moderation, "decide", quote)  # a fault of our own whose message quotes its input
    status, _, _ = await house.post(house.request(f"{secret} "))
    assert status == 500
    written = caplog.text
    assert "upstream failed" in written
    assert "evidence cannot be written" in written
    assert "builtins.ValueError" in written
    for part in (part for part in (secret, *SECRETS) if part in secret):
        assert part not in written
        assert part.encode("unicode_escape").decode() not in written
    for line in written.splitlines():
        assert isinstance(orjson.loads(line), dict)


async def test_a_hostile_client_cannot_write_log_lines(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(JsonLines())
    forged = '\n{"level": "INFO", "message": "all is well"}\r\n\x1b[2J\u2028\u202e'
    await house.post(house.request(forged, model="error-500", user=forged[:20]))
    await house.post(house.request("x", model=forged))
    async with house.http.get(f"{house.url}/v1/%0A%7B%22level%22%3A1%7D%1b%5B2J") as response:
        assert response.status == 404
    for line in caplog.text.splitlines():
        assert orjson.loads(line).get("message") != "all is well"
    assert not re.search("[\x1b\u2028\u202e]", caplog.text)


async def test_two_exchanges_in_one_call_never_share_an_id(house: House) -> None:
    from guiju.kit.correlation import begin, take_id  # noqa: PLC0415 - only this test looks inside

    first = begin()
    assert take_id() == first.id
    assert take_id() != first.id
    async with aiohttp.ClientSession() as one:
        ids = set()
        for _ in range(20):
            data = io.BytesIO(orjson.dumps(house.request()))
            async with one.post(f"{house.url}/v1/chat/completions", data=data, headers=house.headers) as response:
                ids.add(response.headers["x-exchange-id"])
        assert len(ids) == 20
