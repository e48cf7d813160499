"""Rules by score, audience, app and origin; replacements; what makes no difference is not told apart."""

import dataclasses
import itertools
import json
from collections.abc import Callable

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.moderation.errors import PolicyError
from guiju.moderation.media.settings import CHECKERS, MediaBounds
from guiju.moderation.models import (
    ANYONE,
    RISK_IDS,
    Action,
    Audience,
    Context,
    Finding,
    Origin,
    Scope,
)
from guiju.moderation.policy import ANYWHERE, DETECTORS, KINDS, PASSING, PolicyBundle, Upstream, parse_policy
from guiju.moderation.policy.guards import ON_FAILURE, Ask, GuardKind, Window
from guiju.moderation.policy.reading import ACTIONS, CHAPTERS, OPTIONAL, REQUIRED
from guiju.moderation.policy.reading_guards import FIELDS as GUARD_FIELDS
from guiju.moderation.policy.streams import STREAM_FIELDS, WINDOW_BOUNDS, AtStop, Release
from guiju.moderation.rules import Cover, Failure, covered, decide_from
from guiju.moderation.service import BUILDERS, Moderation, builtin_policy, builtin_schema

BASE = """
version: "1"
name: 策略
updated: 2026-11-23
scopes:
  input: {block: refuse, review: allow, observe: observe}
  output: {on_failure: open, block: refuse, review: allow}
  tool: {block: hold, review: observe}
audiences: {minor: {apps: [作业助手]}}
rules:
  - {risks: [A.2], score: {at_least: 0.9}, action: refuse}
  - {risks: [A.2], score: {at_least: 0.6, below: 0.9}, action: hold}
  - {risks: [A.1-f], audience: [minor], action: refuse}
  - {risks: [A.3], apps: [法务, a-7], action: allow}
  - {risks: [A.3], action: replace, with: 〔略〕}
  - {risks: [A.4-c], scope: [tool], action: mask}
replies:
  default: {zh: 默认, en: default}
"""
MINOR = Context(Audience.MINOR)


def policy(text: str = BASE) -> PolicyBundle:
    return parse_policy(text.encode(), "policy.yaml", "0" * 64)


POLICY = policy()


def finding(risk: str, wish: str = "review", score: float = 1.0) -> Finding:
    return Finding("keywords", (risk,), "high", wish, 0, 2, "x", score=score)


@pytest.mark.parametrize(
    ("found", "scope", "context", "action"),
    [
        (finding("A.2-a", score=0.95), Scope.INPUT, ANYONE, Action.REFUSE),
        (finding("A.2-a", score=0.9), Scope.INPUT, ANYONE, Action.REFUSE),
        (finding("A.2-a", score=0.89), Scope.INPUT, ANYONE, Action.HOLD),
        (finding("A.2-a", score=0.59), Scope.INPUT, ANYONE, Action.ALLOW),
        (finding("A.2-a", "observe", score=0.1), Scope.INPUT, ANYONE, Action.OBSERVE),
        (finding("A.1-f"), Scope.OUTPUT, ANYONE, Action.ALLOW),
        (finding("A.1-f"), Scope.OUTPUT, MINOR, Action.REFUSE),
        (finding("A.1-f"), Scope.OUTPUT, Context(app=("a-1", "作业助手")), Action.REFUSE),
        (finding("A.1-f"), Scope.OUTPUT, Context(app=("a-1", "写诗")), Action.ALLOW),
        (finding("A.3-a"), Scope.INPUT, Context(app=("a-7", "合同")), Action.ALLOW),
        (finding("A.3-a"), Scope.INPUT, ANYONE, Action.REPLACE),
        (finding("A.1-a", "block"), Scope.INPUT, Context(origin=Origin.TOOL), Action.HOLD),
        (finding("A.1-a"), Scope.INPUT, Context(origin=Origin.TOOL), Action.OBSERVE),
        (finding("A.1-a", "block"), Scope.INPUT, Context(origin=Origin.RETRIEVED), Action.REFUSE),
        (finding("A.4-c"), Scope.INPUT, Context(origin=Origin.TOOL), Action.REPLACE),
        (finding("A.4-c"), Scope.INPUT, ANYONE, Action.ALLOW),
    ],
)
def test_rules_tell_scores_audiences_apps_and_origins_apart(
    found: Finding, scope: Scope, context: Context, action: Action
) -> None:
    assert decide_from([found], POLICY, scope, context=POLICY.relevant(context)).action is action


