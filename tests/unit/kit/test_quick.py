"""Records that are made quickly are what they were, but for the price."""

import copy
import pickle
from dataclasses import asdict, dataclass, field, replace

import pytest

from guiju.kit.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Stone:
    name: str
    weight: int = 3
    marks: list[str] = field(default_factory=list)
    is_old: bool = field(default=False, kw_only=True)

    @property
    def twice(self) -> int:
        return self.weight * 2


@quick
@dataclass(frozen=True, slots=True)
class Label:
    text: str
    number: int


def test_defaults_keywords_and_properties_stay() -> None:
    stone = Stone("a", is_old=True)
    assert (stone.name, stone.weight, stone.marks, stone.is_old, stone.twice) == ("a", 3, [], True, 6)
    assert stone.marks is not Stone("b").marks
    assert repr(stone) == "Stone(name='a', weight=3, marks=[], is_old=True)"


def test_equality_hash_copies_and_changes_stay() -> None:
    assert Label("a", 1) == Label("a", 1)
    assert len({Label("a", 1), Label("a", 1), Label("b", 1)}) == 2
    stone = Stone("a", 5, ["m"])
    assert replace(stone, weight=6) == Stone("a", 6, ["m"])
    assert asdict(stone) == {"name": "a", "weight": 5, "marks": ["m"], "is_old": False}
    assert copy.deepcopy(stone) == stone
    assert pickle.loads(pickle.dumps(stone)) == stone  # noqa: S301 - our own bytes


def test_a_field_that_is_missing_or_unknown_is_still_refused() -> None:
    with pytest.raises(TypeError):
        Stone()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Stone("a", colour="red")  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Stone("a").colour = "red"  # type: ignore[attr-defined]


def test_only_frozen_dataclasses_without_work_of_their_own_are_taken() -> None:
    @dataclass(frozen=True, slots=True)
    class Working:
        name: str

        def __post_init__(self) -> None:
            raise AssertionError

    @dataclass(slots=True)
    class Open:
        name: str

    for kind in (Working, Open, int):
        with pytest.raises(TypeError, match="no frozen dataclass"):
            quick(kind)
