"""Decisions about what comes in are remembered only as long as they would be made the same again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from guiju.gateway.exchange import Exchange
from guiju.gateway.models import App, Limits
from guiju.gateway.stages.moderate import InputModeration
from guiju.gateway.wire.answer import AnswerWriter
from guiju.gateway.wire.request import read_request
from guiju.moderation.models import ANYONE, Action, Audience, Context, Decision, Origin, Released, Scope
from guiju.moderation.policy import ConversationPolicy

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Mark:
    hash: str
    tells_contexts: bool = True
    retracts: bool = False
    conversation: ConversationPolicy = field(default_factory=lambda: ConversationPolicy(0))

    def relevant(self, context: Context) -> Context:
        return context


class Stream:
    def push(self, delta: str) -> Released:
        return Released(delta.replace("电话", "＊＊"))

    def finish(self) -> Released:
        return Released("")

    def decision(self) -> Decision:
        raise NotImplementedError


@dataclass
class Counting:
    action: Action = Action.ALLOW
    policy: Mark = field(default_factory=lambda: Mark("h1"))
    asked: list[str] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)

    def decide(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        self.asked.append(text)
        self.contexts.append(context)
        return Decision(self.action, scope, (), (), "", "", self.policy.hash, "")

    def decide_by_words(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        return self.decide(text, scope, context)

    panel = None

    def open_vault(self) -> None:
        return None

    def without_personal_information(self, text: str) -> str:
        return text

    def open_stream(self, scope: Scope, context: Context = ANYONE) -> Stream:  # noqa: ARG002
        assert scope is Scope.INPUT
        return Stream()


def exchange(*texts: str, policy_hash: str = "h1") -> Exchange:
    messages = ",".join(f'{{"role": "user", "content": "{text}"}}' for text in texts)
    request = read_request(f'{{"model": "m", "messages": [{messages}]}}'.encode(), Limits())
    writer = AnswerWriter("e", "m", 0)
    return Exchange("e", "c", App("a", "a"), "p", request, policy_hash, NOW, "", 0.0, "", writer)


async def test_a_conversation_that_grows_is_decided_turn_by_turn() -> None:
    moderation = Counting()
    stage = InputModeration(moderation)
    await stage.decide_request(exchange("一"))
    await stage.decide_request(exchange("一", "二"))
    await stage.decide_request(exchange("一", "二", "三"))
    assert moderation.asked == ["一", "二", "三"]


async def test_another_policy_decides_anew() -> None:
    moderation = Counting()
    stage = InputModeration(moderation)
    await stage.decide_request(exchange("一"))
    moderation.policy = Mark("h2")
    moderation.action = Action.REFUSE
    decision = await stage.decide_request(exchange("一", policy_hash="h2"))
    assert decision.action is Action.REFUSE


async def test_a_policy_that_changed_meanwhile_is_not_remembered_under_the_old_hash() -> None:
    moderation = Counting(policy=Mark("h2"))
    stage = InputModeration(moderation)
    await stage.decide_request(exchange("一", policy_hash="h1"))
    await stage.decide_request(exchange("一", policy_hash="h1"))
    assert moderation.asked == ["一", "一"]


async def test_not_knowing_is_not_remembered() -> None:
    moderation = Counting(Action.UNDETERMINED)
    stage = InputModeration(moderation)
    await stage.decide_request(exchange("一"))
    moderation.action = Action.ALLOW
    assert (await stage.decide_request(exchange("一"))).action is Action.ALLOW


async def test_the_model_gets_the_masked_text_and_the_evidence_what_was_said() -> None:
    stage = InputModeration(Counting(Action.REPLACE))
    asked = exchange("我的电话")
    await stage.decide_request(asked)
    assert asked.for_upstream.upstream_payload("m")["messages"] == [{"role": "user", "content": "我的＊＊"}]
    assert asked.request.turns[0].text == "我的电话"


async def test_what_a_tool_or_a_search_brought_is_decided_as_that() -> None:
    moderation = Counting()
    messages = [
        {"role": "user", "content": "一"},
        {"role": "tool", "content": "一", "tool_call_id": "x"},
    ]
    body = orjson.dumps({"model": "m", "messages": messages, "documents": [{"text": "二"}]})
    asked = replace(exchange("一"), request=read_request(body, Limits()), context=Context(Audience.MINOR, ("a",)))
    await InputModeration(moderation).decide_request(asked)
    assert [(context.origin, context.audience) for context in moderation.contexts] == [
        (Origin.PERSON, Audience.MINOR),
        (Origin.TOOL, Audience.MINOR),
        (Origin.RETRIEVED, Audience.MINOR),
    ]


async def test_memory_is_bounded() -> None:
    stage = InputModeration(Counting())
    for number in range(9000):
        await stage.decide_request(exchange(str(number)))
    assert len(stage._known) == 8192
