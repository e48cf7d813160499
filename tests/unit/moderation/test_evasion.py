import pytest

from guiju.moderation.evasion.disguise import disguise, disguise_text
from guiju.moderation.evasion.methods import METHODS, VIEW_OF

PIECE = "三个好朋友骑马去"


@pytest.mark.parametrize("method", METHODS)
def test_a_disguise_changes_a_piece_the_same_way_for_the_same_seed(method: str) -> None:
    piece = "第18届" + PIECE if method == "width" else PIECE
    first = disguise(piece, method, seed=3)
    assert first is not None
    assert first != piece
    assert disguise(piece, method, seed=3) == first
    assert method in VIEW_OF


def test_what_a_disguise_cannot_change_is_none() -> None:
    assert disguise("好朋友", "digits") is None
    assert disguise("好朋友", "width") is None
    assert disguise("abc", "pinyin") is None


@pytest.mark.parametrize("method", ["homophone", "split", "spaced", "infix"])
def test_strength_says_how_much_changes_and_something_always_does(method: str) -> None:
    piece = "好朋友明天海边骑马"
    weak, strong = disguise(piece, method, strength=0.01), disguise(piece, method, strength=1.0)
    assert weak is not None
    assert strong is not None
    kept = [sum(one in text for one in piece) for text in (weak, strong)]
    assert len(weak) < len(strong) if method != "homophone" else kept[0] > kept[1]


def test_a_text_keeps_what_is_not_disguised() -> None:
    text = "今天（2026年）我和好朋友去海边。Really!"
    assert disguise_text(text, ["homophone"], strength=0.0) == text
    disguised = disguise_text(text, ["spaced", "homophone"], strength=1.0, seed=1)
    assert disguised != text
    assert disguised.endswith("Really!")
    assert disguised == disguise_text(text, ["spaced", "homophone"], strength=1.0, seed=1)


def test_an_unknown_method_is_an_error() -> None:
    with pytest.raises(KeyError):
        disguise("好朋友", "telepathy")
