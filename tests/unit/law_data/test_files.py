"""The parameter files as files: their keys, types, words and sizes, read without the loader."""

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
import yaml

import guiju.law
from guiju.law.models import Instrument, Parameter, Risk

DATA = Path(guiju.law.__file__).parent / "data"
FILES = sorted((DATA / "parameters").glob("*.yaml"))
Row = dict[str, object]

COUNTED = {
    *(
        "account",
        "channel",
        "character",
        "character_per_minute",
        "click",
        "item",
        "kind",
        "label",
        "multiple",
        "person",
    ),
    *("question", "reviewer", "risk", "source", "step", "term", "time", "yuan"),
    *("second", "hour", "day", "working_day", "month", "year"),
}
WORDS = {"article", "date", "key", "list", "pattern", "ratio", "text", "yes_no"}
ID = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*(/[aA]\.[1-5])?")
RATIO = re.compile(r"[01]\.\d{2}")
ARTICLE = re.compile(r"\d{1,2}(-\d{1,2})?")


def _rows(path: Path) -> list[Row]:
    loaded: list[Row] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


ALL = [(path.name, row) for path in FILES for row in _rows(path)]


def _is_right_value(row: Row) -> bool:
    value, unit = row["value"], row["unit"]
    if unit in COUNTED:
        return type(value) is int and value > 0
    if unit == "yes_no":
        return type(value) is bool
    if unit == "list":
        return isinstance(value, list) and bool(value) and all(type(item) is str and item for item in value)
    if not isinstance(value, str) or not value:
        return False
    patterns = {"ratio": RATIO, "article": ARTICLE, "date": re.compile(r"20\d\d-\d\d-\d\d")}
    return unit not in patterns or patterns[str(unit)].fullmatch(value) is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_short_and_speaks_of_one_instrument_under_one_prefix(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
    rows = _rows(path)
    assert rows
    assert len({row["instrument"] for row in rows}) == 1
    prefixes = {str(row["id"]).partition("/")[0] for row in rows}
    assert len(prefixes) == 1
    assert path.stem.startswith(prefixes.pop())


def test_every_parameter_has_exactly_the_fields_of_the_model() -> None:
    names = [item.name for item in fields(Parameter)]
    assert [row["id"] for _, row in ALL if list(row) != names] == []


def test_every_parameter_has_values_of_the_right_type() -> None:
    assert [row["id"] for _, row in ALL if not _is_right_value(row)] == []
    assert {row["unit"] for _, row in ALL} <= COUNTED | WORDS
    assert [row["id"] for _, row in ALL if type(row["effective_from"]) is not date] == []
    assert [row["id"] for _, row in ALL if type(row["effective_to"]) not in {date, type(None)}] == []


def test_ids_titles_and_words_are_well_formed() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for name, row in ALL:
        assert ID.fullmatch(str(row["id"]).replace("A.", "a.")), (name, row["id"])
        assert chinese.search(str(row["title"])) or str(row["id"]).endswith("carrier"), row["id"]
        assert str(row["title_en"]).strip(), row["id"]
        assert str(row["clause"]).strip(), row["id"]
        assert str(row["source"]).strip(), row["id"]
        assert row["operator"] in {">=", "<=", ">", "<", "==", "in"}, row["id"]
        assert row["modality"] in {"shall", "should"}, row["id"]
        assert row["confidence"] in {"S1", "S1-draft", "S2", "S2-single", "M-high", "M"}, row["id"]


def test_an_operator_fits_its_value() -> None:
    for _, row in ALL:
        if row["operator"] in {">=", "<=", ">", "<"}:
            assert row["unit"] in COUNTED | {"ratio"}, row["id"]
        if row["operator"] == "in":
            assert row["unit"] == "list", row["id"]


def test_no_source_names_a_file_beside_the_project() -> None:
    for _, row in ALL:
        assert "shared/" not in str(row["source"]), row["id"]
        assert "regulation.md" not in str(row["source"]), row["id"]


@pytest.mark.parametrize(("file", "model"), [("instruments.yaml", Instrument), ("risks.yaml", Risk)])
def test_instruments_and_risks_have_exactly_the_fields_of_the_model(
    file: str, model: type[Instrument] | type[Risk]
) -> None:
    names = [item.name for item in fields(model)]
    assert [row["id"] for row in _rows(DATA / file) if list(row) != names] == []


def test_nothing_looks_like_a_telephone_number_and_is_masked_on_its_way_out() -> None:
    mobile = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
    assert [row["id"] for _, row in ALL if mobile.search(str(row))] == []
