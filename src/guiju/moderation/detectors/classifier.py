"""The classifier as a detector: a text is judged sentence by sentence, each with what stands before it.

A sentence ends at 。！？； or a new line, or where it has become too long. Whole texts and streams walk the same way,
symbol by symbol, so that they find the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from guiju.moderation.classifier.adapt import Head, read_head
from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.model import Scores, load_classifier
from guiju.moderation.classifier.outputs import Vector
from guiju.moderation.classifier.risk_table import RiskEntry, flagged, read_risk_table
from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.models import RISK_IDS, WISHES, Finding, Scope

LONGEST_SENTENCE = 160
"""A sentence without an end is judged in pieces of so many symbols."""
LONGEST_WINDOW = 200
"""So many symbols are judged together: the sentence and as many whole sentences before it as fit."""

_ENDS = frozenset("。!?;\n")
_LEVELS = {"block": "high", "review": "medium", "observe": "low"}
_REASONS = {
    "block": "分类器判定；该风险的精确率已在另一来源的数据上证明",
    "review": "分类器判定；精确率未达自动拦截的要求，请复核",
    "observe": "分类器判定；只作观察",
}


class Scorer(Protocol):
    """What the detector asks: the classifier, or in a test a small one of its own."""

    def scores(self, symbols: str) -> Scores:
        """Score normalised text."""
        ...

    def hidden(self, symbols: str) -> Vector:
        """Return what an operator's own heads read."""
        ...


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns one window into findings. Its parts are loaded when they are first asked for.

    Attributes:
        scorer: gives the scores.
        table: what a score may lead to.
        heads: heads of the operator.
    """

    scorer: Callable[[], Scorer]
    table: Callable[[], Mapping[str, RiskEntry]]
    heads: Callable[[], Sequence[Head]] = tuple

    def findings(self, window: str, span: tuple[int, int]) -> list[Finding]:
        """Return what is found in a window; `span` is the stretch of the original that its last sentence comes from."""
        scorer = self.scorer()
        scores = scorer.scores(window)
        found = [
            _finding(risk, wish, (score, scores.view), span=span)
            for risk, wish, score in flagged(scores.risks, self.table())
        ]
        heads = self.heads()
        if heads:
            hidden = scorer.hidden(window) if scores.hidden is None else scores.hidden
            for head in heads:
                found.extend(_own_finding(head, named, span) for named in head.fitting(hidden))
        return found


def judge_of(*, with_encoder: bool, heads: Sequence[Path]) -> Judge:
    """Return a judge by the shipped weights and the heads of an operator."""

    @cache
    def read_heads() -> Sequence[Head]:
        version = load_classifier(with_encoder=with_encoder).version
        return tuple(read_head(path, version) for path in heads)

    return Judge(lambda: load_classifier(with_encoder=with_encoder), read_risk_table, read_heads)


class ClassifierDetector:
    """Finds risks by the classifier. Held back is a sentence that is not over, while policy would act on a finding."""

    name = "classifier"

    def __init__(self, judge: Judge, acts: Callable[[Finding, Scope], bool]) -> None:
        """Judge by `judge`; `acts` says whether policy does anything about a finding."""
        self._judge = judge
        possible = [
            _finding(risk, wish, (1.0, "meaning"), span=(0, 0))
            for risk in RISK_IDS
            for wish in _possible_wishes(judge, risk)
        ]
        self._holds = {scope: any(acts(finding, scope) for finding in possible) for scope in Scope}

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        """Return every finding in a whole text.

        Raises:
            ClassifierError: the classifier cannot be loaded; the house takes that as `undetermined`.
        """
        stream = self.open_stream(tape, scope)
        found: list[Finding] = []
        for symbol in tape.symbols:
            found.extend(stream.step(symbol))
        found.extend(stream.finish())
        return found

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        """Start on a stream."""
        return SentenceStream(self._judge, tape, holds=self._holds[scope])


class SentenceStream:
    """Collects a sentence and judges it when it ends."""

    def __init__(self, judge: Judge, tape: Tape, *, holds: bool) -> None:
        """Start at the beginning of a stream whose symbols are on `tape`."""
        self._judge = judge
        self._tape = tape
        self._holds = holds
        self._at = 0
        self._start = 0
        self._earlier: list[int] = []
        self._says_something = False

    def step(self, symbol: str) -> Sequence[Finding]:
        """Take the next symbol; return what its sentence's end makes certain."""
        self._at += 1
        if symbol in _ENDS:
            return self._close() if self._says_something else ()
        if symbol.isalnum():
            self._says_something = True
        if self._at - self._start >= LONGEST_SENTENCE:
            return self._close()
        return ()

    def finish(self) -> Sequence[Finding]:
        """Judge what stands there as if the sentence ended."""
        return self._close() if self._says_something else ()

    def held_from(self) -> int:
        """Return where the sentence that is not over begins, while policy would act on a finding in it."""
        return self._start if self._holds else self._at

    def _close(self) -> Sequence[Finding]:
        start, end = self._start, self._at
        self._start = end
        if not self._says_something:
            return ()
        self._says_something = False
        span = self._tape.span(start, end)
        found: dict[str, Finding] = {}
        for first in self._windows(start, end):
            for finding in self._judge.findings(self._text(first, end), span):
                name = finding.term_id.rpartition(":")[0]
                known = found.get(name)
                if known is None or known.score < finding.score:
                    found[name] = finding
        # What was found once is not found again in every sentence that follows.
        self._earlier = [] if found else [*(first for first in self._earlier if end - first < LONGEST_WINDOW), start]
        return list(found.values())

    def _windows(self, start: int, end: int) -> Iterator[int]:
        """Yield where the windows begin that end here: the sentence alone, and with the sentences before it."""
        yield start
        before = next((first for first in self._earlier if end - first <= LONGEST_WINDOW), start)
        if before < start:
            yield before

    def _text(self, first: int, end: int) -> str:
        base = self._tape.base
        return self._tape.symbols[max(0, first - base) : end - base]


def _finding(risk: str, wish: str, said: tuple[float, str], *, span: tuple[int, int]) -> Finding:
    score, view = said
    return Finding(
        "classifier", (risk,), _LEVELS[wish], wish, *span, f"classifier:{risk}:{wish}",
        view=view, reason=f"{_REASONS[wish]}，得分 {score:.2f}", score=round(score, 3),
    )  # fmt: skip


def _own_finding(head: Head, named: tuple[str, tuple[str, ...], float], span: tuple[int, int]) -> Finding:
    name, risks, score = named
    return Finding(
        "classifier", risks, _LEVELS[head.wish], head.wish, *span, f"classifier:{name}:{head.wish}",
        view="meaning", reason=f"运营者自训类别“{name}”，得分 {score:.2f}", score=round(score, 3),
    )  # fmt: skip


def _possible_wishes(judge: Judge, risk: str) -> Sequence[str]:
    """Return what a finding of this risk can ask for; everything where the table cannot be read."""
    try:
        entry = judge.table()[risk]
    except ClassifierError:
        return WISHES  # what cannot be read will fail when it is asked, and until then might have said anything
    return (entry.wish, "block") if entry.block <= 1.0 else (entry.wish,)