def test_what_makes_no_difference_is_not_told_apart() -> None:
    plain = policy(
        BASE.replace("  tool: {block: hold, review: observe}\n", "")
        .replace("  - {risks: [A.1-f], audience: [minor], action: refuse}\n", "")
        .replace("  - {risks: [A.3], apps: [法务, a-7], action: allow}\n", "")
        .replace("  - {risks: [A.4-c], scope: [tool], action: mask}\n", "")
    )
    anywhere = Context(Audience.MINOR, ("a-1", "作业助手"), Origin.TOOL)
    assert plain.relevant(anywhere) is ANYONE
    assert POLICY.relevant(anywhere) == Context(Audience.MINOR, ("a-1", "作业助手"), Origin.TOOL)
    assert POLICY.relevant(Context(origin=Origin.RETRIEVED)) == ANYONE


CONTEXTS = st.builds(
    Context,
    st.sampled_from(Audience),
    st.sampled_from([(), ("a-7", "法务"), ("a-1", "作业助手")]),
    st.just(Origin.PERSON),
)


@given(
    risk=st.sampled_from(RISK_IDS),
    wish=st.sampled_from(["block", "review", "observe"]),
    score=st.floats(0, 1),
    scope=st.sampled_from(Scope),
    context=CONTEXTS,
)
@settings(max_examples=400)
def test_what_may_act_for_nobody_acts_for_nobody(
    risk: str, wish: str, score: float, scope: Scope, context: Context
) -> None:
    found = finding(risk, wish, score)
    acts = POLICY.action_for(found, scope, POLICY.relevant(context)) not in PASSING
    assert POLICY.may_act(found, scope) or not acts


def test_a_text_is_held_back_on_a_stream_where_it_may_be_refused_to_anybody() -> None:
    assert POLICY.may_act(finding("A.1-f"), Scope.OUTPUT)
    assert POLICY.may_act(finding("A.2-a", score=0.1), Scope.OUTPUT)
    assert not POLICY.may_act(finding("A.4-a"), Scope.OUTPUT)


def test_a_failure_of_its_own_kind_follows_its_own_policy() -> None:
    for action in (Action.ALLOW, Action.HOLD, Action.UNDETERMINED):
        decision = decide_from([], POLICY, Scope.OUTPUT, failures=[Failure("审核模型 g 超时", action)])
        assert decision.action is action
        assert decision.failures == ("审核模型 g 超时",)
        assert "审核模型 g 超时" in decision.reason
    undefined = decide_from([finding("A.3-a")], POLICY, Scope.OUTPUT, failures=[Failure("g", Action.ALLOW)])
    assert (undefined.action, undefined.failures) == (Action.REPLACE, ("g",))


@pytest.mark.parametrize(
    ("wrong", "right", "field"),
    [
        ("score: {at_least: 1.5}", "score: {at_least: 0.9}", "rules[0].score.at_least"),
        ("score: {at_least: 0.9, below: 0.6}", "score: {at_least: 0.6, below: 0.9}", "rules[1].score"),
        ("audience: [child]", "audience: [minor]", "rules[2].audience"),
        ("action: mask, with: 〔略〕", "action: replace, with: 〔略〕", "rules[4].with"),
        ("scope: [retrieved]", "scope: [tool]", "rules[5].scope"),
        ("minor: {names: [x]}", "minor: {apps: [作业助手]}", "audiences.minor.names"),
    ],
)
def test_what_is_wrong_in_the_new_fields_is_named(wrong: str, right: str, field: str) -> None:
    assert right in BASE
    with pytest.raises(PolicyError) as caught:
        policy(BASE.replace(right, wrong, 1))
    assert f"字段 {field}：" in caught.value.zh


