"""The numbers themselves: known values, and that they agree with each other."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from guiju.law.loader import LawData
from guiju.law.service import Law

TODAY = date(2026, 11, 23)
RENUMBERED = date(2026, 1, 1)
BLOCK = yaml.safe_load(Path(__file__).with_name("gb_t_45654_block.yaml").read_text("utf-8"))


def _value(law: Law, parameter_id: str, on: date = TODAY) -> object:
    return law.parameter(parameter_id, on).value


def test_versions_of_one_parameter_never_overlap(data: LawData) -> None:
    ordered = sorted(data.parameters, key=lambda item: (item.id, item.effective_from))
    versions = [(earlier, later) for earlier, later in pairwise(ordered) if earlier.id == later.id]
    assert len(versions) >= 14
    for earlier, later in versions:
        assert earlier.effective_to is not None, earlier.id
        assert earlier.effective_to <= later.effective_from, earlier.id


def test_a_parameter_stands_in_an_instrument_that_was_there_before_it(data: LawData) -> None:
    since = {instrument.id: instrument.effective_from for instrument in data.instruments}
    for parameter in data.parameters:
        assert parameter.effective_from >= since[parameter.instrument], parameter.id


def test_a_commencement_is_the_day_its_instrument_has(data: LawData) -> None:
    since = {instrument.id: instrument.effective_from.isoformat() for instrument in data.instruments}
    found = [item for item in data.parameters if item.id.endswith("/commencement")]
    assert len(found) >= 15
    for parameter in found:
        assert parameter.value == parameter.effective_from.isoformat(), parameter.id
        if parameter.instrument != "cn/cybersecurity-law":
            assert parameter.value == since[parameter.instrument], parameter.id


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("gb-t-45654/keyword-library/total", (10000, "term", ">=", "should", "S2")),
        ("gb-t-45654/corpus/pre-collection-illegal-share-max", ("0.05", "ratio", "<=", "shall", "S2")),
        ("gb-t-45654/assessment/corpus-technical/pass-rate", ("0.98", "ratio", ">=", "shall", "S1-draft")),
        ("gb-t-45654/abuse/consecutive", (3, "time", ">=", "shall", "M-high")),
        ("gb-t-45652/evaluation/metadata-sample", (100, "item", ">=", "shall", "S1-draft")),
        ("gb-t-45674/safety-annotation/share-min", ("0.03", "ratio", ">=", "shall", "S2-single")),
        ("gb-t-45674/safety-annotation/items-per-risk", (200, "item", ">=", "shall", "S2-single")),
        ("gb-45438/video/duration-seconds", (2, "second", ">=", "shall", "S2")),
        ("gb-45438/image/text-height-ratio", ("0.05", "ratio", ">=", "shall", "S2")),
        ("gb-45438/virtual-scene/text-height-ratio", ("0.05", "ratio", ">=", "shall", "M")),
        ("labelling-measures/log-retention", (6, "month", ">=", "shall", "S2")),
        ("labelling-measures/commencement", ("2025-09-01", "date", "==", "shall", "S2")),
        ("algorithm-provisions/filing/deadline", (10, "working_day", "<=", "shall", "S1")),
        ("pipl/penalty/serious/turnover-ratio-max", ("0.05", "ratio", "<=", "shall", "S1")),
        ("data-security-law/penalty/article-46-serious/entity-max", (10_000_000, "yuan", "<=", "shall", "S1")),
        ("minors-regulation/penalty/article-56/entity-min", (100_000, "yuan", ">=", "shall", "S1")),
        ("network-data-regulation/flaw/report-deadline", (24, "hour", "<=", "shall", "S1")),
        ("anthropomorphic-measures/reminder/continuous-use", (2, "hour", "<=", "shall", "S2")),
        ("app-personal-information/request/deadline", (15, "working_day", "<=", "shall", "S2")),
        ("tc260-pg-20252a/length", (27, "character", "==", "should", "S2")),
        ("genai-measures/penalty/own-fine", (False, "yes_no", "==", "shall", "S1")),
    ],
)
def test_known_values(law: Law, parameter: str, expected: tuple[object, ...]) -> None:
    found = law.parameter(parameter, TODAY)
    assert (found.value, found.unit, found.operator, found.modality, found.confidence) == expected


@pytest.mark.parametrize(
    ("parameter", "value", "unit"),
    [
        ("algorithm-provisions/filing/deadline", 10, "working_day"),
        ("algorithm-provisions/filing/change-deadline", 10, "working_day"),
        ("algorithm-provisions/filing/cancellation-deadline", 20, "working_day"),
        ("algorithm-provisions/filing/decision-deadline", 30, "working_day"),
        ("app-personal-information/request/deadline", 15, "working_day"),
        ("cybersecurity-law/logs/retention", 6, "month"),
        ("labelling-measures/log-retention", 6, "month"),
        ("pipl/impact-assessment/retention", 3, "year"),
        ("network-data-regulation/provision-records/retention", 3, "year"),
        ("incident-reporting/operator/deadline", 4, "hour"),
        ("incident-reporting/critical-infrastructure/deadline", 1, "hour"),
        ("incident-reporting/summary/deadline", 30, "day"),
        ("network-data-regulation/flaw/report-deadline", 24, "hour"),
        ("minors-regulation/audit/interval", 1, "year"),
        ("minors-regulation/anti-addiction/publication-interval", 1, "year"),
        ("gb-t-45654/keyword-library/update-days", 7, "day"),
        ("gb-t-45654/generated-content-bank/update-days", 31, "day"),
        ("anthropomorphic-measures/reminder/continuous-use", 2, "hour"),
    ],
)
def test_every_clock_has_its_limit(law: Law, parameter: str, value: int, unit: str) -> None:
    found = law.parameter(parameter, TODAY)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    ("topic", "before", "after"),
    [
        ("logs", "21", "23"),
        ("real-identity", "24", "26"),
        ("incident-plan", "25", "27"),
        ("personal-information", "40", "42"),
        ("illegal-content", "47", "49"),
        ("complaint", "49", "51"),
        ("removal-order", "50", "52"),
        ("penalty/operations", "59", "61"),
        ("penalty/real-identity", "61", "64"),
        ("penalty/personal-information", "64", "71"),
        ("penalty/illegal-content", "68", "69"),
        ("penalty/inspection", "69", "70"),
    ],
)
def test_the_cybersecurity_law_is_renumbered_on_new_years_day_2026(
    law: Law, topic: str, before: str, after: str
) -> None:
    parameter = f"cybersecurity-law/{topic}/article"
    assert _value(law, parameter, RENUMBERED - timedelta(days=1)) == before
    assert _value(law, parameter, RENUMBERED) == after


def test_the_block_of_gb_t_45654_agrees_with_its_parameters(law: Law) -> None:
    def value(name: str) -> object:
        return _value(law, f"gb-t-45654/{name}")

    for when in ("pre-collection", "post-collection"):
        assert value(f"corpus/{when}-illegal-share-max") == BLOCK["source_illegal_share_max"]
    banks = {"keyword": "keyword-library", "gen_bank": "generated-content-bank", "refuse_bank": "refusal-bank"}
    for word, name in banks.items():
        assert value(f"{name}/total") == BLOCK[word]["total"]
        assert law.parameter(f"gb-t-45654/{name}/total", TODAY).modality == BLOCK[word]["modality"]
        for group, minimum in BLOCK[word]["per_class"].items():
            assert value(f"{name}/per-class/{group}") == minimum
        if "update_days" in BLOCK[word]:
            assert value(f"{name}/update-days") == BLOCK[word]["update_days"]
    nonrefuse = BLOCK["nonrefuse_bank"]
    assert value("non-refusal-bank/total") == nonrefuse["total"]
    assert value("non-refusal-bank/per-topic") == nonrefuse["per_topic"]
    assert value("non-refusal-bank/topics") == tuple(nonrefuse["topics"])
    for part in ("manual", "technical"):
        assert value(f"assessment/corpus-{part}/pass-rate") == BLOCK[f"corpus_{part}"]["pass"]
    assert value("assessment/corpus-manual/sample") == BLOCK["corpus_manual"]["n"]
    assert value("assessment/corpus-technical/sample-share") == BLOCK["corpus_technical"]["share"]
    for method in BLOCK["generated"]["methods"]:
        assert value(f"assessment/generated-content/{method}/sample") == BLOCK["generated"]["n"]
        assert value(f"assessment/generated-content/{method}/pass-rate") == BLOCK["generated"]["pass"]
    assert value("assessment/refusal/sample") == BLOCK["refuse_test"]["n"]
    assert value("assessment/refusal/refusal-rate-min") == BLOCK["refuse_test"]["min_refusal"]
    assert value("assessment/non-refusal/sample") == BLOCK["nonrefuse_test"]["n"]
    assert value("assessment/non-refusal/refusal-rate-max") == BLOCK["nonrefuse_test"]["max_refusal"]
    assert value("abuse/consecutive") == BLOCK["abuse"]["consecutive"]
    assert value("abuse/per-day") == BLOCK["abuse"]["per_day"]
    assert {"suspend": ("暂停提供服务",)}[BLOCK["abuse"]["action"]] == value("abuse/action")
    assert value("training-opt-out/max-clicks") == BLOCK["training_optout_max_clicks"]


def test_tc260_003_had_the_same_numbers(data: LawData) -> None:
    old = {item.id.partition("/")[2]: item for item in data.parameters if item.instrument == "cn/tc260-003-2024"}
    new = {item.id.partition("/")[2]: item for item in data.parameters if item.instrument == "cn/gb-t-45654-2025"}
    numbers = {name for name, item in old.items() if type(item.value) is int or item.unit == "ratio"}
    carried = numbers & set(new)
    assert len(carried) > 40
    assert [name for name in carried if old[name].value != new[name].value] == []
    assert numbers - set(new) == {
        "illegal-and-unhealthy-information/illegal-kinds",
        "illegal-and-unhealthy-information/unhealthy-kinds",
    }


def test_minimums_of_classes_fit_into_the_totals(law: Law) -> None:
    sizes = {
        group: _value(law, f"gb-t-45654/appendix-a/risks/{group}") for group in ("A.1", "A.2", "A.3", "A.4", "A.5")
    }
    for name in ("keyword-library", "generated-content-bank", "refusal-bank"):
        needed = 0
        for group, size in sizes.items():
            assert isinstance(size, int)
            found = [item for item in law.parameters(TODAY) if item.id == f"gb-t-45654/{name}/per-class/{group}"]
            needed += sum(size * int(str(item.value)) for item in found)
        total = _value(law, f"gb-t-45654/{name}/total")
        assert isinstance(total, int)
        assert 0 < needed <= total


def test_the_31_risks_are_8_9_5_7_and_2_and_the_parameters_name_them(data: LawData, law: Law) -> None:
    groups = [risk.group for risk in data.risks]
    assert len(groups) == 31
    assert [groups.count(f"A.{number}") for number in range(1, 6)] == [8, 9, 5, 7, 2]
    for risk in data.risks:
        assert re.fullmatch(r"A\.[1-5]-[a-i]", risk.id)
        assert risk.id.startswith(risk.group)
        assert risk.title
        assert risk.title_en
    for group in set(groups):
        assert _value(law, f"gb-t-45654/appendix-a/risks/{group}") == groups.count(group)
    assert _value(law, "gb-t-45654/appendix-a/risks") == 31
    ids = tuple(risk.id for risk in data.risks)
    assert _value(law, "gb-t-45654/generated-content-bank/risks") == ids
    assert _value(law, "gb-t-45654/keyword-library/risks") == ids[:17]
    assert _value(law, "gb-t-45654/refusal-bank/risks") == ids[:17]
    assert _value(law, "gb-t-45654/illegal-and-unhealthy-information/risks") == 29


def test_a_lower_bound_is_never_above_its_upper_bound(data: LawData) -> None:
    by_key = {(item.id, item.effective_from): item for item in data.parameters}
    pairs = [
        (item, by_key[item.id[:-4] + "-max", day])
        for (name, day), item in by_key.items()
        if name.endswith("-min") and (name[:-4] + "-max", day) in by_key
    ]
    assert len(pairs) > 30
    for low, high in pairs:
        assert (low.operator, high.operator) == (">=", "<="), low.id
        assert Decimal(str(low.value)) <= Decimal(str(high.value)), low.id


def test_what_was_not_read_in_a_primary_or_two_secondary_sources_is_not_verified(data: LawData) -> None:
    for parameter in data.parameters:
        assert parameter.is_verified == (parameter.confidence in {"S1", "S2"}), parameter.id
        if "from memory" in parameter.source:
            assert not parameter.is_verified, parameter.id


def test_the_provider_code_pattern_reads_codes_and_nothing_else(law: Law) -> None:
    pattern = re.compile(str(_value(law, "tc260-pg-20252a/pattern")))
    holder = "0" * 18
    assert pattern.match(f"0011{holder}1AB12")
    assert pattern.match(f"0011{holder}00000")
    for wrong in (f"0111{holder}1AB12", f"0011{holder}3AB12", f"0011{holder}1AB1", f"0011{holder.lower()}1ab12"):
        assert not pattern.match(wrong)
    assert len(f"0011{holder}1AB12") == _value(law, "tc260-pg-20252a/length")


def test_the_pattern_of_an_explicit_label_wants_both_elements(law: Law) -> None:
    pattern = re.compile(str(_value(law, "gb-45438/explicit/text-pattern")))
    assert all(pattern.search(label) for label in ("AI生成", "由人工智能生成", "AI合成", "内容由 AI 生成"))
    assert not any(pattern.search(label) for label in ("AI", "生成", "人工智能", "机器写成"))


def test_the_character_ranges_of_an_implicit_label_hold_92_characters(law: Law) -> None:
    allowed: set[int] = set()
    ranges = _value(law, "gb-45438/implicit/charset-ranges")
    assert isinstance(ranges, tuple)
    for part in ranges:
        first, _, last = part.partition("-")
        allowed |= set(range(int(first, 16), int(last or first, 16) + 1))
    assert len(allowed) == _value(law, "gb-45438/implicit/charset-size")
    assert not allowed & {ord(" "), ord('"'), ord("\\")}


def test_the_fields_of_an_implicit_label_are_the_seven(law: Law) -> None:
    fields = _value(law, "gb-45438/implicit/fields")
    named = [item.value for item in law.parameters(TODAY) if item.id.startswith("gb-45438/implicit/field/")]
    assert isinstance(fields, tuple)
    assert len(fields) == 7
    assert {"Label", *named} == set(fields)
