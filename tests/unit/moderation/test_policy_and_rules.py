import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.kit.errors import GuijuError
from guiju.moderation.errors import PolicyError
from guiju.moderation.models import RISK_IDS, Action, Finding, Scope
from guiju.moderation.policy import SEVERITY, PolicyBundle, parse_policy
from guiju.moderation.rules import decide_from, masked

BASE = """
version: "1"
name: 策略
updated: 2026-11-23
scopes:
  input: {on_failure: closed, block: refuse, review: hold}
  output: {on_failure: open, block: hold, review: replace}
rules:
  - {risks: [A.2], levels: [low], action: allow}
  - {risks: [A.1-d], action: refuse}
  - {scope: [input], detectors: [personal_information], wishes: [review], action: replace}
replies:
  default: {zh: 默认, en: default}
  undetermined: {zh: 未能判定, en: undetermined}
  risks:
    A.1: {zh: 章, en: chapter}
    A.1-d: {zh: 条, en: item}
"""


def policy(text: str = BASE, library: str = "0" * 64) -> PolicyBundle:
    return parse_policy(text.encode(), "policy.yaml", library)


POLICY = policy()
FINDINGS = st.lists(
    st.builds(
        Finding,
        detector=st.sampled_from(["keywords", "personal_information"]),
        risks=st.lists(st.sampled_from(RISK_IDS), min_size=1, max_size=3).map(tuple),
        level=st.sampled_from(["high", "medium", "low"]),
        wish=st.sampled_from(["block", "review", "observe"]),
        start=st.integers(0, 10),
        end=st.integers(10, 20),
        term_id=st.text("ab", max_size=2),
    ),
    max_size=6,
)
FAILURES = st.lists(st.sampled_from(["甲 出错", "乙 超时"]), max_size=2)


def finding(risk: str, wish: str = "block", level: str = "high", detector: str = "keywords") -> Finding:
    return Finding(detector, (risk,), level, wish, 0, 2, "x")


@given(first=FINDINGS, second=FINDINGS, failures=FAILURES, scope=st.sampled_from(Scope))
@settings(max_examples=600)
def test_further_findings_and_failures_never_make_a_decision_milder(
    first: list[Finding], second: list[Finding], failures: list[str], scope: Scope
) -> None:
    before = decide_from(first, POLICY, scope)
    for after in (
        decide_from([*first, *second], POLICY, scope),
        decide_from(first, POLICY, scope, failures=failures),
        decide_from([*second, *first], POLICY, scope, failures=failures),
    ):
        assert SEVERITY[after.action] >= SEVERITY[before.action]


@given(findings=FINDINGS, failures=FAILURES, scope=st.sampled_from(Scope))
def test_a_decision_is_complete_and_does_not_depend_on_the_order(
    findings: list[Finding], failures: list[str], scope: Scope
) -> None:
    decision = decide_from(findings, POLICY, scope, failures=failures)
    turned = decide_from(findings[::-1], POLICY, scope, failures=failures)
    assert (decision.action, decision.risks, decision.reply) == (turned.action, turned.risks, turned.reply)
    assert len(decision.findings) == len(findings)
    assert bool(decision.reply) == bool(decision.reply_en) == (decision.action not in {Action.ALLOW, Action.REPLACE})
    assert decision.policy_hash == POLICY.hash
    assert decision.reason
    assert all(failure in decision.reason for failure in failures)


@pytest.mark.parametrize(
    ("found", "scope", "action", "reply"),
    [
        ([], Scope.INPUT, Action.ALLOW, ""),
        ([finding("A.3-a", "observe")], Scope.INPUT, Action.ALLOW, ""),
        ([finding("A.3-a", "review")], Scope.INPUT, Action.HOLD, "默认"),
        ([finding("A.3-a", "review")], Scope.OUTPUT, Action.REPLACE, ""),
        ([finding("A.3-a")], Scope.INPUT, Action.REFUSE, "默认"),
        ([finding("A.3-a")], Scope.OUTPUT, Action.HOLD, "默认"),
        ([finding("A.2-b", "block", "low")], Scope.INPUT, Action.ALLOW, ""),
        ([finding("A.2-b", "block", "high")], Scope.INPUT, Action.REFUSE, "默认"),
        ([finding("A.1-d", "observe")], Scope.OUTPUT, Action.REFUSE, "条"),
        ([finding("A.1-a")], Scope.INPUT, Action.REFUSE, "章"),
        ([finding("A.4-f", "review", detector="personal_information")], Scope.INPUT, Action.REPLACE, ""),
        ([finding("A.3-a", "invented")], Scope.INPUT, Action.REFUSE, "默认"),
    ],
)
def test_policy_makes_of_findings_what_it_says(found: list[Finding], scope: Scope, action: Action, reply: str) -> None:
    decision = decide_from(found, POLICY, scope)
    assert (decision.action, decision.reply) == (action, reply)


