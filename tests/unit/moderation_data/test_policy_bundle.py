import pytest

from guiju.moderation.models import RISK_IDS, Action, Scope
from guiju.moderation.policy import PolicyBundle
from guiju.moderation.service import Moderation, builtin_policy


@pytest.fixture
def policy(moderation: Moderation) -> PolicyBundle:
    return moderation.policy


def test_the_shipped_policy_can_be_put_in_force(moderation: Moderation) -> None:
    assert moderation.policy_check(builtin_policy()).is_usable


@pytest.mark.parametrize("scope", list(Scope))
def test_a_failed_detector_lets_nothing_pass(policy: PolicyBundle, scope: Scope) -> None:
    assert not policy.scopes[scope].fails_open


@pytest.mark.parametrize("scope", list(Scope))
def test_a_block_is_refused_and_a_review_passes_and_is_recorded(policy: PolicyBundle, scope: Scope) -> None:
    actions = policy.scopes[scope].action_of_wish
    assert actions["block"] is Action.REFUSE
    assert actions["review"] is Action.ALLOW


def test_personal_information_is_noted_on_input_and_masked_on_output(moderation: Moderation) -> None:
    text = "我的手机号是13800138000"
    before = moderation.decide(text, Scope.INPUT)
    assert before.action is Action.ALLOW
    assert [finding.wish for finding in before.findings] == ["observe"]
    after = moderation.decide(text, Scope.OUTPUT)
    assert after.action is Action.REPLACE
    assert "13800138000" not in moderation.masked(text, after)


@pytest.mark.parametrize("risk", RISK_IDS)
def test_every_risk_has_a_reply_of_one_or_two_sentences(policy: PolicyBundle, risk: str) -> None:
    reply = policy.reply_for((risk,), Action.REFUSE)
    assert reply is not policy.replies["default"]
    assert 1 <= sum(reply.zh.count(mark) for mark in "。！？") <= 2
    assert len(reply.zh) <= 110
    assert reply.en.endswith(".")
    assert not any(word in reply.zh for word in ("你必须", "你不应该", "请自重", "严厉", "后果自负"))


def test_a_person_in_distress_gets_the_help_line_and_no_reproach(moderation: Moderation) -> None:
    decision = moderation.decide("我不想活了", Scope.INPUT)
    assert decision.action is Action.REFUSE
    assert decision.risks == ("A.4-a",)
    assert "12356" in decision.reply
    assert "12356" in decision.reply_en
    assert "抱歉" not in decision.reply


def test_a_model_that_talks_about_suicide_prevention_may_speak(moderation: Moderation) -> None:
    text = "如果你有“我想自杀”的念头，请拨打心理援助热线，或者告诉身边信任的人。"
    assert moderation.decide(text, Scope.OUTPUT).action is Action.ALLOW


def test_a_failure_says_that_the_check_failed_and_not_that_the_text_is_bad(policy: PolicyBundle) -> None:
    reply = policy.reply_for(("A.1-f",), Action.UNDETERMINED)
    assert "检查" in reply.zh
    assert "重试" in reply.zh
