from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation
from guiju.text.personal import is_bank_card, is_resident_id

# Invented numbers; the check digits are right, the people are not.
RESIDENT_ID = "11010519491231002X"
CARD = "6222021234567890128"


def found(moderation: Moderation, text: str) -> list[tuple[str, str]]:
    findings = moderation.decide(text, Scope.OUTPUT).findings
    return [(finding.term_id.removeprefix("pi:"), text[finding.start : finding.end]) for finding in findings]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        (f"身份证{RESIDENT_ID}。", [("resident_id", RESIDENT_ID)]),
        (f"{RESIDENT_ID.lower()}", [("resident_id", RESIDENT_ID.lower())]),
        ("110105 19491231 002X", [("resident_id", "110105 19491231 002X")]),
        ("１１０１０５１９４９１２３１００２Ｘ", [("resident_id", "１１０１０５１９４９１２３１００２Ｘ")]),
        ("①①0105194912310021", []),
        ("11010519491331002X", []),
        ("110105194912310021", []),
        (f"9{RESIDENT_ID}", []),
        ("电话13812345678，找我", [("mobile", "13812345678")]),
        ("电话：138-1234-5678", [("mobile", "138-1234-5678")]),
        ("+86 13812345678", [("mobile", "+86 13812345678")]),
        ("12812345678", []),
        ("138123456789", []),
        ("0.13812345678", []),
        ("①③⑧①②③④⑤⑥⑦⑧", [("mobile", "①③⑧①②③④⑤⑥⑦⑧")]),
        (f"卡号{CARD}", [("bank_card", CARD)]),
        ("6222 0212 3456 7890 128", [("bank_card", "6222 0212 3456 7890 128")]),
        ("6222021234567890127", []),
        ("0000000000000000", []),
        ("写信给 zhang.san@example.com.cn。", [("email", "zhang.san@example.com.cn")]),
        ("a@b", []),
        ("@example.com", []),
        ("护照号 E12345678", [("passport", "E12345678")]),
        ("编号 E12345678", []),
        ("2026年11月23日 10:30 共 12345 元", []),
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", []),
    ],
)
def test_personal_information_is_found_by_shape_and_check_digit(
    moderation: Moderation, text: str, hits: list[tuple[str, str]]
) -> None:
    assert found(moderation, text) == hits


def test_findings_carry_the_risks_and_the_wish_of_the_policy(moderation: Moderation) -> None:
    (finding,) = moderation.decide(RESIDENT_ID, Scope.OUTPUT).findings
    assert (finding.risks, finding.wish, finding.level) == (("A.4-e", "A.4-f"), "review", "high")
    (finding,) = moderation.decide(RESIDENT_ID, Scope.INPUT).findings
    assert finding.wish == "observe"


@given(digits=st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_exactly_one_check_character_makes_an_id_of_a_valid_date_and_region(digits: str) -> None:
    region_and_date = "110105" + "19900101"
    made = region_and_date + digits[:3]
    assert sum(is_resident_id(made + last) for last in "0123456789x") == 1
    assert not any(is_resident_id("99" + made[2:] + last) for last in "0123456789x")


@given(digits=st.from_regex(r"62[0-9]{16}", fullmatch=True))
def test_exactly_one_last_digit_makes_a_card(digits: str) -> None:
    assert sum(is_bank_card(digits + last) for last in "0123456789") == (len(set(digits)) > 2)


RUNS = st.lists(
    st.sampled_from(
        ["13812345678", RESIDENT_ID, CARD, "a.b@cd.cn", " ", "-", "12 34", "x", "abc", "@", "7", "护照e12345678 "]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(
    head=RUNS,
    tail=RUNS,
    length=st.integers(0, 600),
    filler=st.sampled_from(["a", "1 ", "ab.", "9", "1-"]),
    size=st.integers(1, 90),
)
def test_runs_of_any_length_are_masked_alike_however_they_are_cut(  # noqa: PLR0917 - one parameter a drawn value
    moderation: Moderation, head: str, tail: str, length: int, filler: str, size: int
) -> None:
    text = head + (filler * length)[:length] + tail
    outputs = [stream_out(moderation, pieces) for pieces in ([text], pieces_of(text, size), list(text))]
    assert outputs[0] == outputs[1] == outputs[2]
    decision = moderation.decide(text, Scope.OUTPUT)
    assert outputs[0] == moderation.masked(text, decision)


def test_what_stands_in_a_long_run_is_found_wherever_it_stands(moderation: Moderation) -> None:
    for before in range(0, 700, 7):
        text = "ab " + "a" * before + "+13812345678+" + "a" * 300
        assert found(moderation, text) == [("mobile", "13812345678")], before


def stream_out(moderation: Moderation, pieces: Sequence[str]) -> str:
    stream = moderation.open_stream(Scope.OUTPUT)
    return "".join(stream.push(piece).text for piece in pieces) + stream.finish().text


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def test_a_growing_run_is_held_and_a_finished_one_is_released(moderation: Moderation) -> None:
    stream = moderation.open_stream(Scope.OUTPUT)
    pushed = ["电话", "138", "1234", "5678", "，好", "共20", "26年"]
    assert [stream.push(piece).text for piece in pushed] == [
        "电话",
        "",
        "",
        "",
        "＊＊＊＊＊＊＊＊＊＊＊，好",
        "共",
        "2026年",
    ]


def test_what_policy_only_observes_is_never_held(make_moderation: Callable[..., Moderation], policy_text: str) -> None:
    observing = policy_text + "detectors: {personal_information: {output: observe}}\n"
    moderation = make_moderation(policy=observing)
    stream = moderation.open_stream(Scope.OUTPUT)
    assert [stream.push(piece).text for piece in ("电话138", "12345678", "。")] == ["电话138", "12345678", "。"]
    assert [finding.term_id for finding in stream.findings] == ["pi:mobile"]


def test_kinds_that_policy_leaves_out_are_not_looked_for(
    make_moderation: Callable[..., Moderation], policy_text: str
) -> None:
    moderation = make_moderation(policy=policy_text + "detectors: {personal_information: {kinds: [email]}}\n")
    assert found(moderation, f"13812345678 a@b.cn {RESIDENT_ID}") == [("email", "a@b.cn")]
