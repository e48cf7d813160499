from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from guiju.kit.errors import NotFoundError
from guiju.law.citing import say_parameter, say_value
from guiju.law.models import Applicability, Fact, FactValue, Profile
from guiju.law.rules import in_force
from guiju.law.service import MEASURES, Law, load_law

DAY = date(2026, 11, 23)
BEFORE = date(2023, 8, 14)
FIRST = date(2023, 8, 15)


def test_before_its_first_day_nothing_of_the_measures_is_there(law: Law) -> None:
    assert law.articles(BEFORE) == ()
    assert law.obligations(BEFORE) == ()
    assert MEASURES not in {item.id for item in law.instruments(BEFORE)}
    assert not [text for text in law.search_texts(BEFORE) if text.id.startswith(MEASURES)]
    assert len(law.articles(FIRST)) == 24
    assert law.obligations(FIRST)
    assert MEASURES in {item.id for item in law.instruments(FIRST)}


def test_the_cybersecurity_law_is_renumbered_with_the_year_2026(law: Law) -> None:
    before, after = date(2025, 12, 31), date(2026, 1, 1)
    expected = {
        "cybersecurity-law/logs/article": ("21", "23"),
        "cybersecurity-law/illegal-content/article": ("47", "49"),
        "cybersecurity-law/penalty/illegal-content/article": ("68", "69"),
    }
    for parameter, (old, new) in expected.items():
        assert (law.parameter(parameter, before).value, law.parameter(parameter, after).value) == (old, new)
    assert law.parameter("cybersecurity-law/logs/retention", before).value == 6
    assert law.parameter("cybersecurity-law/logs/retention", after).value == 6
    with pytest.raises(NotFoundError, match="2025-12-31"):
        law.parameter("cybersecurity-law/artificial-intelligence/article", before)


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2024, 6, 1), date(2025, 12, 31), date(2026, 1, 1), DAY])
def test_every_answer_for_a_day_is_in_force_on_it(law: Law, day: date) -> None:
    parameters = law.parameters(day)
    assert all(in_force(item, day) for item in parameters)
    assert all(in_force(item, day) for item in law.instruments(day))
    assert all(in_force(item, day) for item in law.articles(day))
    assert len({item.id for item in parameters}) == len(parameters)
    for parameter in parameters:
        assert law.parameter(parameter.id, day) is parameter
    one = law.parameters(day, "cn/cybersecurity-law")
    assert one
    assert {item.instrument for item in one} == {"cn/cybersecurity-law"}


def test_there_are_31_risks_in_five_groups(law: Law) -> None:
    groups = [risk.group for risk in law.risks()]
    assert [groups.count(f"A.{n}") for n in range(1, 6)] == [8, 9, 5, 7, 2]
    assert law.risk("A.1-a").group == "A.1"
    assert [risk.id for risk in law.risks()] == sorted(risk.id for risk in law.risks())


@pytest.mark.parametrize(
    ("provision", "zh", "en"),
    [
        ("art-14", "第十四条", "Article 14"),
        ("art-14/para-1", "第十四条第一款", "Article 14, paragraph 1"),
        ("art-14/para-2#keep-records", "第十四条第二款", "Article 14, paragraph 2"),
        ("art-15/para-1", "第十五条", "Article 15"),
        ("art-4/para-1/item-2", "第四条第二项", "Article 4, item 2"),
        ("art-22/para-1/item-3", "第二十二条第三项", "Article 22, item 3"),
    ],
)
def test_a_provision_is_cited_as_lawyers_cite_it(law: Law, provision: str, zh: str, en: str) -> None:
    assert law.cite(f"{MEASURES}/{provision}") == f"《生成式人工智能服务管理暂行办法》{zh}"
    assert law.cite(f"{MEASURES}/{provision}", "en").endswith(f"Services, {en}")


def test_the_text_of_an_article_is_all_that_stands_in_it(law: Law) -> None:
    assert law.text_of(f"{MEASURES}/art-15").startswith("提供者应当建立健全投诉、举报机制")
    lines = law.text_of(f"{MEASURES}/art-4").split("\n")
    assert len(lines) == 6
    assert [line[:3] for line in lines[1:]] == ["（一）", "（二）", "（三）", "（四）", "（五）"]
    assert len(law.text_of(f"{MEASURES}/art-14").split("\n")) == 2


def test_what_does_not_exist_is_said_not_to_exist(law: Law) -> None:
    asks: list[Callable[[], object]] = [
        lambda: law.instrument("cn/nothing"),
        lambda: law.provision(f"{MEASURES}/art-25"),
        lambda: law.obligation(f"{MEASURES}/art-14/para-1#nothing"),
        lambda: law.parameter("nothing", DAY),
        lambda: law.risk("A.6-a"),
        lambda: law.children("nothing"),
        lambda: law.cite("nothing"),
        lambda: law.text_of("nothing"),
    ]
    for ask in asks:
        with pytest.raises(NotFoundError):
            ask()
    assert not law.has(f"{MEASURES}/art-25")
    assert law.has(f"{MEASURES}/art-14")
    assert law.has(f"{MEASURES}/art-14/para-2#report")


def test_a_service_that_is_not_offered_to_the_public_is_bound_by_nothing(law: Law) -> None:
    everything: dict[str, FactValue] = {fact.id: True for fact in law.facts() if fact.kind == "bool"}
    profile = Profile({**everything, "serves_public_in_mainland": False})
    for obligation in law.obligations(DAY):
        applied = law.apply(obligation, profile)
        assert applied.applicability is Applicability.DOES_NOT_APPLY
        assert "第二条第三款" in applied.reason
        assert "“向境内公众提供服务” = 否" in applied.reason


