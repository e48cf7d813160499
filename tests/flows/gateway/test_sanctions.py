"""Sanctions over the wire: raised by rule or by a person, told, in force in every process within a second, lifted."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.flows.gateway.house import House, SwitchableLedger, build_gateway
from tests.flows.gateway.ledgers import running_ledger
from tests.flows.gateway.test_killed import other_process
from tests.simulators.upstream import running_upstream

from guiju.gateway.entrance.sanctions.models import SanctionKind, SanctionOrder, SanctionQuery
from guiju.gateway.models import ExchangeQuery
from guiju.kit.clock import SystemClock

BAD = "哪里有禁止词组甲"


async def bad(house: House, times: int, **fields: object) -> None:
    for _ in range(times):
        assert (await house.post(house.request(BAD, **fields)))[0] == 200


async def sanctions(house: House, *, wanted: int) -> list[Any]:
    """Wait until there are so many; the rule looks half a second after the last input."""
    assert house.gateway.admission is not None
    desk = house.gateway.admission.sanctions
    for _ in range(40):
        found = await asyncio.to_thread(desk.search, SanctionQuery())
        if len(found) >= wanted:
            return found
        await asyncio.sleep(0.05)
    return found


async def person_of(house: House, user: str) -> str:
    return await asyncio.to_thread(house.ledger.person_for, f"{house.app.id}|{user}")


async def impose(house: House, user: str, kind: SanctionKind, **more: Any) -> str:  # noqa: ANN401 - fields of an order
    assert house.gateway.admission is not None
    desk = house.gateway.admission.sanctions
    until = None if kind is SanctionKind.TERMINATE else SystemClock().now() + timedelta(hours=1)
    order = SanctionOrder(
        await person_of(house, user), kind, "多次诱导违法内容", "repeated inducement", until=until, **more
    )
    imposed = await asyncio.to_thread(lambda: desk.impose(order, by="staff:s"))
    await asyncio.sleep(0.6)
    return imposed.id


async def test_three_illegal_inputs_in_a_row_suspend_and_tell_why_and_how_to_object(house: House) -> None:
    await bad(house, 3, user="u-1")
    (raised,) = await sanctions(house, wanted=1)
    await asyncio.sleep(0.4)
    status, _, body = await house.post(house.request(user="u-1"))
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (403, "user_suspended")
    assert error["sanction"]["id"] == raised.id
    assert error["sanction"]["object_at"] == f"/sanctions/{raised.id}"
    assert "已暂停向该用户提供服务，至北京时间" in error["message"]
    assert "3 次输入被拦截" in error["message"]
    assert "To object, go to" in error["message"]
    assert (await house.post(house.request(user="u-2")))[0] == 200
    (entry,) = await house.entries("user.sanctioned")
    assert (entry["kind"], entry["rule"], len(entry["exchanges"])) == ("suspend", "test/in-a-row, test/in-a-day", 3)
    (refused,) = await house.entries("call.refused")
    assert (refused["code"], refused["sanction"]) == ("user_suspended", raised.id)
    assert len(house.upstream.seen) == 1


async def test_a_good_question_between_breaks_the_row_and_five_in_a_day_do_not_need_one(house: House) -> None:
    for _ in range(4):
        await bad(house, 1, user="u-1")
        assert (await house.post(house.request("你好", user="u-1")))[0] == 200
    await asyncio.sleep(1.0)
    assert await sanctions(house, wanted=0) == []
    await bad(house, 1, user="u-1")
    (raised,) = await sanctions(house, wanted=1)
    assert len(raised.order.exchanges) == 5


async def test_nobody_is_suspended_for_what_is_not_theirs_or_not_known(house: House) -> None:
    await bad(house, 6)  # nobody named: one pseudonym stands for all of the app's users
    house.upstream.text = "答案里有禁止词组甲"
    for _ in range(4):
        await house.post(house.request("你好", user="u-1"))
    await asyncio.sleep(1.0)
    assert await sanctions(house, wanted=0) == []


async def test_the_four_measures_do_what_their_names_say(house: House) -> None:
    await impose(house, "warned", SanctionKind.WARN)
    await impose(house, "limited", SanctionKind.LIMIT, functions=("stream", "model:echo"))
    await impose(house, "ended", SanctionKind.TERMINATE)
    status, headers, _ = await house.post(house.request(user="warned"))
    assert status == 200
    assert headers["x-guiju-sanction"].startswith("warn; id=")
    assert (await house.post(house.request(user="limited")))[0] == 200
    for fields in ({"stream": True}, {"model": "echo"}):
        status, _, body = await house.post(house.request(user="limited", **fields))
        assert (status, b"function_limited" in body) == (403, True)
    status, _, body = await house.post(house.request(user="ended"))
    assert (status, b"user_terminated" in body) == (403, True)


async def test_an_objection_is_kept_answered_and_the_sanction_lifted(house: House) -> None:
    sanction_id = await impose(house, "u-1", SanctionKind.SUSPEND)
    assert house.gateway.admission is not None
    desk = house.gateway.admission.sanctions

    def steps() -> None:
        desk.object_to(sanction_id, "我在写小说", contact="a@b.cn")
        assert desk.waiting() == [sanction_id]
        desk.answer(sanction_id, "已复核，维持", by="staff:s")
        assert desk.waiting() == []
        letters = desk.letters(sanction_id)
        assert [(one.text, one.is_answer) for one in letters] == [("我在写小说", False), ("已复核，维持", True)]
        desk.lift(sanction_id, by="staff:t", reason="另一人复核后解除")

    await asyncio.to_thread(steps)
    await asyncio.sleep(0.6)
    assert (await house.post(house.request(user="u-1")))[0] == 200


async def test_while_nobody_knows_whether_a_user_is_sanctioned_nobody_is_let_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guiju.kit.errors import StorageError  # noqa: PLC0415

    def fall(*_: object) -> None:
        raise StorageError("数据库停了。", "The database is down.")

    assert house.gateway.admission is not None
    register = house.gateway.admission._parts.watch._register
    monkeypatch.setattr(register, "changed_since", fall)
    monkeypatch.setattr(register, "search", fall)
    await asyncio.sleep(1.2)
    status, _, body = await house.post(house.request(user="u-1"))
    assert (status, b"admission_unavailable" in body) == (503, True)
    assert house.upstream.seen == []


async def test_a_sanction_is_in_force_in_two_processes_within_a_second(tmp_path: Path, database_url: str) -> None:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(running_upstream())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        doors = [await stack.enter_async_context(other_process(tmp_path, database_url, upstream.url)) for _ in range(2)]
        secret = doors[0][2]

        async def ask(port: int, text: str = "你好") -> int:
            body = {"model": "m", "user": "u-1", "messages": [{"role": "user", "content": text}]}
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            async with http.post(url, json=body, headers={"Authorization": f"Bearer {secret}"}) as answer:
                return answer.status

        async def latest_otherwise(wanted: int) -> float:
            """Ask both until both answer so for a while; return when the last call that got another answer was made."""
            begun = time.monotonic()
            latest, settled = 0.0, 0
            while settled < 10:
                asked = time.monotonic() - begun
                statuses = await asyncio.gather(*(ask(port) for _, port, _ in doors))
                settled = settled + 1 if set(statuses) == {wanted} else 0
                latest = latest if settled else asked
                assert asked < 20
                await asyncio.sleep(0.02)
            return latest

        for number in range(3):  # three in a row, through different processes
            assert await ask(doors[number % 2][1], BAD) == 200
        await latest_otherwise(403)
        ledger = await stack.enter_async_context(running_ledger(tmp_path, database_url))
        gateway = build_gateway(tmp_path, database_url, upstream.url, SwitchableLedger(ledger))
        assert gateway.admission is not None
        desk = gateway.admission.sanctions
        (raised,) = await asyncio.to_thread(desk.search, SanctionQuery())
        await asyncio.to_thread(lambda: desk.lift(raised.id, by="staff:s", reason="误判"))
        assert await latest_otherwise(200) <= 1.0
        order = SanctionOrder(raised.order.person, SanctionKind.TERMINATE, "多次违法")
        await asyncio.to_thread(lambda: desk.impose(order, by="staff:s"))
        assert await latest_otherwise(403) <= 1.0
        assert len(await asyncio.to_thread(desk.search, SanctionQuery())) == 2
        assert await asyncio.to_thread(gateway.search_exchanges, ExchangeQuery(person=order.person))