def test_test_cases_beside_a_policy_do_not_change_its_hash() -> None:
    assert policy(BASE + "tests:\n  - {text: 甲, expect: allow}\n").hash == POLICY.hash
    assert policy(BASE.replace("〔略〕", "〔删〕")).hash != POLICY.hash


COVERS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(["", "〔略〕", "〔另〕"])).map(
        lambda one: (one[0], one[0] + one[1], one[2])
    ),
    max_size=5,
)


@given(covers=COVERS, cuts=st.sets(st.integers(1, 17)))
@settings(max_examples=600)
def test_covering_does_not_depend_on_where_a_text_is_cut(covers: list[Cover], cuts: set[int]) -> None:
    text = "0123456789abcdefgh"
    edges = [0, *sorted(cuts), len(text)]
    parts = [
        covered(text[low:high], low, [cover for cover in covers if cover[1] > low])
        for low, high in itertools.pairwise(edges)
    ]
    whole = covered(text, 0, covers)
    assert "".join(parts) == whole
    for at, symbol in enumerate(text):
        assert (symbol in whole) == all(not start <= at < end for start, end, _ in covers)


def test_a_finding_is_replaced_by_the_policy_s_text_however_the_stream_is_cut(
    make_moderation: Callable[..., Moderation],
) -> None:
    head = 'version: "1"\nrisk: A.3-a\nupdated: 2026-11-23\n'
    library = head + "groups: [{reason: 虚构, level: medium, terms: [辰宿列, 宿列张]}]\n"
    moderation = make_moderation(library, policy=BASE)
    text = "日月辰宿列张盈昃辰宿列，完"
    assert moderation.masked(text, moderation.decide(text, Scope.OUTPUT)) == "日月〔略〕盈昃〔略〕，完"
    for size in range(1, len(text) + 1):
        stream = moderation.open_stream(Scope.OUTPUT)
        pieces = [stream.push(text[at : at + size]).text for at in range(0, len(text), size)]
        assert "".join([*pieces, stream.finish().text]) == "日月〔略〕盈昃〔略〕，完"
    stream = moderation.open_stream(Scope.OUTPUT, Context(app=("a-7",)))
    assert stream.push(text).text + stream.finish().text == text


def test_every_detector_that_can_be_configured_can_be_built() -> None:
    assert tuple(BUILDERS) == tuple(DETECTORS)


# --- the JSON Schema -------------------------------------------------------------------------------------------------

