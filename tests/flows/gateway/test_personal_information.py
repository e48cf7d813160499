"""Personal information in a conversation: kept from the model, put back in the answer, kept out of the record."""

import asyncio
import json
from pathlib import Path

import orjson
import pytest
from tests.flows.gateway.house import REPLY, House, text_of

from guiju.gateway.reconcile import reconcile
from guiju.gateway.spool import Spool

MOBILE, CARD = "13800138000", "6222 0212 3456 7890 128"
ASKED = f"请帮我写信，电话 {MOBILE}，卡号 {CARD}，再说一遍电话 １３８００１３８０００。"


def put_in_force(house: House, section: str, output: str = "replace") -> None:
    path = house.folder / "policy.yaml"
    text = path.read_text(encoding="utf-8").replace("action: replace}", f"action: {output}}}")
    path.write_text(f"{text}personal_information: {{{section}}}\n", encoding="utf-8")
    house.moderation.reload()


@pytest.mark.parametrize("stream", [True, False])
async def test_the_model_gets_placeholders_and_the_user_gets_back_what_stood_behind_them(
    house: House, *, stream: bool
) -> None:
    put_in_force(house, "upstream: restore")
    house.upstream.text = "好的：［手机号1］、［银行卡号1］、［手机号2］、［手机号9］、［未完"
    _, _, raw = await house.post(house.request(ASKED, stream=stream))
    sent = house.upstream.seen[-1].body["messages"][0]["content"]
    assert sent == "请帮我写信，电话 ［手机号1］，卡号 ［银行卡号1］，再说一遍电话 ［手机号2］。"
    said = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
    assert said == f"好的：{MOBILE}、{CARD}、１３８００１３８０００、［手机号9］、［未完"
    (opened,) = await house.entries("exchange.opened")
    closed = await house.closing()
    assert opened["input"] == [{"role": "user", "text": ASKED}]
    assert closed["output"] == [{"index": 0, "finish_reason": "stop", "released": {"content": said}}]


async def test_a_tool_call_gets_back_what_was_put_away(house: House) -> None:
    put_in_force(house, "upstream: restore")
    call = {"id": "c1", "type": "function", "function": {"name": "dial", "arguments": '{"number": "［手机号1］"}'}}
    delta = {"role": "assistant", "tool_calls": [{"index": 0, **call}]}
    house.upstream.events = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    _, _, raw = await house.post(house.request(f"打给 {MOBILE}", model="events", stream=True))
    assert f'{{\\"number\\": \\"{MOBILE}\\"}}' in raw.decode()


async def test_a_placeholder_that_the_user_wrote_is_never_filled(house: House) -> None:
    put_in_force(house, "upstream: restore")
    house.upstream.text = "你写了［手机号1］，我看到［手机号2］。"
    _, _, raw = await house.post(house.request(f"模板里有［手机号1］，电话 {MOBILE}", stream=True))
    assert house.upstream.seen[-1].body["messages"][0]["content"] == "模板里有［手机号1］，电话 ［手机号2］"
    assert text_of(raw) == f"你写了［手机号1］，我看到{MOBILE}。"


async def test_the_record_gets_placeholders_and_the_conversation_goes_on_as_it_is(house: House) -> None:
    put_in_force(house, "logs: mask", output="allow")
    house.upstream.text = f"你的电话是 {MOBILE}，我的是 13911112222。"
    _, _, raw = await house.post(house.request(ASKED, stream=True))
    assert MOBILE in house.upstream.seen[-1].body["messages"][0]["content"]
    assert text_of(raw) == house.upstream.text
    (opened,) = await house.entries("exchange.opened")
    closed = await house.closing()
    kept = json.dumps([opened, closed], ensure_ascii=False)
    assert MOBILE not in kept
    assert "13911112222" not in kept
    assert "１３８" not in kept
    assert CARD not in kept
    assert opened["input"][0]["text"].startswith("请帮我写信，电话 ［手机号1］，卡号 ［银行卡号1］")
    assert closed["output"][0]["released"]["content"] == "你的电话是 ［手机号1］，我的是 ［手机号3］。"


async def test_both_at_once(house: House) -> None:
    put_in_force(house, "upstream: restore, logs: mask")
    house.upstream.text = "［手机号1］记下了。"
    _, _, raw = await house.post(house.request(ASKED, stream=True))
    assert text_of(raw) == f"{MOBILE}记下了。"
    kept = json.dumps(await house.entries("exchange.opened", "exchange.closed"), ensure_ascii=False)
    await house.closing()
    assert MOBILE not in kept


async def test_an_input_with_personal_information_is_refused_where_policy_says_so(house: House) -> None:
    put_in_force(house, "upstream: refuse, kinds: [mobile, landline]")
    for text in (f"电话 {MOBILE}", "电话 010-62345678"):
        _, _, raw = await house.post(house.request(text))
        assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert house.upstream.seen == []
    _, _, raw = await house.post(house.request(f"卡号 {CARD}"))
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == house.upstream.text


async def test_what_a_killed_process_left_is_recorded_with_placeholders_too(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    spool = Spool(folder)
    for number, masks_logs in enumerate((True, False)):
        exchange = f"019a0000-0000-7000-8000-00000000000{number}"
        spool.open(exchange, {"person": "", "app": "a", "masks_logs": masks_logs})
        spool.add(exchange, [(0, "content", f"电话 {MOBILE}")])
    spool._open.add("kept")
    spool.stop()
    masked = house.moderation.without_personal_information
    assert await asyncio.to_thread(reconcile, folder, house.ledger, masked) == 2
    texts = [entry["output"][0]["released"]["content"] for entry in await house.entries("exchange.interrupted")]
    assert sorted(texts) == [f"电话 {MOBILE}", "电话 ［手机号1］"]
