"""Guard models over real sockets: every format, every failure, cache, breaker, budget, and when they are asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from tests.simulators.guard import BAD, DOUBTFUL, GuardSimulator

from guiju.gateway.guard_transport import GuardTransport
from guiju.kit.clock import FixedClock
from guiju.moderation.errors import PolicyError
from guiju.moderation.guards.breaker import Breaker
from guiju.moderation.guards.cache import VerdictCache
from guiju.moderation.guards.interface import GuardLog, Question, Said
from guiju.moderation.guards.panel import Panel
from guiju.moderation.models import RISK_IDS, Action, Decision, Scope
from guiju.moderation.policy.categories import load_categories
from guiju.moderation.policy.guards import GuardKind
from guiju.moderation.service import Moderation

LIBRARY = """
version: "1"
risk: A.4-c
updated: 2026-11-23
groups: [{reason: 虚构, level: medium, terms: [辰宿]}, {reason: 虚构, level: high, terms: [玄黄]}]
"""
POLICY = """
version: "1"
name: 策略
updated: 2026-11-23
scopes:
  input: {block: refuse, review: observe}
  output: {block: refuse, review: observe}
rules:
  - {detectors: [g], score: {at_least: 0.4, below: 0.6}, action: hold}
guards:
  - {name: g, kind: KIND, model: KIND, base_url: URL, MORE}
replies:
  default: {zh: 默认, en: default}
