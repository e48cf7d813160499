"""What an answer looks like: word for word, cited, dated, and nothing of the person's own words in it."""

import threading
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway_assistant.conftest import Ask

from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.kit.clock import FixedClock
from guiju.law.citing import SearchText

MEASURES = "《生成式人工智能服务管理暂行办法》"
STOP = "应当及时采取停止生成、停止传输、消除等处置措施"
WARN = "采取警示、限制功能、暂停或者终止向其提供服务等处置措施"


@pytest.mark.parametrize(
    "question", ["第十四条", "第14条", "14条说了什么", "暂行办法第 14 条规定", "Article 14", "art. 14"]
)
def test_an_article_is_quoted_with_every_paragraph_its_citation_and_its_date(
    ask: Ask, texts: list[SearchText], question: str
) -> None:
    answer = ask(question)
    paragraphs = [text for text in texts if text.id.startswith("cn/genai-measures-2023/art-14/")]
    assert len(paragraphs) == 2
    for paragraph in paragraphs:
        assert paragraph.text in answer
        assert paragraph.citation in answer
    assert "2023年8月15日起施行" in answer or "in force from 2023-08-15" in answer


def test_every_paragraph_and_item_of_the_measures_can_be_asked_for_by_its_number(
    ask: Ask, texts: list[SearchText]
) -> None:
    provisions = [text for text in texts if text.id.startswith("cn/genai-measures-2023/")]
    assert len(provisions) > 40
    for text in provisions:
        numbers = [part.split("-")[1] for part in text.id.split("/")[2:]]
        question = f"第{numbers[0]}条"
        question += f"第{numbers[1]}款" if len(numbers) > 1 else ""
        question += f"第{numbers[2]}项" if len(numbers) > 2 else ""
        assert text.text in ask(question), question


def test_a_paragraph_with_items_is_quoted_with_all_of_them(ask: Ask, texts: list[SearchText]) -> None:
    answer = ask("第四条")
    items = [text.text for text in texts if text.id.startswith("cn/genai-measures-2023/art-4/")]
    assert len(items) == 6
    assert all(item in answer for item in items)
    assert answer.count(MEASURES) == 1


def test_an_article_that_does_not_exist_is_not_made_up(ask: Ask) -> None:
    assert "我不知道" in ask("暂行办法第三十条")
    assert "我不知道" in ask("第十四条第九款")
    assert "do not know" in ask("What does article 14(9) of the interim measures say?")


def test_a_follow_up_is_read_with_the_question_before_it(ask: Ask) -> None:
    answer = ask("第十四条", "那第二款呢？")
    assert WARN in answer
    assert STOP not in answer
    assert "第十五条" in ask("投诉举报要公布反馈时限吗", "那第十五条呢")
    assert "处罚依据" in ask("第十五条", "那罚款呢")


def test_without_a_question_before_it_a_lone_paragraph_is_not_guessed(ask: Ask) -> None:
    assert "我不知道" in ask("那第二款呢？")


def test_the_law_before_the_renumbering_is_quoted_when_it_is_asked_for(ask: Ask) -> None:
    now = ask("网络安全法处置违法信息是第几条")
    assert "第四十九条" in now
    assert "第四十七条" not in now
    for question in ("2025年12月网络安全法处置违法信息是第几条", "旧法里网络安全法处置违法信息是第几条"):
        then = ask(question)
        assert "第四十七条（2017年6月1日起施行，自2026年1月1日起已被新文本取代）" in then
        assert "第四十九条" not in then


def test_an_old_number_leads_to_the_new_one(ask: Ask) -> None:
    answer = ask("网络安全法第四十七条")
    assert answer.index("第四十七条") < answer.index("已被新文本取代") < answer.index("第四十九条")


def test_what_is_not_in_force_yet_is_marked_so(texts: list[SearchText]) -> None:
    early = LawAssistant(lambda: texts, FixedClock(datetime(2026, 6, 30, 15, 59, tzinfo=UTC)))
    answer = early.answer([{"role": "user", "content": "拟人化互动服务连续使用多久要提醒"}])
    assert "2026年7月15日起施行，目前尚未施行" in answer


def test_today_is_the_day_in_beijing(texts: list[SearchText]) -> None:
    question = [{"role": "user", "content": "网络安全法处置违法信息是第几条"}]
    last = LawAssistant(lambda: texts, FixedClock(datetime(2025, 12, 31, 15, 59, tzinfo=UTC)))
    first = LawAssistant(lambda: texts, FixedClock(datetime(2025, 12, 31, 16, 0, tzinfo=UTC)))
    assert "第四十七条" in last.answer(question)
    assert "第四十九条" in first.answer(question)


