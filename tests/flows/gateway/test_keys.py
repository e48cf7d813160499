"""Keys: scoped, ending, rotated with both good for a while, revoked in every process within a second, each an entry."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from tests.flows.gateway.house import House, SwitchableLedger, build_gateway
from tests.flows.gateway.ledgers import running_ledger
from tests.flows.gateway.test_killed import other_process
from tests.simulators.upstream import running_upstream

from guiju.gateway.app_rules import KeyScope
from guiju.gateway.models import ApiKey, KeyWish
from guiju.kit.clock import SystemClock
from guiju.kit.errors import InputError, NotFoundError
from guiju.ledger.models import EntryQuery

DAY = timedelta(days=1)


async def made(house: House, wish: KeyWish) -> tuple[ApiKey, dict[str, str]]:
    key, secret = await asyncio.to_thread(
        lambda: house.gateway.create_key(house.app.id, wish, actor="staff:s", reason="新程序")
    )
    return key, {"Authorization": f"Bearer {secret}"}


async def test_a_key_opens_only_its_endpoints_and_models(house: House) -> None:
    _, chat_only = await made(house, KeyWish(scope=KeyScope(endpoints=("chat/completions",))))
    _, other_only = await made(house, KeyWish(scope=KeyScope(endpoints=("embeddings",))))
    _, echo_only = await made(house, KeyWish(scope=KeyScope(models=("echo",))))
    assert (await house.post(house.request(), **chat_only))[0] == 200
    status, _, body = await house.post(house.request(), **other_only)
    assert status == 403
    assert b"endpoint_not_allowed" in body
    status, _, body = await house.post(house.request(), **echo_only)
    assert status == 403
    assert b"model_not_allowed" in body
    assert (await house.post(house.request(model="echo"), **echo_only))[0] == 200
    rejected = await house.entries("exchange.rejected")
    assert [entry["code"] for entry in rejected] == ["model_not_allowed"]


async def test_a_key_ends_by_itself(house: House) -> None:
    soon = SystemClock().now() + timedelta(seconds=0.8)
    _, headers = await made(house, KeyWish(expires_at=soon))
    assert (await house.post(house.request(), **headers))[0] == 200
    await asyncio.sleep(0.9)
    assert (await house.post(house.request(), **headers))[0] == 401
    with pytest.raises(InputError):
        await made(house, KeyWish(expires_at=soon))


async def test_a_rotated_key_and_its_heir_are_both_good_until_the_overlap_ends(house: House) -> None:
    scope = KeyScope(models=("m",))
    old, old_headers = await made(house, KeyWish("机器人", scope))

    def rotate(overlap: timedelta) -> tuple[ApiKey, str]:
        return house.gateway.rotate_key(house.app.id, old.id, overlap=overlap, actor="staff:s", reason="每季更换")

    with pytest.raises(InputError):
        await asyncio.to_thread(rotate, timedelta(days=91))
    heir, secret = await asyncio.to_thread(rotate, timedelta(seconds=0.8))
    assert (heir.label, heir.scope, heir.expires_at) == ("机器人", scope, None)
    new_headers = {"Authorization": f"Bearer {secret}"}
    assert [(await house.post(house.request(), **one))[0] for one in (old_headers, new_headers)] == [200, 200]
    await asyncio.sleep(0.9)
    assert [(await house.post(house.request(), **one))[0] for one in (old_headers, new_headers)] == [401, 200]
    kept = next(key for key in house.gateway.keys(house.app.id) if key.id == old.id)
    assert kept.replaced_by == heir.id
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(rotate, DAY)


async def test_every_change_of_a_key_is_an_entry_with_who_and_why(house: House) -> None:
    key, _ = await made(house, KeyWish("甲"))
    await asyncio.to_thread(
        lambda: house.gateway.rotate_key(house.app.id, key.id, overlap=DAY, actor="staff:s", reason="更换")
    )
    await asyncio.to_thread(lambda: house.gateway.revoke_key(house.app.id, key.id, actor="staff:s", reason="泄露"))
    entries = await house.entries("api_key.created", "api_key.rotated", "api_key.revoked")
    assert [(entry["action"], entry["reason"]) for entry in entries[-3:]] == [
        ("api_key.created", "新程序"),
        ("api_key.rotated", "更换"),
        ("api_key.revoked", "泄露"),
    ]
    assert entries[-2]["replaces"] == entries[-1]["key_id"] == key.id
    changes = EntryQuery(actions=("api_key.rotated", "api_key.revoked"))
    assert {head.actor for head in house.ledger.ledger.find(changes)} == {"staff:s"}


async def test_when_a_key_was_last_used_is_kept(house: House) -> None:
    key, headers = await made(house, KeyWish())
    await house.post(house.request(), **headers)
    await house.gateway._note_used_keys()
    used = next(item.last_used_at for item in house.gateway.keys(house.app.id) if item.id == key.id)
    assert used is not None
    assert SystemClock().now() - used < timedelta(minutes=1)


async def test_a_key_revoked_in_one_process_is_dead_in_another_within_a_second(
    tmp_path: Path, database_url: str
) -> None:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(running_upstream())
        _, port, secret = await stack.enter_async_context(other_process(tmp_path / "a", database_url, upstream.url))
        ledger = await stack.enter_async_context(running_ledger(tmp_path / "a", database_url))
        gateway = build_gateway(tmp_path / "b", database_url, upstream.url, SwitchableLedger(ledger))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        body = {"model": "m", "messages": [{"role": "user", "content": "你好"}]}

        async def status() -> int:
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            async with http.post(url, json=body, headers={"Authorization": f"Bearer {secret}"}) as answer:
                return answer.status

        assert await status() == 200
        (app,) = await asyncio.to_thread(gateway.apps)
        (key,) = await asyncio.to_thread(gateway.keys, app.id)
        await asyncio.to_thread(lambda: gateway.revoke_key(app.id, key.id, actor="staff:s", reason="泄露"))
        revoked = time.monotonic()
        last_good = revoked
        while time.monotonic() - revoked < 2.0:
            asked = time.monotonic()
            if await status() == 200:
                last_good = asked
            await asyncio.sleep(0.05)
        assert last_good - revoked <= 1.0
