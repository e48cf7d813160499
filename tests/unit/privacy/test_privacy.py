"""Numbers planted in any context, width and spacing are found at exact offsets, and gone after redaction."""

import time
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.kit.errors import InputError
from guiju.privacy import rules
from guiju.privacy.redaction import pseudonym, redact, redact_all
from guiju.privacy.rules import find, find_in_batch
from guiju.text.personal import is_bank_card, is_credit_code, is_resident_id

KEY = b"0123456789abcdef"
WIDTHS: dict[str, Callable[[str], str]] = {
    "half": str,
    "full": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "circled": lambda text: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c.isdigit() else c for c in text),
    "mathematical": lambda text: "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in text),
    "upper": str.upper,
}
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=20)


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str]:
    """A number whose check digit is right, and its kind."""
    kind = draw(st.sampled_from(["resident_id", "bank_card", "credit_code", "mobile"]))
    digits = st.text("0123456789", min_size=20, max_size=20)
    if kind == "resident_id":
        day = draw(st.dates(min_value=date(1900, 1, 1))).replace(year=1990, day=7)
        stem, check, symbols = f"110105{day:%Y%m%d}{draw(digits)[:3]}", is_resident_id, "0123456789x"
    elif kind == "bank_card":
        stem, check, symbols = "622202" + draw(digits)[: draw(st.integers(9, 12))], is_bank_card, "0123456789"
    elif kind == "credit_code":
        stem, check, symbols = "91110000" + draw(digits)[:9], is_credit_code, "0123456789abcdefghjklmnpqrtuwxy"
    else:
        return kind, "138" + draw(digits)[:8]
    return kind, next((stem + symbol for symbol in symbols if check(stem + symbol)), "")


def grouped(number: str, separator: str, group: int) -> str:
    """The number, parted."""
    return separator.join(number[at : at + group] for at in range(0, len(number), group))


@given(planted(), HAN, HAN, st.sampled_from(sorted(WIDTHS)), st.data())
@settings(max_examples=150)
def test_it_is_found_at_exact_offsets(
    number: tuple[str, str], before: str, after: str, width: str, data: st.DataObject
) -> None:
    kind, value = number
    if not value:
        return
    separator = data.draw(st.sampled_from(["", " ", "-", ".", "\u3000", "－", "\u200b", "\u200b" * 9, " \u200b", "·"]))
    written = grouped(WIDTHS[width](value), separator, data.draw(st.sampled_from([1, 3, 4])))
    label = "卡号" if kind == "bank_card" else ""
    (finding,) = find(f"{before}{label}{written}{after}")
    start = len(before + label)
    assert (finding.kind, finding.start, finding.end) == (kind, start, start + len(written))
    assert finding.value == value
    is_bare = kind == "mobile" or (kind == "credit_code" and value.isdigit())
    assert finding.confidence == ("likely" if is_bare else "certain")


@given(planted(), HAN, st.sampled_from(["mask", "label", "pseudonym"]))
def test_nothing_is_left_and_twice_is_once(number: tuple[str, str], between: str, style: str) -> None:
    text = f"{between}{number[1]}，{number[1]}{between} a.b@例.cn a.b@example.cn"
    redacted = redact_all(text, style=style, key=KEY)  # type: ignore[arg-type]
    assert not find(redacted)
    assert redact_all(redacted, style=style, key=KEY) == redacted  # type: ignore[arg-type]
    assert redact(text, ()) == text


@given(st.lists(st.text() | st.text("1368@. -a\u200bx６①\n"), max_size=8))
def test_any_text_is_taken_and_a_batch_is_its_texts(texts: list[str]) -> None:
    assert find_in_batch(texts) == tuple(find(text) for text in texts)
    for text in texts:
        assert not find(redact_all(text))


@given(
    st.lists(
        st.sampled_from(
            [
                "13800138000",
                "手机",
                "卡号",
                "a",
                "@",
                "b.cn",
                " ",
                "-",
                ".",
                "，",
                "6222021234567890128",
                "\u200b",
                "好" * 20,
            ]
        )
    )
)
def test_reading_runs_is_reading_all(parts: list[str]) -> None:
    text = "".join(parts)
    whole = rules._in_run(text, 0, 0)
    assert list(find(text)) == whole


@pytest.mark.parametrize("unit", ["1", "1 ", "62", "1\u200b", "a", "a.", "a@", "\u200b", "1" + "\u200b" * 50])
def test_a_long_run_of_one_thing_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        find("1" + unit * (size // len(unit)) + "@")
        return time.process_time() - started

    assert seconds(400_000) < 12 * max(seconds(100_000), 0.02)


@pytest.mark.parametrize(
    "text",
    [
        "产品型号SN-13800138000已停产",
        "校验和a3f13800138000",
        "时间20231127085630123",
        "版本1.2.3.4.5.6.7",
        "圆周率3.14159265358979323846",
        "编号110105199013071234",
        "1 2 3 4 5 6 7 8 9 1 0 1 1 1 2 1 3",
        "身份证110105194912310021",
    ],
)
def test_what_only_looks_alike_is_not_found(text: str) -> None:
    assert not find(text)


def test_an_order_number_that_passes_luhn_is_not_certain() -> None:
    (finding,) = find("订单4111111111111111已发货") or find("订单4539578763621486已发货")
    assert finding.confidence == "likely"


def test_phones_are_one_value_however_written() -> None:
    text = "电话+86 138-0013-8000或tel13800138000，座机010-62345678"
    assert [(f.kind, f.value) for f in find(text)] == [
        ("mobile", "13800138000"),
        ("mobile", "13800138000"),
        ("landline", "01062345678"),
    ]


def test_a_pseudonym_needs_a_key_and_follows_value_and_key() -> None:
    first, second = find("13800138000，１３８ ００１３ ８０００")
    assert pseudonym(first, KEY) == pseudonym(second, KEY) != pseudonym(first, KEY[::-1])
    with pytest.raises(InputError, match="16"):
        pseudonym(first, b"short")


def test_overlapping_findings_are_refused() -> None:
    (finding,) = find("13800138000")
    with pytest.raises(InputError, match="overlap"):
        redact("13800138000", [finding, finding])
    with pytest.raises(InputError, match="overlap"):
        redact("138", [finding])


def test_of_two_kinds_the_one_that_a_word_names_stays() -> None:
    numbers = (f"6211{number:014}" for number in range(100_000))
    both = next(one for one in numbers if is_bank_card(one) and is_credit_code(one))
    assert [(one.kind, one.confidence) for one in find(f"卡号{both}")] == [("bank_card", "certain")]
    assert [(one.kind, one.confidence) for one in find(f"代码{both}")] == [("credit_code", "certain")]


def test_a_batch_of_neighbours_is_each_of_them() -> None:
    texts = ["13800138000", "13900139000", "", "a@b.cn", "13700137000"]
    assert [[one.value for one in found] for found in find_in_batch(texts)] == [
        ["13800138000"],
        ["13900139000"],
        [],
        ["a@b.cn"],
        ["13700137000"],
    ]