def test_a_service_that_declares_nothing_is_undecided_everywhere(law: Law) -> None:
    for obligation in law.obligations(DAY):
        applied = law.apply(obligation, Profile())
        assert applied.applicability is Applicability.UNDECIDED
        assert "serves_public_in_mainland" in applied.missing_facts


def test_a_full_profile_leaves_nothing_undecided_and_every_condition_can_go_both_ways(law: Law) -> None:
    def answers(*, value: bool) -> dict[str, Applicability]:
        facts = {fact.id: value for fact in law.facts() if fact.kind == "bool"}
        profile = Profile({**facts, "serves_public_in_mainland": True})
        return {item.id: law.apply(item, profile).applicability for item in law.obligations(DAY)}

    yes, no = answers(value=True), answers(value=False)
    assert set(yes.values()) == {Applicability.APPLIES}
    for obligation in law.obligations(DAY):
        expected = Applicability.APPLIES if obligation.applies_when is None else Applicability.DOES_NOT_APPLY
        assert no[obligation.id] is expected, obligation.id


def test_a_chat_service_on_somebody_elses_model_is_judged_by_its_facts(law: Law) -> None:
    profile = Profile(
        {
            "serves_public_in_mainland": True,
            "trains_model": False,
            "annotates_data": False,
            "uses_third_party_base_model": True,
            "registers_users": True,
        }
    )

    def applied(suffix: str) -> Applicability:
        return law.apply(law.obligation(f"{MEASURES}/{suffix}"), profile).applicability

    assert applied("art-7/para-1/item-1#lawful-sources") is Applicability.APPLIES
    assert applied("art-7/para-1/item-4#training-data-quality") is Applicability.DOES_NOT_APPLY
    assert applied("art-8/para-1#rules") is Applicability.DOES_NOT_APPLY
    assert applied("art-9/para-2#service-agreement") is Applicability.APPLIES
    assert applied("art-17/para-1#algorithm-filing") is Applicability.UNDECIDED
    assert applied("art-14/para-1#stop-generation") is Applicability.APPLIES


def test_everything_that_can_be_looked_up_has_a_citation_and_a_text(law: Law) -> None:
    texts = law.search_texts(DAY)
    assert len({text.id for text in texts}) == len(texts)
    for text in texts:
        assert text.citation.startswith("《")
        assert text.text
        assert text.effective_from <= DAY
    provisions = [text for text in texts if text.id.startswith(MEASURES)]
    assert len(provisions) == 48
    for text in provisions:
        assert text.text == law.provision(text.id).text
    for text in law.search_texts(DAY, "en"):
        assert not text.citation.startswith("《")
    assert len(law.search_texts()) > len(texts)


def test_a_parameter_is_said_with_its_operator_modality_source_and_doubt(tiny: Callable[..., Path]) -> None:
    small = load_law(tiny())
    instrument = small.instrument("cn/x-law")
    rate = small.parameter("x/rate", DAY)
    assert (
        say_parameter(instrument, rate, "zh")
        == "《某法》1：合格率：不少于 95%（宜）。来源：memory（可信度 M，尚未核实）。"
    )
    said = "Some Law, 1: Pass rate: at least 95% (should). Source: memory (confidence M, not verified)."
    assert say_parameter(instrument, rate, "en") == said
    logs = small.parameter("x/logs", DAY)
    assert (
        say_parameter(instrument, logs, "zh")
        == "《某法》第二十三条：日志：不少于 6 个月（应）。来源：here（可信度 S1）。"
    )


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (True, "yes_no", "是", "yes"),
        (False, "yes_no", "否", "no"),
        ("0.005", "ratio", "0.5%", "0.5%"),
        ("1", "ratio", "100%", "100%"),
        (1, "month", "1 个月", "1 month"),
        (10, "working_day", "10 个工作日", "10 working days"),
        (50000, "yuan", "50000 元", "50000 yuan"),
        ("69", "article", "第 69 条", "Article 69"),
        (("a", "b"), "list", "a、b", "a, b"),
        ("及时", "text", "及时", "及时"),
        (3, "furlong", "3 furlong", "3 furlongs"),
    ],
)
def test_a_value_is_said_with_its_unit(value: FactValue, unit: str, zh: str, en: str) -> None:
    assert say_value(value, unit, "zh") == zh
    assert say_value(value, unit, "en") == en


def test_every_unit_in_the_data_has_a_chinese_word(law: Law) -> None:
    for parameter in law.parameters(DAY):
        if isinstance(parameter.value, int) and not isinstance(parameter.value, bool):
            assert not say_value(parameter.value, parameter.unit, "zh").isascii(), parameter.id


def test_another_data_folder_is_another_law(tiny: Callable[..., Path]) -> None:
    small = load_law(tiny())
    assert [article.label for article in small.articles(DAY)] == ["第一条", "第二条"]
    assert [child.id[-6:] for child in small.children(f"{MEASURES}/art-1")] == ["para-1", "para-2"]
    assert small.cite(f"{MEASURES}/art-1/para-1/item-1") == "《暂行办法》第一条第一款第一项"
    profile = Profile({"serves_public_in_mainland": True, "registers_users": True, "users": 12})
    applied = small.apply(small.obligations(DAY)[0], profile)
    assert applied.applicability is Applicability.DOES_NOT_APPLY
    assert applied.reason == "不适用：该义务的条件不成立；已声明users = 12。"
    assert isinstance(small.facts()[0], Fact)
