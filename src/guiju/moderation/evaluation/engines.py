"""The classifier as something that can be measured: on whole texts, and as it runs in the gateway."""

import numpy as np

from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.model import load_classifier
from guiju.moderation.classifier.risk_table import flagged, read_risk_table
from guiju.moderation.detectors.classifier import ClassifierDetector, Judge
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.evaluation.models import Judged
from guiju.moderation.evaluation.running import Engine
from guiju.moderation.models import RISK_IDS, Scope
from guiju.text.normalising import base_normaliser

_FAILED = Judged(is_flagged=False, is_failed=True)


def classifier_engine(*, with_encoder: bool, only: str = "") -> tuple[str, Engine]:
    """Return name and engine of the classifier on whole texts.

    Raises:
        ClassifierError: its weights cannot be used.
    """
    classifier = load_classifier(with_encoder=with_encoder)
    risk_table = read_risk_table()
    counts = np.array([risk.startswith(only) for risk in RISK_IDS])
    normalise = base_normaliser().symbols_of

    def judge(text: str) -> Judged:
        try:
            scores = classifier.scores(normalise(text))
        except ClassifierError:
            return _FAILED
        counted = np.where(counts, scores.risks, np.float32(0))
        found = list(flagged(counted, risk_table))
        return Judged(bool(found), tuple(risk for risk, _, _ in found), float(counted.max()))

    return _named("classifier", classifier.version, only, with_encoder=with_encoder), judge


def detector_engine(*, with_encoder: bool, only: str = "") -> tuple[str, Engine]:
    """Return name and engine of the classifier sentence by sentence.

    Raises:
        ClassifierError: its weights cannot be used.
    """
    classifier = load_classifier(with_encoder=with_encoder)
    risk_table = read_risk_table()
    detector = ClassifierDetector(Judge(lambda: classifier, lambda: risk_table), lambda _finding, _scope: False)
    normalise = base_normaliser().normalise

    def judge(text: str) -> Judged:
        try:
            found = list(detector.find(Tape.of(text, normalise(text)), Scope.INPUT))
        except ClassifierError:
            return _FAILED
        found = [finding for finding in found if any(risk.startswith(only) for risk in finding.risks)]
        risks = tuple(dict.fromkeys(risk for finding in found for risk in finding.risks))
        return Judged(bool(found), risks, max((finding.score for finding in found), default=0.0))

    return _named("detector", classifier.version, only, with_encoder=with_encoder), judge


def _named(engine: str, version: str, only: str, *, with_encoder: bool) -> str:
    return f"{engine} {version[:12]}{'' if with_encoder else ', no encoder'}{f', only {only}' if only else ''}"
