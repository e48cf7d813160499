"""An evaluation from beginning to end: judge every text, count, compare."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from guiju.moderation.evaluation.groups import groups_in
from guiju.moderation.evaluation.metrics import count, curve, latency, quality
from guiju.moderation.evaluation.models import Judged, Labelled, Quality, Report

Engine = Callable[[str], Judged]
"""What is measured: says something about a text."""

Evasion = Callable[[str], str]
"""Rewrites a text as somebody would who wants not to be found."""


class EngineMaker(Protocol):
    """Makes an engine, and says what it is called."""

    def __call__(self, *, with_encoder: bool, only: str = "") -> tuple[str, Engine]:
        """Return name and engine; `only` is a risk or chapter that alone counts."""
        ...


MAX_MISTAKES = 200
FEWEST_OF_GROUP = 20
"""A group with fewer texts has no row: its figures would say nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        name: the data's name.
        engine_name: what is measured, with its version.
        engine: the thing itself.
        evasions: name → evasion; each is measured on all texts again, only the risky ones rewritten.
        skipped: reason → rows of the data that cannot be used.
        progress: is called with how many judgements are done and how many there are.
    """

    name: str
    engine_name: str
    engine: Engine
    evasions: Mapping[str, Evasion] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(slots=True)
class _Pass:
    """One walk over the texts."""

    judged: list[Judged] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def evaluate(texts: Sequence[Labelled], plan: Plan) -> Report:
    """Measure an engine on labelled texts; a text that it fails on is counted apart and belongs to no figure."""
    risky = sum(one.is_risky for one in texts)
    total = len(texts) + risky * len(plan.evasions)
    base = _judge_all(texts, plan, (0, total))
    answered = [(one, said) for one, said in zip(texts, base.judged, strict=True) if not said.is_failed]
    done = len(texts)
    by_evasion: dict[str, Quality] = {}
    for name, evasion in plan.evasions.items():
        evaded = _evaded(texts, base.judged, evasion)
        again = _judge_all([one for one in evaded if one.is_risky], plan, (done, total))
        done += risky
        rewritten = iter(again.judged)
        said = [next(rewritten) if one.is_risky else known for one, known in zip(texts, base.judged, strict=True)]
        by_evasion[name] = _quality([(one, two) for one, two in zip(texts, said, strict=True) if not two.is_failed])
    honest = [(one, said) for one, said in answered if not one.is_risky]
    honest_characters = sum(len(one.text) for one, _ in honest)
    hits = sum(max(1, len(said.risks)) for _, said in honest if said.is_flagged)
    return Report(
        name=plan.name,
        engine=plan.engine_name,
        texts=len(texts),
        characters=sum(len(one.text) for one in texts),
        skipped=plan.skipped,
        failed=sum(said.is_failed for said in base.judged),
        overall=_quality(answered),
        by_risk=_by_risk(answered),
        by_evasion=by_evasion,
        by_group=_by_group(answered),
        false_hits_per_100k=hits / honest_characters * 100_000 if honest_characters else float("nan"),
        curve=curve([one.is_risky for one, _ in answered], [said.score for _, said in answered]),
        latency=latency(base.seconds),
        mistakes=tuple(
            (one.line, one.is_risky, said.score) for one, said in answered if one.is_risky != said.is_flagged
        )[:MAX_MISTAKES],
    )


def _judge_all(texts: Sequence[Labelled], plan: Plan, place: tuple[int, int]) -> _Pass:
    done, total = place
    walked = _Pass()
    for one in texts:
        began = time.perf_counter()
        walked.judged.append(plan.engine(one.text))
        walked.seconds.append(time.perf_counter() - began)
        done += 1
        plan.progress(done, total)
    return walked


def _evaded(texts: Sequence[Labelled], known: Sequence[Judged], evasion: Evasion) -> Sequence[Labelled]:
    return [
        Labelled(evasion(one.text), one.is_risky, one.risks, one.line) if one.is_risky else one
        for one, _ in zip(texts, known, strict=True)
    ]


def _quality(answered: Sequence[tuple[Labelled, Judged]]) -> Quality:
    return quality(count([one.is_risky for one, _ in answered], [said.is_flagged for _, said in answered]))


def _by_risk(answered: Sequence[tuple[Labelled, Judged]]) -> dict[str, Quality]:
    """Return for each risk that the data name how well it is told; rows that are risky without a risk do not count."""
    named = [(one, said) for one, said in answered if one.risks or not one.is_risky]
    risks = sorted({risk for one, _ in named for risk in one.risks})
    return {
        risk: quality(count([risk in one.risks for one, _ in named], [risk in said.risks for _, said in named]))
        for risk in risks
    }


def _by_group(answered: Sequence[tuple[Labelled, Judged]]) -> dict[str, Quality]:
    mentioned: dict[str, list[tuple[Labelled, Judged]]] = {}
    for one, said in answered:
        for name in groups_in(one.text):
            mentioned.setdefault(name, []).append((one, said))
    return {name: _quality(rows) for name, rows in sorted(mentioned.items()) if len(rows) >= FEWEST_OF_GROUP}
