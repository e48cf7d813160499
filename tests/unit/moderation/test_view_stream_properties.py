import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.clock import FixedClock
from guiju.moderation.models import Action, Decision, Finding, Scope
from guiju.moderation.rules import STOPPING, masked
from guiju.moderation.service import Moderation

LIBRARY = """
version: "1"
risk: A.1-f
updated: 2026-11-23
allow: [小西红柿炒蛋]
groups:
  - reason: 测试用的普通词
    level: high
    flags: [skip, pinyin2, initials2]
    terms: [好朋友, 六一节, 明天见, 西红柿炒蛋, 海南, 方案想先]
  - reason: 严格
    level: high
    flags: [strict]
    terms: [枫叶林, 骑马去, {t: 打羽毛球, not_before: [场], none: [体育], within: 5}]
"""
POLICY = """
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {{on_failure: closed, block: refuse, review: allow, observe: allow}}
  output: {{on_failure: closed, block: refuse, review: {review}, observe: allow}}
rules: [{rules}]
detectors: {{personal_information: {{enabled: "false"}}}}
replies:
  default: {{zh: 抱歉。, en: "Sorry."}}
"""
PIECES = [
    *"好朋友女子月又六一陆节明日天见大西红柿炒蛋海南枫叶林骑马奇去打羽毛球场体育",
    *"豪鹏有郝蓬尤留溢杰名田间溪宏示兰木风口十羊也毋每湖琦",
    *["hao", "peng", "you", "hpy", "hn", "hai nan", "haonan", "fang", "an", "fangan", "xiangxian", "xi", "qi ma qu"],
    *["6", "⑥", "1", "🐎", "💰", "🍁", "去马", "友朋好", "朋好友", "見", "歬", "叶口十", "伱", "小西红柿炒"],
    *["木风", "女 子", "女-子月月", "口十", "hao3", "v", "x1", " ", "*", "——", "。", "，", "\n"],
    *["5aW95pyL5Y+L", "5aW95pyL5Y+L5aW9", "e5a5bde69c8be58f8b", "%E5%A5%BD%E6%9C%8B%E5%8F%8B", "%E5%A5"],
    *["\\u597d\\u670b\\u53cb", "\\u597d"],
    *["unb crat lbh", "unbcratlbh", "lbh", "Hello", "5aW", "UEs", "&#22909;&#26379;&#21451;"],
    *["好\n朋\n友", "好\n", "朋\n", "a明\nb天\nc见"],
    *["\u200b", "\ufe0f", "😀", "a"],
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=28).map("".join)
CUTS = st.lists(st.integers(0, 120), max_size=40)
POLICIES = {
    "recorded": POLICY.format(review="allow", rules=""),
    "masked": POLICY.format(review="replace", rules=""),
    "all masked": POLICY.format(review="replace", rules="{wishes: [block], action: replace}"),
    "stopped": POLICY.format(review="refuse", rules=""),
}


@pytest.fixture(scope="module", params=POLICIES)
def viewed(make_moderation: Callable[..., Moderation], request: pytest.FixtureRequest) -> Moderation:
    # A clock that stands still: a busy machine must not turn a slow run into a detector that overran.
    still = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    return make_moderation(LIBRARY, policy=POLICIES[request.param], clock=still)


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(place for place in cuts if place < len(text))})
    return [text[low:high] for low, high in itertools.pairwise(edges)]


def run(moderation: Moderation, pieces: Sequence[str]) -> tuple[str, tuple[Finding, ...], Decision | None, list[int]]:
    stream = moderation.open_stream(Scope.OUTPUT)
    out, stopped, lengths = "", None, []
    for piece in pieces:
        released = stream.push(piece)
        out += released.text
        stopped = stopped or released.decision
        lengths.append(len(out))
    released = stream.finish()
    return out + released.text, stream.findings, stopped or released.decision, lengths