"""
Make = Callable[..., Moderation]
KINDS = list(GuardKind)


@pytest_asyncio.fixture
async def guard() -> AsyncIterator[GuardSimulator]:
    simulator = GuardSimulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def build(make_moderation: Make, guard: GuardSimulator) -> Callable[..., Moderation]:
    def make(kind: GuardKind = GuardKind.QWEN3GUARD, more: str = "", **options: object) -> Moderation:
        text = POLICY.replace("KIND", kind).replace("URL", guard.url).replace("MORE", more or "budget_ms: 2000")
        return make_moderation(LIBRARY, policy=text, transport=GuardTransport(), **options)

    return make


def panel_of(moderation: Moderation) -> Panel:
    panel = moderation.panel
    assert panel is not None
    return panel


async def judged(
    moderation: Moderation, text: str, scope: Scope = Scope.OUTPUT, log: GuardLog | None = None
) -> Decision:
    question = Question(text, scope, "问" if scope is Scope.OUTPUT else "")
    first = moderation.decide(text, scope)
    try:
        return await panel_of(moderation).judge(question, first, log or GuardLog())
    finally:
        await moderation.aclose()


@pytest.mark.parametrize("kind", KINDS)
async def test_every_format_is_asked_and_read(build: Callable[..., Moderation], kind: GuardKind) -> None:
    safe = await judged(build(kind), "今天天气好")
    assert (safe.action, safe.findings) == (Action.ALLOW, ())
    bad = await judged(build(kind), f"一段{BAD}。")
    assert bad.action is Action.REFUSE
    assert bad.reply == "默认"
    assert {finding.detector for finding in bad.findings} == {"g"}
    assert all(finding.risks and (finding.start, finding.end) == (0, 5) for finding in bad.findings)
    assert set(bad.risks) <= set(RISK_IDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not GuardKind.LLAMA_GUARD])
async def test_what_is_controversial_carries_a_score_that_policy_can_act_on(
    build: Callable[..., Moderation], kind: GuardKind
) -> None:
    decision = await judged(build(kind), f"一段{DOUBTFUL}。")
    expected = Action.OBSERVE if kind is GuardKind.PROMPTED else Action.HOLD  # its score is 0.75
    assert decision.action is expected
    assert all(0.0 < finding.score < 1.0 for finding in decision.findings)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not GuardKind.SHIELDLM])
async def test_an_input_is_judged_as_a_user_s_message(
    build: Callable[..., Moderation], guard: GuardSimulator, kind: GuardKind
) -> None:
    assert (await judged(build(kind), f"一段{BAD}", Scope.INPUT)).action is Action.REFUSE
    assert guard.texts() == [f"一段{BAD}"]
    if "messages" in guard.asked[0]:
        assert guard.asked[0]["messages"][-1]["role"] == "user"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trouble", ["500", "hang", "nonsense", "cut", "drop", "huge", "redirect"])
async def test_whatever_fails_is_undetermined_and_recorded(
    build: Callable[..., Moderation], guard: GuardSimulator, kind: GuardKind, trouble: str
) -> None:
    guard.trouble = trouble
    log = GuardLog()
    decision = await judged(build(kind, "budget_ms: 300"), "今天天气好", log=log)
    assert decision.action is Action.UNDETERMINED
    assert "g" in decision.failures[0]
    assert log.of("g").failed == 1


@pytest.mark.parametrize(
    ("policy", "action"), [("closed", Action.UNDETERMINED), ("hold", Action.HOLD), ("open", Action.ALLOW)]
)
async def test_a_failure_follows_the_guard_s_own_policy_and_is_never_silent(
    build: Callable[..., Moderation], guard: GuardSimulator, policy: str, action: Action
) -> None:
    guard.trouble = "500"
    decision = await judged(build(more=f"on_failure: {policy}"), "今天天气好")
    assert decision.action is action
    assert "HTTP 500" in decision.failures[0]
    assert "HTTP 500" in decision.reason


async def test_a_cut_stream_is_no_verdict_even_where_it_was_safe_so_far(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    guard.answer = "unfinished"
    assert (await judged(build(GuardKind.QWEN3GUARD_STREAM), "好")).action is Action.UNDETERMINED


async def test_a_lone_unsafe_token_is_not_believed_and_two_in_a_row_are(build: Callable[..., Moderation]) -> None:
    assert (await judged(build(GuardKind.QWEN3GUARD_STREAM), "奇数字")).action is Action.ALLOW
    assert (await judged(build(GuardKind.QWEN3GUARD_STREAM), f"{BAD}字")).action is Action.REFUSE


@pytest.mark.parametrize(
    "answer",
    [
        "Safety: Safe",
        "Safety: Harmless\nCategories: None",
        "The text is fine. Safety: Safe\nCategories: None",
        "Safety: Safe\nCategories: None\nSafety: Unsafe\nCategories: Violent",
    ],
)
async def test_only_the_exact_lines_of_qwen3guard_are_a_verdict(
    build: Callable[..., Moderation], guard: GuardSimulator, answer: str
) -> None:
    guard.answer = answer
    assert (await judged(build(), "好")).action is Action.UNDETERMINED


# --- when they are asked, and what is remembered ---------------------------------------------------------------------


async def test_a_text_that_goes_nowhere_is_not_asked_about(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    assert (await judged(build(), "玄黄")).action is Action.REFUSE
    assert (await judged(build(), "  \n")).action is Action.ALLOW
    assert guard.asked == []


async def test_an_uncertain_text_is_asked_about_and_a_clear_one_is_not(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    more = "ask: uncertain, uncertain: {at_least: 0.3, below: 0.9, wishes: [review]}"
    assert (await judged(build(more=more), f"{BAD}")).action is Action.ALLOW
    assert (await judged(build(more=more), f"辰宿{BAD}")).action is Action.REFUSE
    assert guard.texts() == [f"辰宿{BAD}"]


async def test_a_sample_follows_from_the_text_alone(build: Callable[..., Moderation], guard: GuardSimulator) -> None:
    texts = [f"第{number}句" for number in range(300)]
    chosen: list[list[str]] = []
    for _ in range(2):
        guard.asked.clear()
        moderation = build(more="ask: sampled, share: 0.2")
        for text in texts:
            await panel_of(moderation).judge(
                Question(text, Scope.INPUT), moderation.decide(text, Scope.INPUT), GuardLog()
            )
        await moderation.aclose()
        chosen.append(guard.texts())
    assert chosen[0] == chosen[1]
    assert 30 < len(chosen[0]) < 90


async def test_only_the_scopes_of_the_policy_are_asked(build: Callable[..., Moderation], guard: GuardSimulator) -> None:
    moderation = build(more="scopes: [output]")
    assert (await judged(moderation, BAD, Scope.INPUT)).action is Action.ALLOW
    assert guard.asked == []
    panel = panel_of(moderation)
    assert (panel.judges_input, panel.judges_answers) == (False, True)


async def test_a_verdict_is_remembered_and_a_failure_is_not(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    moderation = build()
    log = GuardLog()
    guard.trouble = "nonsense"
    assert (await judged(moderation, BAD, log=log)).action is Action.UNDETERMINED
    guard.trouble = ""
    for _ in range(3):
        assert (await judged(moderation, BAD, log=log)).action is Action.REFUSE
    assert len(guard.asked) == 2
    tally = log.of("g")
    assert (tally.asked, tally.cached, tally.failed, tally.flagged) == (2, 2, 1, 3)


async def test_another_policy_asks_anew(build: Callable[..., Moderation], guard: GuardSimulator) -> None:
    one, two = build(), build(more="budget_ms: 1999")
    assert one.policy.hash != two.policy.hash
    await judged(one, "好")
    await judged(two, "好")
    assert len(guard.asked) == 2


def test_memory_is_bounded_and_forgets() -> None:
    clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    cache = VerdictCache(clock, 3, 10.0)
    for number in range(5):
        cache.put(bytes([number]), (Said(str(number)),))
    assert len(cache) == 3
    assert cache.get(b"\x00") is None
    assert cache.get(b"\x02") == (Said("2"),)
    cache.put(b"\x09", ())
    assert cache.get(b"\x03") is None  # the least recently used
    clock.advance(11)
    assert cache.get(b"\x02") is None
    assert VerdictCache(clock, 0, 10.0).get(b"") is None


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try() -> None:
    clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    breaker = Breaker(clock, 2, 30.0)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.may_ask()
    breaker.failed()
    assert not breaker.may_ask()
    clock.advance(31)
    assert breaker.may_ask()
    assert not breaker.may_ask()
    breaker.gave_up()
    assert breaker.may_ask()
    breaker.failed()
    assert not breaker.may_ask()
    clock.advance(31)
    assert breaker.may_ask()
    breaker.succeeded()
    assert breaker.may_ask()
    assert breaker.may_ask()


async def test_a_guard_that_keeps_failing_is_not_waited_for(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    moderation = build(more="budget_ms: 150, breaker: {failures: 2, seconds: 60}")
    guard.trouble = "hang"
    for number in range(2):
        await judged(moderation, f"第{number}句")
    began = asyncio.get_running_loop().time()
    decision = await judged(moderation, "第三句")
    assert asyncio.get_running_loop().time() - began < 0.1
    assert decision.action is Action.UNDETERMINED
    assert "不再询问" in decision.failures[0]
    assert len(guard.asked) == 2


async def test_nonsense_does_not_open_the_breaker(build: Callable[..., Moderation], guard: GuardSimulator) -> None:
    moderation = build(more="breaker: {failures: 1, seconds: 60}")
    guard.trouble = "nonsense"
    await judged(moderation, "一")
    guard.trouble = ""
    assert (await judged(moderation, "二")).action is Action.ALLOW


async def test_no_more_are_asked_at_once_than_policy_wants(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    moderation = build(more="concurrency: 3")
    guard.pause_seconds = 0.02
    panel = panel_of(moderation)
    texts = [f"第{number}句" for number in range(12)]
    await asyncio.gather(
        *(panel.judge(Question(text, Scope.INPUT), moderation.decide(text, Scope.INPUT), GuardLog()) for text in texts)
    )
    await moderation.aclose()
    assert guard.most_at_once == 3


async def test_a_long_text_is_asked_about_in_pieces_that_overlap_and_a_longer_one_is_undetermined(
    build: Callable[..., Moderation], guard: GuardSimulator
) -> None:
    text = "平" * 1000 + BAD + "平" * 500
    assert (await judged(build(more="max_chars: 200"), text)).action is Action.REFUSE
    pieces = sorted(guard.texts(), key=len)
    assert len(pieces) > 5
    assert all(len(piece) <= 200 for piece in pieces)
    assert any(BAD in piece for piece in pieces)
    for at in range(195, 225):
        assert (await judged(build(more="max_chars: 200"), "平" * at + BAD + "平" * 100)).action is Action.REFUSE, at
    assert (await judged(build(more="max_chars: 200"), "平" * 10_000)).action is Action.UNDETERMINED


async def test_a_key_comes_from_the_environment(build: Callable[..., Moderation], guard: GuardSimulator) -> None:
    more = "api_key_env: GUARD_KEY"
    await judged(build(more=more, environment={"GUARD_KEY": "secret"}), "好")
    assert guard.keys == ["bearer secret"]
    with pytest.raises(PolicyError, match="GUARD_KEY"):
        build(more=more, environment={})


async def test_several_classes_are_several_findings_and_the_operator_s_reading_wins(
    build: Callable[..., Moderation],
) -> None:
    decision = await judged(build(), f"多{BAD}")
    assert [finding.risks for finding in decision.findings] == [("A.2-i", "A.4-c"), ("A.1-f",)]
    own = build(more="categories: {Violent: [A.1-d], Unethical Acts: []}")
    assert (await judged(own, f"多{BAD}")).risks == ("A.1-d",)


def test_every_kind_has_classes_with_a_source() -> None:
    kinds, digest = load_categories()
    assert set(kinds) == set(GuardKind)
    assert len(digest) == 64
    for kind in kinds.values():
        assert kind.source
        assert kind.other
    assert len(kinds[GuardKind.LLAMA_GUARD].risks) == 14
    assert len(kinds[GuardKind.OPENAI_MODERATION].risks) == 13
    assert kinds[GuardKind.PROMPTED].of("A.3-b", {}) == ("A.3-b",)
    assert kinds[GuardKind.LLAMA_GUARD].of("S99", {}) == ("A.1-h",)


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("kind: qwen3guard", "kind: oracle", "guards[0].kind"),
        ("base_url: http", "base_url: ftp", "guards[0].base_url"),
        ("name: g,", "name: keywords,", "guards[0].name"),
        ("name: g,", "name: G 1,", "guards[0].name"),
        ("budget_ms: 2000", "budget_ms: 0", "guards[0].budget_ms"),
        ("budget_ms: 2000", "ask: sometimes", "guards[0].ask"),
        ("budget_ms: 2000", "on_failure: shrug", "guards[0].on_failure"),
        ("budget_ms: 2000", "prompt: 请审核", "guards[0].prompt"),
        ("budget_ms: 2000", "categories: {Violent: [A.9-a]}", "guards[0].categories.Violent"),
        ("budget_ms: 2000", "uncertain: {at_least: 0.9, below: 0.1}", "guards[0].uncertain"),
        ("kind: qwen3guard", "kind: shieldlm, scopes: [input]", "guards[0].scopes"),
        ("kind: qwen3guard", "kind: shieldlm, prompt: 请审核", "guards[0].prompt"),
        ("detectors: [g]", "detectors: [h]", "rules[0].detectors"),
    ],
)
def test_what_is_wrong_with_a_guard_is_named(
    build: Callable[..., Moderation], right: str, wrong: str, field: str
) -> None:
    text = POLICY.replace("KIND", "qwen3guard").replace("URL", "http://127.0.0.1:1").replace("MORE", "budget_ms: 2000")
    assert right in text
    checked = build().policy_check(text.replace(right, wrong, 1).encode())
    assert field in [error.text for error in checked.errors]


async def test_where_no_guard_can_be_reached_it_fails_as_its_policy_says(make_moderation: Make) -> None:
    text = (
        POLICY.replace("KIND", "qwen3guard").replace("URL", "http://127.0.0.1:1").replace("MORE", "on_failure: closed")
    )
    decision = await judged(make_moderation(LIBRARY, policy=text), "好")
    assert decision.action is Action.UNDETERMINED
    assert "不能询问" in decision.failures[0]
