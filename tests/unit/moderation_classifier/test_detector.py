import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.clock import FixedClock
from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.model import Classifier
from guiju.moderation.classifier.risk_table import RiskEntry
from guiju.moderation.detectors.classifier import LONGEST_SENTENCE, ClassifierDetector, Judge, Scorer
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.models import Action, Finding, Scope
from guiju.moderation.policy import PolicyBundle, parse_policy
from guiju.moderation.service import builtin_policy
from guiju.moderation.stream import ModeratedStream
from guiju.text.normalising import base_normaliser, normalise

PIECES = [
    "甲乙",
    "丙丁",
    "说",
    "好",
    "。",
    "！",
    "?",
    "\n",
    "；",
    " ",
    "*",
    "，",
    "\u200b",
    "😀",
    "a",
    "甲",
    "乙",
    "字" * 90,
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
CUTS = st.lists(st.integers(0, 300), max_size=30)


def detector_of(small: Classifier, table: Mapping[str, RiskEntry], *, acts: bool = True) -> ClassifierDetector:
    return ClassifierDetector(
        Judge(lambda: small, lambda: table), lambda finding, _scope: acts and finding.wish == "block"
    )


def policy() -> PolicyBundle:
    return parse_policy(builtin_policy().read_bytes(), "policy", "library")


def stream_of(detector: ClassifierDetector) -> ModeratedStream:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    return ModeratedStream([detector], policy(), Scope.OUTPUT, normaliser=base_normaliser(), clock=clock)


def in_pieces(detector: ClassifierDetector, pieces: Sequence[str]) -> tuple[str, tuple[Finding, ...]]:
    stream = stream_of(detector)
    out = "".join(stream.push(piece).text for piece in pieces)
    return out + stream.finish().text, stream.findings


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, cuts=CUTS)
def test_any_split_finds_and_releases_the_same(
    small: Classifier, risk_table: Mapping[str, RiskEntry], text: str, cuts: Sequence[int]
) -> None:
    detector = detector_of(small, risk_table)
    edges = sorted({0, len(text), *(place for place in cuts if place < len(text))})
    whole = in_pieces(detector, [text])
    assert in_pieces(detector, [text[low:high] for low, high in itertools.pairwise(edges)]) == whole
    assert in_pieces(detector, list(text)) == whole
    found = detector.find(Tape.of(text, normalise(text)), Scope.OUTPUT)
    stops = [one.start for one in found if one.wish == "block"]
    assert len(whole[0]) <= min(stops, default=len(text))
    if not stops:
        assert (whole[0], set(whole[1])) == (text, set(found))


def test_a_sentence_that_would_be_stopped_does_not_leave(
    small: Classifier, risk_table: Mapping[str, RiskEntry]
) -> None:
    out, findings = in_pieces(detector_of(small, risk_table), ["你好。", "来说", "甲", "乙", "吧。再见"])
    assert out == "你好。"
    assert [(one.risks, one.wish, one.start, one.end) for one in findings] == [(("A.1-f",), "block", 3, 9)]


def test_nothing_is_held_where_policy_would_not_act(small: Classifier, risk_table: Mapping[str, RiskEntry]) -> None:
    stream = detector_of(small, risk_table, acts=False).open_stream(Tape(), Scope.OUTPUT)
    assert stream.held_from() == 0
    tape = Tape.of("来说甲", normalise("来说甲"))
    stream = detector_of(small, risk_table, acts=False).open_stream(tape, Scope.OUTPUT)
    for symbol in tape.symbols:
        stream.step(symbol)
    assert stream.held_from() == 3
    held = detector_of(small, risk_table).open_stream(tape, Scope.OUTPUT)
    for symbol in tape.symbols:
        held.step(symbol)
    assert held.held_from() == 0


def test_a_risk_that_is_not_proven_is_only_reviewed(small: Classifier, risk_table: Mapping[str, RiskEntry]) -> None:
    text = "说丙丁吧"
    (finding,) = detector_of(small, risk_table).find(Tape.of(text, normalise(text)), Scope.INPUT)
    assert (finding.risks, finding.wish, finding.level) == (("A.2-e",), "review", "medium")
    assert 0.5 <= finding.score <= 1


def test_a_finding_does_not_follow_into_the_next_sentences(
    small: Classifier, risk_table: Mapping[str, RiskEntry]
) -> None:
    text = "说丙丁吧。天气不错。我们走。"
    found = detector_of(small, risk_table).find(Tape.of(text, normalise(text)), Scope.INPUT)
    assert [(one.start, one.end) for one in found] == [(0, 5)]


def test_a_wish_spread_over_sentences_is_seen_with_what_stands_before(
    small: Classifier, risk_table: Mapping[str, RiskEntry]
) -> None:
    class Context:
        """Sees a pair of sentences that neither shows alone."""

        def scores(self, symbols: str) -> object:
            both = "先有前因。" in symbols and "再要后果" in symbols
            return small.scores("说甲乙吧" if both else "说天气吧")

        def hidden(self, symbols: str) -> object:
            raise AssertionError(symbols)

    judge = Judge(lambda: _scorer(Context()), lambda: risk_table)
    text = "先有前因。再要后果。"
    detector = ClassifierDetector(judge, lambda _finding, _scope: False)
    found = detector.find(Tape.of(text, normalise(text)), Scope.INPUT)
    assert [(one.start, one.end) for one in found] == [(5, 10)]


def _scorer(one: object) -> Scorer:
    assert hasattr(one, "scores")
    return one  # type: ignore[return-value]


def test_text_without_an_end_is_judged_in_pieces(small: Classifier, risk_table: Mapping[str, RiskEntry]) -> None:
    text = "字" * (2 * LONGEST_SENTENCE) + "甲乙"
    (finding,) = detector_of(small, risk_table).find(Tape.of(text, normalise(text)), Scope.INPUT)
    assert finding.start == 2 * LONGEST_SENTENCE
    out, _ = in_pieces(detector_of(small, risk_table), [text])
    assert out == "字" * (2 * LONGEST_SENTENCE)


def test_a_classifier_that_cannot_load_is_undetermined_and_releases_nothing() -> None:
    def broken() -> Scorer:
        raise ClassifierError("坏", "broken")

    def no_table() -> Mapping[str, RiskEntry]:
        raise ClassifierError("坏", "broken")

    detector = ClassifierDetector(Judge(broken, no_table), lambda _finding, _scope: True)
    with pytest.raises(ClassifierError):
        detector.find(Tape.of("你好", normalise("你好")), Scope.INPUT)
    stream = stream_of(detector)
    released = stream.push("你好。再见")
    assert released.text == ""
    assert released.decision is not None
    assert released.decision.action is Action.UNDETERMINED