def test_points_taken_from_a_source_are_not_passed_off_as_the_official_wording(ask: Ask) -> None:
    points = ask("GB/T 45654 关键词库 多少")
    assert "10000" in points
    assert "〔要点〕" in points
    assert "来源：" in points
    assert "〔要点〕" not in ask("第十四条")


def test_an_english_question_gets_the_chinese_text_in_an_english_frame(ask: Ask) -> None:
    answer = ask("How long must network logs be kept?")
    assert answer.startswith("The provisions on this are quoted below")
    assert "网络日志留存期限：不少于 6 个月" in answer
    assert "In English: Retention of network logs: at least 6 months" in answer
    assert "以上仅为摘录" not in answer
    assert ask("GB/T 45654").startswith("与您的问题对应")


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("你好", "您好"),
        ("您好！你能做什么？", "您好"),
        ("hello", "Hello"),
        ("Help!", "Hello"),
        ("", "您好"),
        ("谢谢你", "不客气"),
        ("Thanks!", "welcome"),
    ],
)
def test_it_greets_and_explains_itself(ask: Ask, question: str, word: str) -> None:
    assert word in ask(question)


@pytest.mark.parametrize("question", ["这样做合法吗？第十四条", "Is it legal? article 12", "网络日志要留存多久"])
def test_it_never_advises(ask: Ask, question: str) -> None:
    answer = ask(question)
    assert "不构成法律意见" in answer or "not legal advice" in answer


def test_at_most_three_places_are_quoted(ask: Ask) -> None:
    for question in ("处罚", "未成年人", "标识", "GB/T 45654", "个人信息保护法第66条"):
        assert "\n4. " not in ask(question)


def test_what_a_person_wrote_is_never_said_back(ask: Ask) -> None:
    marker = "zxqv口令七七四十九"
    assert marker not in ask(f"{marker} 第十四条")
    assert "zxqv" not in ask(f"{marker} 今天天气")


def test_messages_of_every_shape_are_taken(assistant: LawAssistant) -> None:
    parts = [{"type": "text", "text": "第十"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "五条"}]
    assert "我不知道" not in assistant.answer([{"role": "user", "content": [parts[0], parts[2]]}])
    strange: list[dict[str, object]] = [{}, {"role": "user"}, {"role": "user", "content": 7}, {"role": "system"}]
    assert "您好" in assistant.answer(strange)
    assert "第十五条" in assistant.answer(
        [{"role": "system", "content": "第一条"}, {"role": "user", "content": "第十五条"}]
    )


@given(st.lists(st.text(max_size=900), max_size=4))
def test_any_text_is_answered_with_a_known_frame(assistant: LawAssistant, questions: list[str]) -> None:
    answer = assistant.answer([{"role": "user", "content": question} for question in questions])
    known = ("您好", "Hello", "不客气", "You are welcome", "我不知道", "I do not know", "与您的问题", "The provisions")
    assert answer.startswith(known)


@given(st.text(alphabet="第条款项一二三四五六七八九十百千0123456789 ()（）.年月日-art网络安全法办法旧", max_size=60))
def test_any_reference_is_read_without_failing(assistant: LawAssistant, question: str) -> None:
    assert assistant.answer([{"role": "user", "content": question}])


@given(st.text(max_size=500))
def test_pieces_are_short_and_make_up_the_text(assistant: LawAssistant, text: str) -> None:
    pieces = list(assistant.pieces(text))
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= 4 for piece in pieces)
    assert pieces == list(assistant.pieces(text))


def test_nothing_is_loaded_before_the_first_question_and_only_once(texts: list[SearchText], clock: FixedClock) -> None:
    calls: list[int] = []

    def supply() -> list[SearchText]:
        calls.append(1)
        return texts

    lazy = LawAssistant(supply, clock)
    assert "您好" in lazy.answer([{"role": "user", "content": "你好"}])
    assert calls == []
    question = [{"role": "user", "content": "第十五条"}]
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(lazy.answer(question))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1]
    assert len(set(answers)) == 1
    assert len(answers) == 4


def test_it_answers_from_the_texts_it_was_given_and_no_others(clock: FixedClock) -> None:
    own = [
        SearchText("cn/genai-measures-2023/art-2/para-1", "《办法》第二条", "养猫的人应当每日喂猫。", date(2020, 1, 1))
    ]
    small = LawAssistant(lambda: own, clock)
    answer = small.answer([{"role": "user", "content": "喂猫"}])
    assert "养猫的人应当每日喂猫。" in answer
    assert "我不知道" in small.answer([{"role": "user", "content": "投诉举报入口"}])
