"""A policy may treat minors, an app, and what a tool brought otherwise; the caller says who its user is."""

import orjson
from tests.flows.gateway.house import REPLY, House, text_of

WORD = "复核词组"


def put_in_force(house: House, rule: str, scopes: str = "") -> None:
    keywords = house.folder / "keywords" / "review.yaml"
    head = 'version: "1"\nrisk: A.1-f\nupdated: 2026-11-23\n'
    keywords.write_text(f"{head}groups: [{{reason: 测试, level: medium, terms: [{WORD}]}}]\n", encoding="utf-8")
    path = house.folder / "policy.yaml"
    text = path.read_text(encoding="utf-8").replace("rules:\n", f"{scopes}rules:\n  - {rule}\n")
    path.write_text(text, encoding="utf-8")
    house.moderation.reload()


async def test_a_minor_is_refused_what_an_adult_is_answered(house: House) -> None:
    put_in_force(house, "{audience: [minor], wishes: [review], action: refuse}")
    house.upstream.text = f"这里有{WORD}。"
    for stream in (False, True):
        body = house.request(stream=stream)
        for audience, said in (("adult", house.upstream.text), ("minor", f"这里有\n\n{REPLY}" if stream else REPLY)):
            _, _, raw = await house.post(body, **{"X-Guiju-Audience": audience})
            got = text_of(raw) if stream else orjson.loads(raw)["choices"][0]["message"]["content"]
            assert got == said
    opened = await house.entries("exchange.opened")
    assert [entry.get("audience", "adult") for entry in opened] == ["adult", "minor"] * 2


async def test_an_audience_that_nobody_knows_is_an_error(house: House) -> None:
    status, _, raw = await house.post(house.request(), **{"X-Guiju-Audience": "child"})
    assert status == 400
    assert "X-Guiju-Audience" in raw.decode()
    assert house.upstream.seen == []


async def test_an_app_for_minors_is_one_whatever_the_call_says(house: House) -> None:
    put_in_force(
        house,
        "{audience: [minor], wishes: [review], action: refuse}",
        f"audiences: {{minor: {{apps: [{house.app.name}]}}}}\n",
    )
    _, _, raw = await house.post(house.request(f"说说{WORD}"), **{"X-Guiju-Audience": "adult"})
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY


async def test_what_a_tool_brought_may_be_held_where_a_person_may_say_it(house: House) -> None:
    path = house.folder / "policy.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("rules:\n", "  tool: {block: refuse, review: hold}\nrules:\n", 1), encoding="utf-8")
    put_in_force(house, "{scope: [tool], levels: [low], action: allow}")
    _, _, raw = await house.post(house.request(f"说说{WORD}"))
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == house.upstream.text
    messages = [{"role": "user", "content": "查一下"}, {"role": "tool", "content": WORD, "tool_call_id": "c"}]
    _, _, raw = await house.post({"model": "m", "messages": messages})
    assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
    assert (await house.entries("exchange.opened"))[-1]["decision"]["action"] == "hold"