SCHEMA = json.loads(builtin_schema().read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_names_what_the_reader_takes() -> None:
    defs = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == {*REQUIRED, *OPTIONAL}
    assert SCHEMA["required"] == list(REQUIRED)
    assert defs["risk"]["enum"] == list(RISK_IDS)
    assert defs["risk_or_chapter"]["enum"] == [*CHAPTERS, *RISK_IDS]
    assert defs["action"]["enum"] == list(ACTIONS)
    assert defs["anywhere"]["enum"] == list(ANYWHERE)
    assert defs["kind"]["enum"] == list(KINDS)
    assert set(SCHEMA["properties"]["detectors"]["properties"]) == set(DETECTORS)
    guard = defs["guard"]["properties"]
    assert set(guard) == set(GUARD_FIELDS)
    for name, enum in (("kind", GuardKind), ("ask", Ask), ("output", Window), ("on_failure", ON_FAILURE)):
        assert guard[name]["enum"] == [str(value) for value in enum]
    personal = SCHEMA["properties"]["personal_information"]["properties"]
    assert personal["upstream"]["enum"] == list(Upstream)
    streams = SCHEMA["properties"]["streams"]["properties"]
    assert set(streams) == set(STREAM_FIELDS)
    assert streams["release"]["enum"] == list(Release)
    assert streams["at_stop"]["enum"] == list(AtStop)
    assert (streams["window_chars"]["minimum"], streams["window_chars"]["maximum"]) == WINDOW_BOUNDS
    media = SCHEMA["properties"]["media"]["properties"]
    switches = {"enabled", "keep", "trailing", "hosts", "internal_hosts", "limits", "text", "transcription", "ffmpeg"}
    assert set(media) == {*switches, *CHECKERS}
    assert set(media["limits"]["properties"]) == {bound.name for bound in dataclasses.fields(MediaBounds)}
    for name, further in DETECTORS.items():
        fields = SCHEMA["properties"]["detectors"]["properties"][name]["properties"]
        assert set(fields) == {"enabled", "budget_ms", *further}


FULL = (
    BASE
    + """
guards:
  - name: qwen
    kind: qwen3guard
    base_url: http://127.0.0.1:8000/v1
    model: Qwen3Guard-Gen-4B
    api_key_env: GUARD_KEY
    scopes: [input, output]
    ask: uncertain
    uncertain: {at_least: 0.3, below: 0.9, wishes: [review]}
    output: whole
    window_chars: 100
    budget_ms: 2000
    on_failure: hold
    breaker: {failures: 3, seconds: 10}
    cache: {entries: 100, seconds: 60}
    max_chars: 4000
    concurrency: 4
    unsafe: block
    controversial: observe
    categories: {Violent: [A.1-f]}
  - {name: judge, kind: prompted, base_url: https://example.com, model: m, prompt: 请审核, ask: sampled, share: 0.05}
personal_information: {upstream: restore, logs: mask, kinds: [mobile, qq]}
tests: [{text: 甲, expect: allow}]
"""
)


@pytest.mark.parametrize("text", [BASE, FULL, builtin_policy().read_text(encoding="utf-8")])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    policy(text)
    VALIDATOR.validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 - it makes texts only
    VALIDATOR.validate(json.loads(json.dumps(yaml.safe_load(text), default=str)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("block: refuse", "block: allow"),
        ("action: hold", "action: shrug"),
        ("risks: [A.2]", "risks: [A.9]"),
        ("audience: [minor]", "audience: [child]"),
        ("at_least: 0.9", "at_least: 1.5"),
        ("  default: {zh: 默认, en: default}", "  default: {zh: 默认}"),
        ("name: 策略", "nickname: 策略"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(right: str, wrong: str) -> None:
    text = BASE.replace(right, wrong, 1)
    assert not VALIDATOR.is_valid(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 - it makes texts only
    with pytest.raises(PolicyError):
        policy(text)


@pytest.mark.parametrize(
    "wrong", ["{input: 0}", "{output: 600001}", "{both: 5}", "[5]", "{input: {output: 5}}", "soon"]
)
def test_a_budget_that_is_none_is_refused_by_reader_and_schema(wrong: str) -> None:
    text = f"{BASE}\ndetectors: {{keywords: {{budget_ms: {wrong}}}}}\n"
    assert not VALIDATOR.is_valid(json.loads(json.dumps(yaml.safe_load(text), default=str)))
    with pytest.raises(PolicyError):
        policy(text)


def test_a_way_without_a_budget_has_the_usual_one_and_budgets_are_part_of_the_hash() -> None:
    made = [policy(f"{BASE}\ndetectors: {{keywords: {{budget_ms: {said}}}}}\n") for said in ("{input: 7}", "7", "{}")]
    assert [[*one.detectors["keywords"].budgets_ms.values()] for one in made] == [[7, 5000], [7, 7], [5000, 5000]]
    assert len({one.hash for one in made}) == len(made)
    text = f"{BASE}\ndetectors: {{keywords: {{budget_ms: {{input: 7}}}}}}\n"
    VALIDATOR.validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 - it makes texts only


def test_the_shipped_policy_names_its_schema_for_editors() -> None:
    first = builtin_policy().read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={builtin_schema().name}"
    assert builtin_schema().parent == builtin_policy().parent
