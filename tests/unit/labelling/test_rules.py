"""A lawful mark is told from an unlawful one."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.labelling.errors import LabelError
from guiju.labelling.models import Label, MarkWords, Producer
from guiju.labelling.rules import (
    LabelWriter,
    check_producer,
    explicit_text_mark,
    first_label,
    is_credit_code,
    is_explicit_mark,
    is_label_text,
    is_provider_code,
    label_json,
    label_problems,
)

WORDS = MarkWords(ai=("人工智能", "AI"), made=("生成", "合成"))
# real codes found in public files of providers
REAL_CODES = ("001191440300708461136T1WFUO", "001191440101MA9Y9T4H7A00000", "001191110102MACQD9K64010000")


@pytest.mark.parametrize("code", REAL_CODES)
def test_real_provider_codes_check(code: str) -> None:
    assert is_provider_code(code)


@pytest.mark.parametrize("code", REAL_CODES)
def test_one_changed_character_of_the_credit_code_is_noticed(code: str) -> None:
    for place in range(4, 22):
        other = "2" if code[place] != "2" else "3"
        assert not is_provider_code(code[:place] + other + code[place + 1 :])


def test_a_credit_code_has_eighteen_characters_of_its_alphabet() -> None:
    assert is_credit_code("91440300708461136T")
    assert not is_credit_code("91440300708461136")
    assert not is_credit_code("9144030070846113IT")
    assert not is_credit_code("")


def test_the_first_label_has_seven_fields_and_names_the_producer_twice() -> None:
    label = first_label(Producer(REAL_CODES[0]), "0192-ab")
    assert json.loads(label_json(label)) == {
        "Label": "1",
        "ContentProducer": REAL_CODES[0],
        "ProduceID": "0192-ab",
        "ReservedCode1": "",
        "ContentPropagator": REAL_CODES[0],
        "PropagateID": "0192-ab",
        "ReservedCode2": "",
    }
    assert label_problems(label) == ()


@pytest.mark.parametrize("name", ["某某科技", "a b", 'a"b', "a\\b", "", "tab\t", "é"])
def test_a_name_that_cannot_stand_in_a_label_is_refused(name: str) -> None:
    with pytest.raises(LabelError):
        first_label(Producer(name), "id")


@given(st.text(max_size=40))
def test_label_text_is_exactly_the_ninety_two_characters(value: str) -> None:
    allowed = set(string.ascii_letters + string.digits + string.punctuation) - {'"', "\\"}
    assert len(allowed) == 92
    assert is_label_text(value) == (set(value) <= allowed)


def test_the_writer_writes_what_the_rule_makes() -> None:
    written = LabelWriter(Producer(REAL_CODES[0])).first("0192-ab")
    assert written == label_json(first_label(Producer(REAL_CODES[0]), "0192-ab"))
    with pytest.raises(LabelError):
        LabelWriter(Producer("某某"))


def test_every_broken_field_is_named() -> None:
    broken = Label(label="4", content_producer="", produce_id="中文", reserved_code_1="a b")
    assert set(label_problems(broken)) == {"Label", "ContentProducer", "ProduceID", "ReservedCode1"}


@pytest.mark.parametrize(
    ("text", "is_mark"),
    [
        ("内容由 AI 生成", True),
        ("由人工智能合成", True),
        ("AI", False),
        ("机器生成", False),
        ("", False),
    ],
)
def test_a_text_mark_needs_both_elements(text: str, is_mark: bool) -> None:  # noqa: FBT001 - a table
    assert is_explicit_mark(text, WORDS) is is_mark
    if is_mark:
        assert explicit_text_mark(text, WORDS) == text
    else:
        with pytest.raises(LabelError):
            explicit_text_mark(text, WORDS)


def test_a_text_mark_is_one_line() -> None:
    with pytest.raises(LabelError):
        explicit_text_mark("AI\n生成", WORDS)


def test_a_plain_name_is_taken_with_a_warning() -> None:
    assert check_producer("guiju") == (Producer("guiju"), check_producer("guiju")[1])
    assert "27" in check_producer("guiju")[1]
    assert check_producer(REAL_CODES[0])[1] == ""
