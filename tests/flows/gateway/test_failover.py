"""Several servers for one model: the next one answers when the first cannot, as long as nothing has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.simulators.upstream import UpstreamSimulator, running_upstream

from guiju.gateway.errors import (
    UnknownModelError,
    UpstreamDiedError,
    UpstreamRestingError,
    UpstreamStatusError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from guiju.gateway.models import BreakerSettings, Limits, Patience
from guiju.gateway.upstreams.breaker import Breaker
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Opened, Route, UpstreamPool
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


async def read_to_the_end(opened: Opened) -> None:
    while await opened.source.read() is not None:
        pass


def routes_to(*servers: UpstreamSimulator, weights: tuple[int, ...], settings: BreakerSettings) -> list[Route]:
    return [
        Route(
            OpenAICompatible(f"u{at}", server.url, patience=PATIENCE, answer_bytes=10**6),
            {"m": "m", "busy": "busy"},
            weight=weights[at],
            breaker=Breaker(SystemClock(), settings),
        )
        for at, server in enumerate(servers)
    ]


async def test_calls_are_shared_by_weight_and_a_reserve_gets_none() -> None:
    async with running_upstream() as one, running_upstream() as two, running_upstream() as reserve:
        pool = UpstreamPool(routes_to(one, two, reserve, weights=(3, 1, 0), settings=BreakerSettings()), SystemClock())
        for _ in range(20):
            await pool.complete(asked())
        assert [len(server.seen) for server in (one, two, reserve)] == [15, 5, 0]
        await one.stop()
        await two.stop()
        assert (await pool.complete(asked()))[0] == "u2"
        await pool.stop()


async def test_a_circuit_opens_is_tried_after_a_while_and_closes() -> None:
    async with running_upstream() as simulator:
        routes = routes_to(simulator, weights=(0,), settings=BreakerSettings(failures=2, open_seconds=0.2))
        pool = UpstreamPool(routes, SystemClock())
        port = simulator.port
        await simulator.stop()
        for _ in range(2):
            with pytest.raises(UpstreamUnreachableError):
                await pool.complete(asked())
        with pytest.raises(UpstreamRestingError) as caught:
            await pool.complete(asked())
        assert (caught.value.status, caught.value.retry_after_seconds) == (503, 1)
        assert pool.states()[0].circuit == "open"
        await simulator.start(port)
        await asyncio.sleep(0.25)
        assert pool.states()[0].circuit == "half_open"
        assert (await pool.complete(asked()))[0] == "u0"
        assert pool.states()[0].circuit == "closed"
        await pool.stop()


async def test_a_full_server_is_left_alone_as_long_as_it_asks_and_the_next_answers() -> None:
    async with running_upstream() as full, running_upstream() as free:
        full.busy_seconds = 7
        pool = UpstreamPool(routes_to(full, free, weights=(0, 0), settings=BreakerSettings()), SystemClock())
        free.busy_seconds = 0
        for _ in range(3):
            assert (await pool.complete(asked("busy")))[0] == "u1"
        assert len(full.seen) == 1
        state = pool.states()[0]
        assert state.is_healthy
        assert (state.circuit, state.failures, 6 < state.wait_seconds <= 7) == ("open", 0, True)
        await pool.stop()


async def test_after_so_long_no_other_server_is_tried() -> None:
    async with running_upstream() as first, running_upstream() as second:
        routes = [
            Route(OpenAICompatible("slow", first.url, patience=PATIENCE, answer_bytes=10**6), {"m": "silent"}),
            Route(OpenAICompatible("next", second.url, patience=PATIENCE, answer_bytes=10**6), {"m": "m"}),
        ]
        pool = UpstreamPool(routes, SystemClock(), tries_seconds=0.5)
        with pytest.raises(UpstreamTimeoutError):
            await pool.complete(asked())
        assert second.seen == []
        await pool.stop()


async def test_a_stream_has_a_budget_as_a_whole() -> None:
    async with running_upstream() as simulator:
        simulator.text, simulator.pause_seconds = "长" * 500, 0.02
        patience = Patience(connect=0.5, first_byte=1.0, idle=0.5, whole=1.0, stream=0.3)
        upstream = OpenAICompatible("s", simulator.url, patience=patience, answer_bytes=10**6)
        opened = await UpstreamPool([Route(upstream, {"m": "m"})], SystemClock()).open(asked())
        with pytest.raises(UpstreamTimeoutError):
            await read_to_the_end(opened)
        await opened.source.close()
        await upstream.close()
