import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.moderation_classifier.conftest import naive_logits

from guiju.moderation.classifier.features import LONGEST, codes_of, gram_rows, readable
from guiju.moderation.classifier.linear import LinearView
from guiju.moderation.classifier.outputs import COUNT, OUTPUTS, risk_scores, sigmoid, top_risks
from guiju.moderation.classifier.pinyin import load_sounds, sound_class
from guiju.moderation.models import RISK_IDS
from guiju.text.normalising import normalise

TEXTS = st.text(st.sampled_from([*"黑人你好不是ab z6*。-·", "\U0001f600", "\ud800"]), max_size=40)


@pytest.mark.parametrize("written", ["黑人", "嘿人", "heiren", "hei ren", "h e i r e n", "hei-ren", "黑ren"])
def test_what_sounds_alike_reads_alike(written: str) -> None:
    sounds = load_sounds()
    assert list(sounds.codes(written)) == list(sounds.codes("黑人"))


def test_fuzzy_sounds_are_one_class_and_others_are_not() -> None:
    assert sound_class("zhang") == sound_class("zan")
    assert sound_class("nan") == sound_class("lang")
    assert sound_class("bo") != sound_class("po")


def test_letters_that_are_no_pinyin_stay_words() -> None:
    sounds = load_sounds()
    assert sounds.split("love") is None
    assert sounds.split("xian") is not None
    assert list(sounds.codes("love")) != list(sounds.codes("hate"))
    assert sounds.split("a" * 200) is None


@pytest.mark.parametrize(
    ("written", "read"), [("黑*人", "黑人"), ("黑 人 呢", "黑人呢"), ("黑😀人", "黑人"), ("a b", "a b")]
)
def test_what_only_parts_characters_is_passed_over(written: str, read: str) -> None:
    assert readable(normalise(written).symbols) == read


def test_the_end_of_a_long_text_is_what_is_read() -> None:
    assert readable("甲" * 3 + "乙" * LONGEST) == "乙" * LONGEST


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_every_text_has_rows_in_the_table(text: str) -> None:
    rows = gram_rows(codes_of(readable(text)), 10)
    assert len(rows) > 0
    assert rows.min() >= 0
    assert rows.max() < 1 << 10
    assert len(load_sounds().codes(readable(text))) >= 2


@given(text=st.text(st.sampled_from("甲乙丙丁ab"), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_fast_sum_is_the_plain_sum(text: str) -> None:
    random = np.random.default_rng(3)
    view = LinearView(
        random.integers(-127, 128, (1 << 9, COUNT), dtype=np.int8),
        random.random(COUNT).astype(np.float32),
        random.random(COUNT).astype(np.float32),
        9,
    )
    assert np.allclose(view.logits(codes_of(text)), naive_logits(view, text), atol=1e-2, rtol=1e-4)


def test_the_likeliest_risk_of_a_chapter_has_the_chapters_score() -> None:
    chances = np.full(COUNT, 0.01, np.float32)
    chances[OUTPUTS.index("any")] = 0.9
    chances[OUTPUTS.index("A.2")] = 0.4
    chances[OUTPUTS.index("A.2-e")] = 0.6
    chances[OUTPUTS.index("A.2-d")] = 0.3
    scores = dict(zip(RISK_IDS, risk_scores(chances), strict=True))
    assert scores["A.2-e"] == pytest.approx(0.6)
    assert scores["A.2-d"] == pytest.approx(0.3)
    assert top_risks(risk_scores(chances), 1)[0][0] == "A.2-e"


def test_probabilities_saturate_and_stay_finite() -> None:
    assert np.isfinite(sigmoid(np.array([-1e9, 0, 1e9], np.float32))).all()
