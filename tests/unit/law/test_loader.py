import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.errors import ConfigurationError
from guiju.law.decoding import decode_list
from guiju.law.loader import load_data
from guiju.law.models import Instrument, Parameter, Provision, Risk
from guiju.law.service import load_law
from guiju.law.yaml_nodes import MAX_BYTES, parse_yaml

Tiny = Callable[..., Path]
LOGS = "cn/genai-measures-2023/art-1/para-1#keep-logs"
MODELS = (Instrument, Provision, Parameter)


def _decode(content: bytes, model: type) -> object:
    return decode_list(parse_yaml(content, "file.yaml"), model, "file.yaml")


def refusal(act: Callable[[], object]) -> ConfigurationError | None:
    """Return the error that `act` ends in; any other error than this is a defect and passes through."""
    try:
        act()
    except ConfigurationError as error:
        return error
    return None


def test_a_sound_folder_loads_whole(tiny: Tiny) -> None:
    data = load_data(tiny())
    assert len(data.provisions) == 6
    assert [len(data.instruments), len(data.parameters), len(data.risks), len(data.facts)] == [2, 3, 2, 6]
    (obligation,) = (item for provision in data.provisions for item in provision.obligations)
    assert obligation.id == LOGS
    assert obligation.provision_id == "cn/genai-measures-2023/art-1/para-1"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "measures/all.yaml",
            "  chapter: 第一章\n",
            "  chapter: 第一章\n  colour: red\n",
            ("measures/all.yaml:8", "art-1", "colour"),
        ),
        ("measures/all.yaml", "  chapter: 第一章\n", "", ("measures/all.yaml:2", "art-1", "chapter")),
        ("measures/all.yaml", "2023-08-15", "2023-8-15", ("measures/all.yaml", "effective_from", "2023-8-15")),
        ("measures/all.yaml", "2023-08-15", "2023-02-30", ("measures/all.yaml", "effective_from", "2023-02-30")),
        ("measures/all.yaml", "kind: article", "kind: aricle", ("measures/all.yaml", "kind", "aricle")),
        (
            "measures/all.yaml",
            "is_assessable: true",
            "is_assessable: yes",
            ("measures/all.yaml", "is_assessable", "yes"),
        ),
        ("measures/all.yaml", "is_assessable: true", "is_assessable: false", ("measures/all.yaml", "is_assessable")),
        ("measures/all.yaml", 'text: "甲"', 'text: "申"', ("measures/all.yaml", "art-1", "sha256")),
        (
            "measures/all.yaml",
            "parameters: [x/logs]",
            "parameters: [x/nothing]",
            ("measures/all.yaml", LOGS, "x/nothing"),
        ),
        (
            "measures/all.yaml",
            "para-1#keep-logs",
            "para-9#keep-logs",
            ("measures/all.yaml", "para-9#keep-logs", "para-1#"),
        ),
        ("measures/all.yaml", "#keep-logs", "#Keep Logs", ("measures/all.yaml", "Keep Logs")),
        ("measures/all.yaml", "fact: users", "fact: losers", ("measures/all.yaml", LOGS, "losers")),
        ("measures/all.yaml", "gte: 10", 'gte: "ten"', ("measures/all.yaml", LOGS, "ten")),
        ("measures/all.yaml", "gte: 10", "contains: 10", ("measures/all.yaml", LOGS, "contains")),
        ("measures/all.yaml", "gte: 10", "like: 10", ("measures/all.yaml", LOGS, "applies_when")),
        ("measures/all.yaml", "not:", "nor:", ("measures/all.yaml", LOGS, "applies_when")),
        ("measures/all.yaml", "n: 0,", "n: 1,", ("measures/all.yaml", LOGS, "promptly")),
        ("measures/all.yaml", "instrument: cn/x-law", "instrument: cn/y-law", ("measures/all.yaml", "cn/y-law")),
        (
            "measures/all.yaml",
            "parent: cn/genai-measures-2023/art-1\n",
            "parent: null\n",
            ("measures/all.yaml", "art-1/para-1"),
        ),
        (
            "measures/all.yaml",
            "  informational_reason: 定义\n",
            "",
            ("measures/all.yaml", "item-1", "informational_reason"),
        ),
        (
            "parameters/x.yaml",
            "effective_to: 2026-01-01",
            "effective_to: 2026-01-02",
            ("parameters/x.yaml", "x/logs", "2026-01-01"),
        ),
        ("parameters/x.yaml", "effective_to: 2026-01-01", "effective_to: 2017-06-01", ("parameters/x.yaml", "x/logs")),
        ("parameters/x.yaml", 'value: "0.95"', "value: 0.95", ("parameters/x.yaml", "x/rate", "0.95")),
        ("parameters/x.yaml", 'value: "0.95"', 'value: "most"', ("parameters/x.yaml", "x/rate", ">=")),
        ("parameters/x.yaml", "modality: should", "modality: may", ("parameters/x.yaml", "x/rate", "modality")),
        ("parameters/x.yaml", "instrument: cn/x-law", "instrument: cn/z", ("parameters/x.yaml", "x/logs", "cn/z")),
        ("risks.yaml", "A.1-b", "A.1-a", ("risks.yaml", "A.1-a")),
        ("measures/all.yaml", "unit: promptly", "unit: day", ("measures/all.yaml", LOGS, "n ")),
        ("measures/all.yaml", "{n: 0, unit: promptly", "{n: -1, unit: day", ("measures/all.yaml", LOGS, "negative")),
        (
            "measures/all.yaml",
            "[{fact: registers_users, eq: true}, {not: {fact: users, gte: 10}}]",
            "[]",
            (LOGS, "all"),
        ),
        ("measures/all.yaml", "parameters: [x/logs]", "parameters: x/logs", ("measures/all.yaml", LOGS, "parameters")),
        ("measures/all.yaml", "verb: 留存", "verb: [留存]", ("measures/all.yaml", LOGS, "verb")),
        ("measures/all.yaml", "verb: 留存", "verb:", ("measures/all.yaml", LOGS, "verb")),
        ("measures/all.yaml", "{fact: users, gte: 10}", "{fact: size, in: [small, huge]}", (LOGS, "huge")),
        ("measures/all.yaml", "{fact: users, gte: 10}", "{fact: modalities, contains: smell}", (LOGS, "smell")),
        ("parameters/x.yaml", 'value: "0.95"', "value: {a: 1}", ("parameters/x.yaml", "x/rate", "value")),
        (
            "parameters/x.yaml",
            'value: "0.95", unit: ratio, operator: ">="',
            'value: "1", unit: x, operator: in',
            ("x/rate",),
        ),
        ("instruments.yaml", "cn/x-law", "cn/genai-measures-2023", ("instruments.yaml", "cn/genai-measures-2023")),
        ("facts.yaml", "choices: [small, large]", "choices: []", ("facts.yaml", "size")),
        ("facts.yaml", "[文本, 图片]", "[文本]", ("facts.yaml", "modalities")),
        ("facts.yaml", "- {id: size", "- {id: size, id: size", ("facts.yaml:7", "id")),
        ("facts.yaml", "id: size", "id: &size size", ("facts.yaml:7", "&")),
        ("facts.yaml", "id: size", "id: !!str size", ("facts.yaml:7", "!")),
        ("facts.yaml", "- {id: size", "--- {id: size", ("facts.yaml",)),
    ],
)
def test_what_is_not_sound_is_an_error_that_names_file_and_id(
    tiny: Tiny, file: str, old: str, new: str, said: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_data(tiny(file, old, new))
    for word in said:
        assert word in str(caught.value)
    assert caught.value.zh
    assert caught.value.en


@pytest.mark.parametrize("file", ["instruments.yaml", "risks.yaml", "facts.yaml"])
def test_a_missing_file_is_named(tiny: Tiny, file: str) -> None:
    folder = tiny()
    (folder / file).unlink()
    with pytest.raises(ConfigurationError, match=file):
        load_data(folder)


@pytest.mark.parametrize("predicate", ["{fact: size, in: [small]}", "{fact: modalities, contains: text}"])
def test_a_sound_comparison_of_every_kind_loads(tiny: Tiny, predicate: str) -> None:
    assert load_data(tiny("measures/all.yaml", "{fact: users, gte: 10}", predicate)).provisions


def test_a_missing_folder_is_named(tiny: Tiny) -> None:
    folder = tiny()
    (folder / "parameters" / "x.yaml").unlink()
    (folder / "parameters").rmdir()
    with pytest.raises(ConfigurationError, match="parameters"):
        load_data(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"{a: " * 100_000,
        b"- " * 100_000,
        b"x" * (MAX_BYTES + 1),
        b"\xff\xfe- a",
        b"- \x00",
        b"a: &a [1]\nb: *a",
        b"? [1]\n: 2",
        b"a: 1\n---\nb: 2",
        b"!!python/object/apply:os.system ['true']",
        b"'",
        b"\t",
    ],
)
def test_hostile_yaml_is_a_clear_error(content: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_yaml(content, "file.yaml")
    assert "file.yaml" in caught.value.where


@given(st.binary(max_size=300) | st.text(alphabet="-[]{}:,&*!|>'\"#?\n at1", max_size=80).map(str.encode))
def test_any_bytes_are_nodes_or_a_configuration_error(content: bytes) -> None:
    for model in MODELS:
        error = refusal(partial(_decode, content, model))
        assert error is None or "file.yaml" in error.where


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_any_altered_line_of_the_law_loads_or_is_a_configuration_error(tiny: Tiny, data: st.DataObject) -> None:
    folder = tiny()
    path = folder / data.draw(st.sampled_from(["measures/all.yaml", "parameters/x.yaml", "facts.yaml"]))
    lines = path.read_text(encoding="utf-8").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(st.sampled_from(["", "- x", "  y: 1", lines[at] * 2, lines[at][::-1], lines[at][:9]]))
    path.write_text("\n".join(lines), encoding="utf-8")
    error = refusal(lambda: load_law(folder))
    assert error is None or error.where


def test_words_that_yaml_likes_to_guess_stay_words() -> None:
    node = parse_yaml(b"- {id: no, group: 2023-08-15, title: 1.0, title_en: 'null'}", "risks.yaml")
    assert decode_list(node, Risk, "risks.yaml") == (Risk("no", "2023-08-15", "1.0", "null"),)


def test_the_package_data_loads_quickly() -> None:
    load_law()
    spent = []
    for _ in range(3):
        before = time.process_time()
        load_law()
        spent.append(time.process_time() - before)
    assert min(spent) < 2, "far above what it takes; something became quadratic"