def test_a_failed_detector_is_undetermined_when_closed_and_recorded_when_open() -> None:
    closed = decide_from([], POLICY, Scope.INPUT, failures=["keywords 出错"])
    assert (closed.action, closed.reply, closed.may_pass) == (Action.UNDETERMINED, "未能判定", False)
    assert "keywords 出错" in closed.reason
    opened = decide_from([], POLICY, Scope.OUTPUT, failures=["keywords 出错"])
    assert (opened.action, opened.may_pass) == (Action.ALLOW, True)
    assert "keywords 出错" in opened.reason
    known = decide_from([finding("A.1-d")], POLICY, Scope.INPUT, failures=["x 出错"])
    assert known.action is Action.REFUSE


def test_the_hash_follows_policy_and_library() -> None:
    assert policy().hash == POLICY.hash
    assert policy(BASE.replace("默认", "改过")).hash != POLICY.hash
    assert policy(library="1" * 64).hash != POLICY.hash
    assert len(POLICY.hash) == 64


@pytest.mark.parametrize(
    ("wrong", "right", "line", "field"),
    [
        ("on_failure: sometimes", "on_failure: closed", 6, "scopes.input.on_failure"),
        ("block: allow", "block: refuse", 6, "scopes.input.block"),
        ("risks: [A.9]", "risks: [A.2]", 9, "rules[0].risks"),
        ("action: shrug", "action: allow", 9, "rules[0].action"),
        ("default: {zh: 默认}", "default: {zh: 默认, en: default}", 13, "replies.default.en"),
        ("default: {zh: '', en: default}", "default: {zh: 默认, en: default}", 13, "replies.default.zh"),
        ("A.1x:", "A.1:", 16, "replies.risks.A.1x"),
        ("updated: soon", "updated: 2026-11-23", 4, "updated"),
        ("nickname: 策略", "name: 策略", 3, "nickname"),
    ],
)
def test_what_is_wrong_in_a_policy_is_named_with_its_line_and_field(
    wrong: str, right: str, line: int, field: str
) -> None:
    assert right in BASE
    with pytest.raises(PolicyError) as caught:
        policy(BASE.replace(right, wrong, 1))
    assert f"第 {line} 行，字段 {field}：" in caught.value.zh
    assert f"Line {line}: Field {field}:" in caught.value.en


@given(content=st.binary(max_size=120) | st.text("abz:[]{}-\n '\"|>&*!%#策", max_size=120).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_no_bytes_do_worse_than_a_clear_policy_error(content: bytes) -> None:
    for source in (content, BASE.encode() + content):
        said = "nothing was wrong"
        try:
            parse_policy(source, "fuzz", "0")
        except GuijuError as error:
            said = error.zh and error.en
        assert said


def test_masking_covers_every_character_and_keeps_the_length() -> None:
    found = Finding("keywords", ("A.3-a",), "high", "review", 1, 4, "x")
    assert masked("甲乙-丙丁", [found], POLICY, scope=Scope.OUTPUT) == "甲＊＊＊丁"
    assert masked("甲乙", [found], POLICY, scope=Scope.OUTPUT) == "甲＊"


def test_a_flood_of_findings_is_cut_but_never_what_must_be_masked() -> None:
    flood = [Finding("keywords", ("A.3-a",), "low", "observe", at, at + 2, "x") for at in range(5000)]
    masks = [Finding("keywords", ("A.3-a",), "low", "review", at, at + 2, "y") for at in range(3000)]
    assert len(decide_from(flood, POLICY, Scope.OUTPUT).findings) == 1000
    decision = decide_from([*flood, *masks], POLICY, Scope.OUTPUT)
    assert sum(found.term_id == "y" for found in decision.findings) == 3000
