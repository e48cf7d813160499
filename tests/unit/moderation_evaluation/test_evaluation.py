import json
import math

import pytest

from guiju.kit.errors import InputError
from guiju.moderation.evaluation.metrics import count, curve, latency, quality, wilson
from guiju.moderation.evaluation.models import Counts, Judged, Labelled
from guiju.moderation.evaluation.page import json_of, page_of
from guiju.moderation.evaluation.reading import Columns, read_classes, read_labelled
from guiju.moderation.evaluation.running import Plan, evaluate

ASKED = Columns("", "", "")


def test_wilson_is_what_the_tables_say() -> None:
    interval = wilson(45, 50)
    assert interval.value == 0.9
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.7864, 0.9565)
    assert math.isnan(wilson(0, 0).value)
    assert wilson(0, 10).low == 0.0


def test_figures_follow_from_the_four_cells() -> None:
    found = quality(Counts(8, 2, 4, 86))
    assert found.precision.value == 0.8
    assert found.recall.value == pytest.approx(8 / 12)
    assert found.false_alarms.value == pytest.approx(2 / 88)
    assert found.f1.value == pytest.approx(16 / 22)
    assert found.macro_f1.value == pytest.approx((16 / 22 + 172 / 178) / 2)
    assert found.f1.low < found.f1.value < found.f1.high


def test_nothing_counted_is_no_figure_and_no_error() -> None:
    found = quality(Counts(0, 0, 0, 0))
    assert math.isnan(found.f1.value)
    assert math.isnan(latency([]).median_ms)
    assert curve([], []) == ()


def test_lists_of_unlike_length_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        count([True], [])


def test_a_curve_falls_and_needs_scores() -> None:
    points = curve([True, True, False, False], [0.9, 0.7, 0.6, 0.1])
    assert points[0].recall == 1.0
    assert points[-1].precision == 1.0
    assert curve([True, False], [1.0, 0.0]) == ()


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b"TEXT,label\n\xe7\x94\xb2,1\n\xe4\xb9\x99,0\n", ("TEXT", "label")),
        (",split,topic,label,TEXT\n1,t,race,1,甲\n2,t,race,0,乙\n".encode(), ("TEXT", "label")),
        ("内容\t标签\n甲\t违规\n乙\t正常\n".encode("gb18030"), ("内容", "标签")),
        ('{"question": "甲", "label": true}\n\n{"question": "乙", "label": false}\n'.encode(), ("question", "label")),
        ("id,words,flag\n1,甲甲甲甲,1\n2,乙乙乙乙乙,0\n".encode(), ("words", "flag")),
    ],
)
def test_columns_are_found_out(content: bytes, columns: tuple[str, str]) -> None:
    data = read_labelled(content, "f", ASKED)
    assert (data.columns.text, data.columns.label) == columns
    assert [one.is_risky for one in data.texts] == [True, False]


def test_what_cannot_be_used_is_counted_with_its_reason() -> None:
    data = read_labelled("text,label\n甲,1\n,1\n乙,也许\n丙,A.1-f\n".encode(), "f", ASKED)
    assert len(data.texts) == 2
    assert data.texts[1].risks == ("A.1-f",)
    assert sum(data.skipped.values()) == 2


def test_risks_in_a_column_label_the_rows() -> None:
    data = read_labelled('{"text": "甲", "risk": ["A.1-f", "A.2-e"]}\n{"text": "乙", "risk": []}'.encode(), "f", ASKED)
    assert [one.risks for one in data.texts] == [("A.1-f", "A.2-e"), ()]


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (b"", ASKED),
        (b"text,label\n", ASKED),
        (b"\xff\xfe\x00\x81", ASKED),
        ("text,number\n甲,7\n".encode(), ASKED),
        ("text,label\n甲,1\n".encode(), Columns("words", "", "")),
        ('{"text": "甲"\n'.encode(), ASKED),
        ("text,label\n甲,也许\n".encode(), ASKED),
    ],
)
def test_data_that_cannot_be_used_are_a_clear_error(content: bytes, asked: Columns) -> None:
    with pytest.raises(InputError):
        read_labelled(content, "f", asked)


def test_classes_are_read_as_they_stand() -> None:
    assert read_classes("text,label\n甲,转人工\n乙,none\n,x\n".encode(), "f", text="", label="label") == [
        ("甲", "转人工"),
        ("乙", "none"),
    ]


def engine(text: str) -> Judged:
    if "坏" in text:
        return Judged(is_flagged=False, is_failed=True)
    return Judged("恶" in text, ("A.1-f",) if "恶" in text else (), 0.9 if "恶" in text else len(text) / 100)


TEXTS = [
    *[Labelled(f"恶{n}女人", is_risky=True, risks=("A.1-f",), line=n) for n in range(30)],
    *[Labelled(f"善{'字' * n}男人", is_risky=False, line=100 + n) for n in range(25)],
    *[Labelled("恶善男人", is_risky=False, line=200), Labelled("坏", is_risky=True, line=201)],
]


def test_an_evaluation_counts_everything_once() -> None:
    seen: list[tuple[int, int]] = []
    plan = Plan(
        "数据", "engine 1", engine, {"去恶": lambda text: text.replace("恶", "亚心")}, {"空": 2},
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    report = evaluate(TEXTS, plan)
    assert (report.texts, report.failed) == (57, 1)
    assert report.overall.counts == Counts(30, 1, 0, 25)
    assert report.by_evasion["去恶"].counts == Counts(0, 1, 30, 25)
    assert report.by_risk["A.1-f"].counts == Counts(30, 1, 0, 25)
    assert set(report.by_group) == {"女性 / women", "男性 / men"}
    assert report.by_group["男性 / men"].false_alarms.value == pytest.approx(1 / 26)
    honest = sum(len(one.text) for one in TEXTS if not one.is_risky)
    assert report.false_hits_per_100k == pytest.approx(100_000 / honest)
    assert seen[-1] == (57 + 31, 57 + 31)
    assert report.mistakes == ((200, False, 0.9),)


def test_the_page_needs_nothing_else_and_hostile_names_stay_text() -> None:
    report = evaluate(TEXTS, Plan("<script>x</script>", "e&g", engine))
    page = page_of(report, "2026-01-01 00:00:00")
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 3
    content = json.loads(json_of(report))
    assert content["overall"]["counts"]["true_positives"] == 30


def test_a_report_of_nothing_but_failures_is_still_a_page() -> None:
    report = evaluate([Labelled("坏", is_risky=True, line=1)], Plan("f", "e", engine))
    assert "—" in page_of(report, "now")
    assert json.loads(json_of(report))["overall"]["f1"]["value"] is None
