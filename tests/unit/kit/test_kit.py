"""Ids sort by time, the clock round-trips, canonical JSON is RFC 8785's, languages are chosen and filled."""

import json
import logging
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from guiju.kit.canonical_json import Json, NotCanonicalError, canonical_bytes
from guiju.kit.clock import FixedClock, SystemClock, from_iso, to_iso
from guiju.kit.errors import InputError
from guiju.kit.i18n import choose_language, load_translators
from guiju.kit.ids import new_id
from guiju.kit.logging import JsonLines

keys = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))


@given(values)
def test_canonical_json_agrees_with_an_independent_rfc_8785(value: Json) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, 2**53, {"键": 1}, "\ud800", b"bytes", {1: 2}, [float("nan")]])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(NotCanonicalError):
        canonical_bytes(value)


def test_nesting_is_bounded() -> None:
    value: Json = []
    for _ in range(70):
        value = [value]
    with pytest.raises(NotCanonicalError):
        canonical_bytes(value)


def test_ids_are_uuid7_unique_and_sorted_across_threads() -> None:
    made: list[list[str]] = []

    def make() -> None:
        made.append([new_id() for _ in range(3000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [one for batch in made for one in batch]
    assert len(set(everything)) == len(everything)
    assert all(batch == sorted(batch) for batch in made)
    assert all(one[14] == "7" and one[19] in "89ab" for one in everything)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001
def test_an_instant_survives_and_text_order_is_time_order(moment: datetime, hours: int) -> None:
    at = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert from_iso(to_iso(at)) == at
    assert to_iso(at) < to_iso(at + timedelta(microseconds=1))


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        from_iso("2026-11-23T00:00:00")
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001


def test_clocks_go_forward() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(90)
    assert clock.now() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)
    assert clock.monotonic() == 90
    assert SystemClock().now().tzinfo is UTC
    assert SystemClock().monotonic() <= SystemClock().monotonic()


def test_an_error_speaks_both_languages_and_names_its_place() -> None:
    error = InputError("太长，请缩短。", "Too long; shorten it.", where="name")
    assert error.text("zh") == "name: 太长，请缩短。"
    assert error.text("en-GB") == "name: Too long; shorten it."
    assert "太长" in str(error)
    assert "Too long" in str(error)


def test_a_translator_fills_places_and_leaves_the_unknown_chinese(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text('msgid "共 {n} 条"\nmsgstr "{n} in all"\n', encoding="utf-8")
    both = load_translators(tmp_path)
    assert both["en"]("共 {n} 条", n=3) == "3 in all"
    assert both["zh"]("共 {n} 条", n=3) == "共 3 条"
    assert both["en"]("没有译文") == "没有译文"
    assert both["en"].pick("中", "") == "中"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ((None, "en-US,zh;q=0.8"), "en"),
        (("zh", "en"), "zh"),
        ((None, "fr"), "zh"),
        ((), "zh"),
        (("", "de, en;q=0.1"), "en"),
    ],
)
def test_the_first_known_wish_decides(wishes: tuple[str | None, ...], language: str) -> None:
    assert choose_language(*wishes) == language


def test_a_log_line_is_one_json_object_with_its_extras() -> None:
    record = logging.LogRecord("guiju.x", logging.INFO, "f.py", 1, "一行\n两行 %s", ("!",), None)
    record.exchange_id = "abc"
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "一行\n两行 !"
    assert told["exchange_id"] == "abc"
