"""Several servers for one model: the next one answers when the first cannot, as long as nothing has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.simulators.upstream import UpstreamSimulator, running_upstream

from guiju.gateway.errors import UnknownModelError, UpstreamDiedError, UpstreamStatusError, UpstreamUnreachableError
from guiju.gateway.models import Limits, Patience
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Route, UpstreamPool
from guiju.gateway.wire.request import ChatRequest, read_request
from guiju.kit.clock import SystemClock

PATIENCE = Patience(connect=0.5, first_byte=1.0, idle=0.5, whole=1.0)


def asked(model: str = "m") -> ChatRequest:
    body = f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "x"}}]}}'
    return read_request(body.encode(), Limits())


@asynccontextmanager
async def two_upstreams(first_model: str) -> AsyncIterator[tuple[UpstreamPool, UpstreamSimulator, UpstreamSimulator]]:
    async with running_upstream() as first, running_upstream() as second:
        routes = [
            Route(OpenAICompatible("first", first.url, patience=PATIENCE, answer_bytes=10**6), {"m": first_model}),
            Route(OpenAICompatible("second", f"{second.url}/v1", patience=PATIENCE, answer_bytes=10**6), {"m": "m"}),
        ]
        pool = UpstreamPool(routes, SystemClock(), health_seconds=60)
        yield pool, first, second
        await pool.stop()


@pytest.mark.parametrize("manner", ["error-500", "silent", "garbage"])
async def test_the_second_answers_when_the_first_cannot(manner: str) -> None:
    async with two_upstreams(manner) as (pool, _, second):
        second.text = "二"
        upstream, answer = await pool.complete(asked())
        assert upstream == "second"
        assert "二" in str(answer["choices"])


async def test_a_stream_falls_over_before_its_first_event() -> None:
    async with two_upstreams("error-500") as (pool, _, _):
        opened = await pool.open(asked())
        assert opened.upstream == "second"
        await opened.source.close()
        assert [state.is_healthy for state in pool.states()] == [False, True]
        assert pool.states()[0].last_failure == "upstream_error_status"


async def test_a_server_that_failed_is_asked_last_until_it_is_well() -> None:
    async with two_upstreams("m") as (pool, first, second):
        port = first.port
        await first.stop()
        assert (await pool.complete(asked()))[0] == "second"
        assert (await pool.complete(asked()))[0] == "second"
        await first.start(port)
        await pool.check_health()
        assert (await pool.complete(asked()))[0] == "first"
        assert len(second.seen) == 2


async def test_what_every_server_would_refuse_is_asked_once() -> None:
    async with two_upstreams("error-400") as (pool, _, second):
        with pytest.raises(UpstreamStatusError):
            await pool.complete(asked())
        assert second.seen == []
        assert all(state.is_healthy for state in pool.states())


async def test_when_all_fail_the_last_failure_is_told() -> None:
    async with two_upstreams("m") as (pool, first, second):
        await first.stop()
        await second.stop()
        with pytest.raises(UpstreamUnreachableError):
            await pool.open(asked())


async def test_a_connection_is_kept_when_the_answer_was_whole() -> None:
    async with two_upstreams("m") as (pool, first, _):
        for _ in range(3):
            opened = await pool.open(asked())
            while await opened.source.read() is not None:
                pass
            await opened.source.close()
        await asyncio.sleep(0.05)
        assert len(first._held) == 1


async def test_every_model_of_a_server_can_be_asked_for() -> None:
    async with running_upstream() as simulator:
        simulator.models = ["a", "b"]
        upstream = OpenAICompatible("all", simulator.url, patience=PATIENCE, answer_bytes=10**6)
        pool = UpstreamPool([Route(upstream, None)], SystemClock())
        pool.check_model("not asked yet, so perhaps")
        await pool.check_health()
        assert [model.id for model in pool.models()] == ["a", "b"]
        with pytest.raises(UnknownModelError):
            await pool.complete(asked("c"))
        await pool.stop()


async def test_the_key_of_the_operator_is_sent_and_the_callers_is_not() -> None:
    async with running_upstream() as simulator:
        upstream = OpenAICompatible("k", simulator.url, api_key="operator", patience=PATIENCE, answer_bytes=10**6)
        pool = UpstreamPool([Route(upstream, {"m": "m"})], SystemClock())
        await pool.complete(asked())
        assert simulator.seen[0].headers["authorization"] == "bearer operator"
        await pool.stop()


async def test_a_stream_that_is_empty_is_a_death() -> None:
    async with running_upstream() as simulator:
        simulator.events = []
        upstream = OpenAICompatible("k", simulator.url, patience=PATIENCE, answer_bytes=10**6)
        pool = UpstreamPool([Route(upstream, {"m": "events"})], SystemClock())
        with pytest.raises(UpstreamDiedError):
            await pool.open(asked())
        await pool.stop()
