from collections.abc import Callable

import pytest

from guiju.moderation.models import Action, Scope
from guiju.moderation.service import Moderation


def found(moderation: Moderation, text: str, scope: Scope = Scope.OUTPUT) -> list[str]:
    return [text[finding.start : finding.end] for finding in moderation.decide(text, scope).findings]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("说甲乙吧", ["甲乙"]),
        ("甲乙丙丁", ["甲乙", "甲乙丙丁"]),
        ("甲\u200b乙", ["甲\u200b乙"]),
        ("甲-乙", []),
        ("庚-辛", ["庚-辛"]),
        ("庚 ＊ 辛", ["庚 ＊ 辛"]),
        ("庚****辛", []),
        ("庚，辛", []),
        ("庚。辛", []),
        ("庚😀辛", ["庚😀辛"]),
        ("SBC", ["SBC"]),
        ("xsbc", []),
        ("22sbc", []),
        ("sbc2", []),
        ("(sbc)", ["sbc"]),
        ("的sbc的", ["sbc"]),
        ("ＡＢ ｃｄ", ["ＡＢ ｃｄ"]),
        ("找t.me吧", ["t.me"]),
        ("t . m . e", ["t . m . e"]),
        ("tame", []),
        ("壬癸子", ["壬癸子"]),
        ("壬癸子丑", []),
        ("寅壬癸子", []),
        ("寅 壬-癸子", []),
        ("黄片", ["黄片"]),
        ("三黄片", []),
        ("三 黄 片", []),
        ("黄片区", []),
        ("大黄片儿", ["黄片"]),
        ("大黄片儿区", []),
        ("丙甲乙戊", []),
        ("丙甲乙", ["甲乙"]),
        ("天地", []),
        ("天地卖微信", ["天地"]),
        ("微信买天地", ["天地"]),
        ("微信和天地", []),
        ("微信一二三四五六天地买", []),
        ("玄黄", ["玄黄"]),
        ("玄黄一二三千字文", ["玄黄"]),
        ("玄黄一千字文", []),
        ("千字文：玄黄", []),
        ("ѕbс", ["ѕbс"]),
        ("так ѕЬс", []),
        ("⒮⒝⒞", ["⒮⒝⒞"]),
        ("盈昃", []),
        ("日月", ["日月"]),
    ],
)
def test_a_term_is_found_where_its_conditions_say_so(moderation: Moderation, text: str, hits: list[str]) -> None:
    assert found(moderation, text) == hits


def test_cyrillic_lookalikes_count_as_latin_but_ordinary_russian_is_left_alone(
    make_moderation: Callable[..., Moderation],
) -> None:
    library = (
        'version: "1"\nrisk: A.1-f\nupdated: 2026-11-23\nterms:\n- {t: cop, reason: 测试}\n- {t: хор, reason: 俄文词}\n'
    )
    moderation = make_moderation(library)
    assert found(moderation, "this сор, that соp") == ["сор", "соp"]
    assert found(moderation, "Не выноси сор из избы") == []
    assert found(moderation, "Русский хор поёт") == ["хор"]
    assert found(moderation, "hop xop") == []


def test_scopes_keep_terms_apart(moderation: Moderation) -> None:
    assert found(moderation, "盈昃日月", Scope.INPUT) == ["盈昃"]


def test_a_hit_carries_what_a_reviewer_needs(moderation: Moderation) -> None:
    (finding,) = moderation.decide("找庚 辛", Scope.OUTPUT).findings
    assert (finding.detector, finding.risks, finding.level, finding.wish) == ("keywords", ("A.1-f",), "high", "block")
    assert (finding.start, finding.end, finding.view, finding.reason) == (1, 4, "skip", "可跳过装饰")
    page = moderation.search_terms(finding.term_id)
    assert [term.text for term in page.terms] == ["庚辛"]


@pytest.mark.parametrize(
    ("pushed", "released"),
    [
        (["今日", "好吗"], ["今日", "好吗"]),
        (["说甲"], ["说"]),
        (["说甲", "鱼"], ["说", "甲鱼"]),
        (["甲乙"], [""]),
        (["庚 ", "- ", "好"], ["", "", "庚 - 好"]),
        (["庚", "。"], ["", "庚。"]),
        (["列", "宿列", "张三"], ["列", "", "＊＊＊三"]),
        (["辰 宿", "列", "好"], ["＊＊", "", "＊列好"]),
        (["日", "月"], ["日", "月"]),
        (["sbc", "d "], ["", "sbcd "]),
        (["天地", "一二三四五", "六"], ["", "", "天地一二三四五六"]),
    ],
)
def test_a_stream_holds_back_exactly_what_could_still_become_a_hit(
    keywords_only: Moderation, pushed: list[str], released: list[str]
) -> None:
    stream = keywords_only.open_stream(Scope.OUTPUT)
    assert [stream.push(piece).text for piece in pushed] == released


def test_a_stopped_stream_gives_the_decision_once_and_nothing_after(moderation: Moderation) -> None:
    stream = moderation.open_stream(Scope.OUTPUT)
    assert stream.push("前文") == (stream.push("").__class__)("前文")
    released = stream.push("好甲乙丙丁戊")
    assert released.text == "好"
    assert released.decision is not None
    assert released.decision.action is Action.REFUSE
    assert released.decision.reply == "这一章的答复"
    assert stream.is_stopped
    assert stream.decision() == released.decision
    for later in (stream.push("还有"), stream.finish()):
        assert (later.text, later.decision) == ("", None)


def test_a_stream_that_ends_well_still_says_what_was_masked(moderation: Moderation) -> None:
    stream = moderation.open_stream(Scope.OUTPUT)
    assert stream.push("辰宿日月").text + stream.finish().text == "＊＊日月"
    decision = stream.decision()
    assert (decision.action, decision.risks, decision.may_pass) == (Action.REPLACE, ("A.4-c",), False)
    assert len(decision.findings) == 2