def check(moderation: Moderation, text: str, cuts: Sequence[int]) -> None:
    whole = moderation.decide(text, Scope.OUTPUT)
    policy = moderation.policy
    expected = run(moderation, [text])
    for pieces in (cut(text, cuts), list(text)):
        out, findings, stopped, lengths = run(moderation, pieces)
        assert (out, findings, stopped) == expected[:3]
        stops = [one.start for one in whole.findings if policy.action_for(one, Scope.OUTPUT) in STOPPING]
        assert all(length <= min(stops, default=len(text)) for length in [*lengths, len(out)])
        if stopped is None:
            assert not stops
            assert findings == whole.findings
            assert out == masked(text, whole.findings, policy, scope=Scope.OUTPUT)
        else:
            assert stopped.action is whole.action is Action.REFUSE
    for finding in whole.findings:
        assert 0 <= finding.start < finding.end <= len(text)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, cuts=CUTS)
def test_every_view_finds_the_same_however_a_text_is_cut(viewed: Moderation, text: str, cuts: list[int]) -> None:
    check(viewed, text, cuts)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=TEXTS,
    filler=st.sampled_from(["5aW9", "e5a5bd", "%E5%A5%BD", "女", "ha", "好", "hao ", "6", "*", "🐎", "木风", "a"]),
    length=st.integers(0, 900),
)
def test_a_long_run_before_it_hides_nothing(viewed: Moderation, text: str, filler: str, length: int) -> None:
    check(viewed, (filler * length)[:length] + text, [*range(0, length, 61), length, length + 3])


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("我的女子月月友", "split"),
        ("好月 月友", "split"),
        ("陆一节", "digits"),
        ("6壹节", "digits"),
        ("豪鹏有", "pinyin"),
        ("hao peng you", "pinyin"),
        ("haopengyou", "pinyin"),
        ("hǎo péng yǒu", "pinyin"),
        ("好peng友", "pinyin"),
        ("fanganxiangxian", "pinyin"),
        ("hainan", "pinyin"),
        ("我说hpy吧", "initials"),
        ("骑🐎去", "emoji"),
        ("打羽毛求", "pinyin"),
        ("明夭见", "shape"),
        ("好友朋", "swap"),
        ("友朋好", "reverse"),
        ("好x朋y友", "infix"),
        ("看5aW95pyL5Y+L吧", "base64"),
        ("NWFXOTVweUw1WStM", "base64"),
        ("e5a5bde69c8be58f8b", "hex"),
        (r"\u597d\u670b\u53cb", "hex"),
        ("&#22909;&#26379;&#21451;", "hex"),
        ("%E5%A5%BD%E6%9C%8B%E5%8F%8B", "url"),
        ("unb crat lbh", "rot13"),
        ("看\n好\n朋\n友\n", "vertical"),
        ("一好二\n三朋四\n五友六", "vertical"),
    ],
)
def test_a_disguised_term_is_found_in_its_view(viewed: Moderation, text: str, view: str) -> None:
    found = viewed.decide(text, Scope.INPUT).findings
    assert view in {one.view for one in found}, found


@pytest.mark.parametrize(
    "text",
    [
        "好。朋友", "好人朋友", "女，子朋友", "体育打羽毛求", "打羽毛求场", "haopengyouz", "xhpyx", "小西红柿炒单",
        "hao，peng，you",
    ],
)  # fmt: skip
def test_barriers_guards_and_companions_hold_in_every_view(viewed: Moderation, text: str) -> None:
    assert viewed.decide(text, Scope.INPUT).findings == ()


def test_a_wide_view_asks_for_review_unless_the_term_is_strict(make_moderation: Callable[..., Moderation]) -> None:
    moderation = make_moderation(LIBRARY, policy=POLICIES["recorded"])
    for text, wish in (("豪鹏有", "review"), ("奇马去", "block"), ("嗨南", "review"), ("女子朋友", "block")):
        found = moderation.decide(f"我们{text}吧", Scope.INPUT).findings
        assert {one.wish for one in found} == {wish}, text
        assert all(one.cost > 0 for one in found)
