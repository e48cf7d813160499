from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from guiju.moderation.classifier.adapt import HONEST, fit_head, read_head, write_head
from guiju.moderation.classifier.errors import ClassifierError, ExamplesError

NAMES = ["转接人工"] * 50 + ["A.3-b"] * 50 + [HONEST] * 60


def hidden() -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    values = random.normal(size=(len(NAMES), 32)).astype(np.float32)
    values[:50, 0] += 3
    values[50:100, 1] += 3
    return values


def test_classes_that_differ_are_told_apart_and_the_file_says_how_well(tmp_path: Path) -> None:
    head = fit_head(hidden(), NAMES, model="m", risk="A.1-h")
    assert head.names == ("A.3-b", "转接人工")
    assert head.risks == (("A.3-b",), ("A.1-h",))
    assert all(0.75 < one.f1 <= 1 and one.examples == 50 for one in head.figures)
    write_head(head, tmp_path / "head.json")
    again = read_head(tmp_path / "head.json", "m")
    assert np.allclose(again.scores(hidden()[0]), head.scores(hidden()[0]), atol=1e-3)
    assert [name for name, _, _ in again.fitting(hidden()[10] + np.eye(32, dtype=np.float32)[0] * 3)] == ["转接人工"]


def test_figures_come_from_examples_that_were_held_out() -> None:
    random = np.random.default_rng(2)
    noise = random.normal(size=(120, 200)).astype(np.float32)
    head = fit_head(noise, ["某类"] * 60 + [HONEST] * 60, model="m", risk="A.1-h")
    assert head.figures[0].precision < 0.7


@pytest.mark.parametrize(
    "names", [["甲"] * 50, ["甲"] * 50 + [HONEST] * 3, [HONEST] * 60, [], ["甲"] * 19 + [HONEST] * 60]
)
def test_too_few_examples_are_a_clear_error(names: list[str]) -> None:
    with pytest.raises(ExamplesError, match="20"):
        fit_head(np.zeros((len(names), 4), np.float32), names, model="m", risk="A.1-h")


def test_a_risk_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ExamplesError):
        fit_head(hidden(), NAMES, model="m", risk="A.9-z")


def test_a_head_of_other_weights_is_refused(tmp_path: Path) -> None:
    write_head(fit_head(hidden(), NAMES, model="m", risk="A.1-h"), tmp_path / "head.json")
    with pytest.raises(ClassifierError, match="另一版权重"):
        read_head(tmp_path / "head.json", "n")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', "[" * 100_000, '{"format":1,"wish":"x"}'])
def test_a_broken_head_is_a_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "head.json").write_text(content, encoding="utf-8")
    with pytest.raises(ClassifierError):
        read_head(tmp_path / "head.json", "m")


def test_a_head_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError):
        read_head(tmp_path / "none.json", "m")
