"""Limits over the wire: what a client is told, what is evidence, and that several processes count together."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from tests.flows.gateway.house import House, SwitchableLedger, build_gateway, house_in
from tests.flows.gateway.ledgers import running_ledger
from tests.flows.gateway.test_killed import other_process
from tests.simulators.redis_server import PROGRAM, running_redis
from tests.simulators.upstream import running_upstream

from guiju.gateway.admission_settings import AdmissionSettings
from guiju.gateway.app_rules import AppRules, LimitRules
from guiju.gateway.prices import Price, PriceTable
from guiju.kit.errors import StorageError


async def limit(house: House, *, app: LimitRules | None = None, user: LimitRules | None = None) -> None:
    rules = AppRules(app=app or LimitRules(), user=user or LimitRules())
    changed = replace(house.app, rules=rules)
    await asyncio.to_thread(lambda: house.gateway.change_app(changed, actor="staff:s", reason="限额"))


async def test_a_limit_is_told_in_both_languages_with_when_to_come_again(house: House) -> None:
    await limit(house, app=LimitRules(requests_per_minute=3), user=LimitRules(requests_per_minute=2))
    first = await house.post(house.request(user="u-1"))
    assert first[0] == 200
    assert first[1]["x-ratelimit-limit-requests"] == "2"
    assert first[1]["x-ratelimit-remaining-requests"] == "1"
    assert first[1]["x-ratelimit-reset-requests"] == "30s"
    assert (await house.post(house.request(user="u-1")))[0] == 200
    status, headers, body = await house.post(house.request(user="u-1"))
    error = json.loads(body)["error"]
    assert (status, error["code"], error["param"]) == (429, "rate_limit_exceeded", "requests_per_minute")
    assert "已达到用户的每分钟请求数限额（2）" in error["message"]
    assert "The limit of the user is reached" in error["message"]
    assert 1 <= int(headers["retry-after"]) <= 30
    assert (await house.post(house.request(user="u-2")))[0] == 200
    assert (await house.post(house.request(user="u-3")))[0] == 429
    refused = await house.entries("call.refused")
    assert [(entry["limit"], entry["owner"], entry["of"]) for entry in refused] == [
        ("requests_per_minute", "user", 2),
        ("requests_per_minute", "app", 3),
    ]
    assert len(house.upstream.seen) == 3


async def test_tokens_are_counted_as_the_model_server_says_or_by_their_length(house: House) -> None:
    await limit(house, app=LimitRules(tokens_per_day=100))
    house.upstream.whole = {
        "id": "x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "好"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 49, "total_tokens": 99},
    }
    first = await house.post(house.request())
    assert first[0] == 200
    assert first[1]["x-ratelimit-limit-tokens"] == "100"
    await house.closing()
    status, _, body = await house.post(house.request())
    assert status == 429
    assert b"tokens_per_day" in body
    await limit(house, app=LimitRules(tokens_per_day=1000))
    said = {"index": 0, "delta": {"content": "一二三四" * 300}, "finish_reason": None}
    house.upstream.events = [{"choices": [said]}, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    assert (await house.post(house.request(stream=True, model="events")))[0] == 200
    await house.closing()
    assert (await house.post(house.request()))[0] == 429
    assert house.upstream.seen[-1].body["stream_options"] == {"include_usage": True}


async def test_a_call_that_alone_is_more_than_the_limit_is_not_told_to_come_again(house: House) -> None:
    await limit(house, app=LimitRules(tokens_per_minute=10))
    status, headers, body = await house.post(house.request("长" * 200))
    assert status == 429
    assert "retry-after" not in headers
    assert "shorten it" in json.loads(body)["error"]["message"]


async def test_a_refused_question_gives_its_tokens_back(house: House) -> None:
    await limit(house, app=LimitRules(tokens_per_day=40))
    for _ in range(5):
        assert (await house.post(house.request("哪里有禁止词组甲" + "，" * 30)))[0] == 200
        await house.closing()


async def test_a_budget_of_money_ends_and_a_model_without_a_price_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    prices = PriceTable("CNY", {"m": Price(2.0, 8.0)})
    async with house_in(tmp_path, sqlite_url, admission=AdmissionSettings(prices=prices)) as house:
        await limit(house, app=LimitRules(budget_money=100_000))
        house.upstream.whole = {
            "id": "x",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "好"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10_000, "completion_tokens": 10_000, "total_tokens": 20_000},
        }
        assert (await house.post(house.request()))[0] == 200
        await house.closing()
        status, headers, body = await house.post(house.request())
        error = json.loads(body)["error"]
        assert (status, error["code"], error["type"]) == (429, "insufficient_quota", "insufficient_quota")
        assert int(headers["retry-after"]) > 1
        status, _, body = await house.post(house.request(model="echo"))
        assert (status, b"model_has_no_price" in body) == (403, True)


async def test_so_many_exchanges_are_open_and_no_more(house: House) -> None:
    await limit(house, user=LimitRules(concurrent=2))
    house.upstream.pause_seconds = 0.02
    house.upstream.text = "从前有一个故事。" * 4
    answers = await asyncio.gather(*(house.post(house.request(user="u", stream=True)) for _ in range(6)))
    statuses = sorted(status for status, _, _ in answers)
    assert statuses == [200, 200, 429, 429, 429, 429]
    assert b"concurrency_limit_exceeded" in next(body for status, _, body in answers if status == 429)
    await asyncio.sleep(0.15)
    assert (await house.post(house.request(user="u", stream=True)))[0] == 200
    assert (await house.post(house.request(user="u")))[0] == 200


async def test_malformed_calls_count_and_do_not_flood_the_evidence(house: House) -> None:
    await limit(house, app=LimitRules(requests_per_minute=3))
    statuses = [(await house.post(b"{"))[0] for _ in range(8)]
    assert statuses == [400] * 3 + [429] * 5
    assert len(await house.entries("exchange.rejected")) == 3
    assert len(await house.entries("call.refused")) == 1


async def test_without_its_counters_the_gateway_lets_nothing_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await limit(house, app=LimitRules(requests_per_minute=3))

    def fall(*_: object) -> None:
        raise StorageError("数据库停了。", "The database is down.")

    assert house.gateway.admission is not None
    meters = house.gateway.admission._parts.limits._meters
    monkeypatch.setattr(meters._store, "settle", fall)
    status, headers, body = await house.post(house.request())
    assert (status, b"admission_unavailable" in body, headers["retry-after"]) == (503, True, "5")
    assert house.upstream.seen == []


@pytest.mark.parametrize("store", ["database", "redis"])
async def test_two_processes_count_together(
    tmp_path: Path, database_url: str, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store == "redis" and (PROGRAM is None or database_url.startswith("postgresql")):
        pytest.skip("Redis: not installed, or run once already")
    async with AsyncExitStack() as stack:
        if store == "redis":
            monkeypatch.setenv("TEST_REDIS_URL", stack.enter_context(running_redis(tmp_path)))
        upstream = await stack.enter_async_context(running_upstream())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        doors = [await stack.enter_async_context(other_process(tmp_path, database_url, upstream.url)) for _ in range(2)]
        ledger = await stack.enter_async_context(running_ledger(tmp_path, database_url))
        gateway = build_gateway(tmp_path / "c", database_url, upstream.url, SwitchableLedger(ledger))
        app = (await asyncio.to_thread(gateway.apps))[0]
        rules = AppRules(app=LimitRules(requests_per_day=25))
        changed = replace(app, rules=rules)
        await asyncio.to_thread(lambda: gateway.change_app(changed, actor="staff:s", reason="限额"))
        secret = doors[0][2]

        async def ask(port: int) -> int:
            body = {"model": "m", "messages": [{"role": "user", "content": "你好"}]}
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            async with http.post(url, json=body, headers={"Authorization": f"Bearer {secret}"}) as answer:
                return answer.status

        statuses = await asyncio.gather(*(ask(doors[number % 2][1]) for number in range(60)))
        assert sorted(statuses) == [200] * 25 + [429] * 35
