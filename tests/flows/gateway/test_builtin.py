"""The two built-in models answer without a key, whole and streamed the same."""

import pytest

from guiju.gateway import rules
from guiju.gateway.configuration import BUILT_IN
from guiju.gateway.models import Limits
from guiju.gateway.upstreams.build import build_upstreams
from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.gateway.wire.request import ChatRequest, read_request
from guiju.kit.clock import SystemClock
from guiju.law.service import load_law


def asked(model: str, text: str) -> ChatRequest:
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "{text}"}}]}}'
    return read_request(body.encode(), Limits())


@pytest.mark.parametrize(("model", "text"), [("echo", "回声一二三四五。"), ("law-assistant", "第十二条要求什么？")])
async def test_a_built_in_model_says_the_same_whole_and_streamed(model: str, text: str) -> None:
    clock = SystemClock()
    law = load_law()
    pool = build_upstreams(BUILT_IN, clock, lambda: LawAssistant(law.search_texts, clock))
    assert [info.id for info in pool.models()] == ["law-assistant", "echo"]
    upstream, whole = await pool.complete(asked(model, text))
    assert upstream == model
    opened = await pool.open(asked(model, text))
    events = opened.first
    while (more := await opened.source.read()) is not None:
        events += more
    said = "".join(event["choices"][0]["delta"].get("content", "") for event in events)  # type: ignore[index]
    assert said == whole["choices"][0]["message"]["content"]  # type: ignore[index]
    assert len(events) > 3
    assert ("标识" in said) if model == "law-assistant" else (said == text)
    await pool.stop()


def test_every_provision_that_the_gateway_cites_exists() -> None:
    law = load_law()
    cited = {value for value in vars(rules).values() if isinstance(value, str) and value.startswith("cn/")}
    assert len(cited) >= 6
    assert {law.provision(name).id for name in cited} == cited
