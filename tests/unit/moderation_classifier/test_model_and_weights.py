import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.moderation_classifier.conftest import small_arrays

from guiju.moderation.classifier.encoder import FEATURES, Encoder, read_base
from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.model import Classifier, load_classifier
from guiju.moderation.classifier.outputs import OUTPUTS
from guiju.moderation.classifier.pinyin import load_sounds
from guiju.moderation.classifier.risk_table import NEVER, flagged, read_risk_table
from guiju.moderation.classifier.tokenizer import BEGIN, END, UNKNOWN, read_vocabulary
from guiju.moderation.classifier.weights import builtin_weights, read_weights, write_weights
from guiju.moderation.models import RISK_IDS
from guiju.text.normalising import base_normaliser, normalise


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(read_base(), {})


def test_a_word_that_was_learnt_is_seen_and_another_is_not(small: Classifier) -> None:
    seen = small.scores("说甲乙吧")
    assert OUTPUTS[1 + int(np.argmax(seen.probabilities[1:]))] == "A.1"
    assert RISK_IDS[int(np.argmax(seen.risks))] == "A.1-f"
    assert seen.risks.max() > 0.9
    assert small.scores("说说天气吧").risks.max() < 0.2
    assert not seen.asked_encoder


def test_weights_that_were_changed_are_not_used(folder: Path) -> None:
    path = folder / "characters_table.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ClassifierError, match="make train"):
        read_weights(folder)


@pytest.mark.parametrize("missing", ["manifest.json", "sounds_bias.npy"])
def test_weights_that_are_missing_are_a_clear_error(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ClassifierError):
        read_weights(folder)


def test_weights_of_a_wrong_shape_are_a_clear_error(tmp_path: Path) -> None:
    arrays = small_arrays() | {"characters_table": np.zeros((100, 3), np.int8)}
    write_weights(tmp_path, arrays, {"gate": 0.0})
    with pytest.raises(ClassifierError, match="characters_table"):
        Classifier(read_weights(tmp_path), load_sounds(), with_encoder=False)


def test_a_classifier_without_its_encoder_fails_and_never_says_no_risk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_weights(tmp_path, small_arrays(), {"gate": 0.0})
    monkeypatch.setattr("guiju.moderation.classifier.encoder._MODULE", "no_such_module")
    with pytest.raises(ClassifierError, match="pip install"):
        Classifier(read_weights(tmp_path), load_sounds(), with_encoder=True).scores("说甲乙吧")


def test_the_shipped_weights_fit_their_manifest_and_are_small() -> None:
    weights = read_weights(builtin_weights())
    assert sum(path.stat().st_size for path in builtin_weights().iterdir()) <= 20_000_000
    assert json.loads((builtin_weights() / "risks.json").read_text(encoding="utf-8"))["model"] == weights.version
    assert json.loads((builtin_weights() / "training.json").read_text(encoding="utf-8"))["model"] == weights.version


def test_only_a_proven_risk_may_block_by_itself() -> None:
    for risk, entry in read_risk_table().items():
        assert entry.block >= NEVER or entry.lower >= 0.95, risk
        assert entry.block >= entry.flag
        assert entry.wish in {"review", "observe"}


def test_findings_are_those_above_their_threshold(small: Classifier) -> None:
    table = read_risk_table()
    scores = small.scores("今天天气不错").risks
    assert list(flagged(scores * 0, table)) == []
    assert all(score >= table[risk].flag for risk, _, score in flagged(scores, table))


def test_vocabulary_cuts_words_and_never_loses_a_symbol(encoder: Encoder) -> None:
    vocabulary = read_base().vocabulary
    pieces = vocabulary.pieces("四川人不是只喝西北风", 100)
    assert (pieces[0], pieces[-1]) == (BEGIN, END)
    assert len(pieces) < 12
    assert UNKNOWN in vocabulary.pieces("\ud800", 100)
    assert len(vocabulary.pieces("好" * 50, 10)) == 12
    assert encoder.features("").shape == (FEATURES,)


@pytest.mark.parametrize("model", [b"", b"\x0a", b"\x0a\xff", b"\x0b\x00", b"\xff" * 40, b"\x0a\x02\x0a\x05"])
def test_a_broken_vocabulary_is_a_value_error(model: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_vocabulary(model, base_normaliser())


def test_meaning_is_nearer_than_letters(encoder: Encoder) -> None:
    def sentence(text: str) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        return encoder.features(normalise(text).symbols)[:512]

    cat, kitten, bank = map(sentence, ("小猫在睡觉", "猫咪睡着了", "银行今天不营业"))
    assert cat @ kitten > cat @ bank


def test_the_same_question_is_answered_by_the_same_object() -> None:
    assert load_classifier(with_encoder=False) is load_classifier(with_encoder=False)
