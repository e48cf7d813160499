"""What a service that spreads content must tell the public, and write into it: labelling measures, article 6. Pure.

Metadata that says so comes first, then what the user declared, then marks and traces that were detected. A look that
could not be taken never becomes "no".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from guiju.labelling.marks.models import Sign, Trace
from guiju.labelling.models import Label, Producer, Reading, Verdict
from guiju.labelling.provenance.interface import ProvenanceReading, ProvenanceState
from guiju.labelling.rules import IS_GENERATED, POSSIBLY, SUSPECTED, propagated, spread


class State(StrEnum):
    """What content is held for: 属于, 可能, 疑似 generated; nothing speaks for it; or nobody can say."""

    IS = "is"
    POSSIBLY = "possibly"
    SUSPECTED = "suspected"
    NONE = "none"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What content is held for, and why; each reason in Chinese and English."""

    state: State
    reasons: tuple[str, ...]


_BY_MODELS = frozenset(
    ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "algorithmicallyEnhanced")
)
"""Digital source types of the IPTC that name algorithms as makers."""
_UNREAD = frozenset((ProvenanceState.UNREADABLE, ProvenanceState.UNSUPPORTED, ProvenanceState.NOT_LOOKED))
_BY_LABEL = {IS_GENERATED: State.IS, POSSIBLY: State.POSSIBLY, SUSPECTED: State.SUSPECTED}
_VALUES = {state: value for value, state in _BY_LABEL.items()}


def judge_content(reading: Reading, *, is_declared: bool, traces: Sequence[Trace]) -> Judgement:
    """Say what content is held for.

    Args:
        reading: the labels in its metadata.
        is_declared: whether the user who gave it declares it generated.
        traces: what looks for marks in it came to.
    """
    found = [one.parsed.label for one in reading.found if one.parsed.label is not None]
    stated = [state for one in found if (state := _BY_LABEL.get(one.label)) is not None]
    if stated:
        first = min(stated, key=list(State).index)
        return Judgement(first, (_metadata_reason(reading, first),))
    reasons = []
    if reading.found:
        reasons.append("元数据中有标识，但内容读不出 / there is a label in the metadata that cannot be read")
    if is_declared:
        return Judgement(State.POSSIBLY, (*reasons, "用户声明为生成合成内容 / the user declares it generated"))
    seen = [trace.detail for trace in traces if trace.sign is Sign.FOUND]
    if seen or reading.found:
        return Judgement(State.SUSPECTED, (*reasons, *seen))
    blind = [trace.detail for trace in traces if trace.sign is Sign.INCONCLUSIVE]
    if reading.verdict is Verdict.INCONCLUSIVE:
        problems = [f"{one.zh} / {one.en}" for one in reading.problems]
        blind += problems or ["元数据读不出 / its metadata cannot be read"]
    if blind or not traces:
        missing = () if traces else ("未检测显式标识 / nobody looked for marks",)
        return Judgement(State.INCONCLUSIVE, (*blind, *missing))
    return Judgement(
        State.NONE, ("元数据、声明与检测都没有发现 / neither metadata nor a declaration nor a look found anything",)
    )


def manifest_traces(provenance: ProvenanceReading) -> tuple[Trace, ...]:
    """Return what a C2PA manifest says of models: a trace like others, whether or not the manifest still holds."""
    named = [one for one in provenance.source_types if one in _BY_MODELS]
    if named:
        words = "、".join(named)
        return (
            Trace(
                "c2pa",
                Sign.FOUND,
                f"C2PA 声明写明由模型生成：{words}（{provenance.state.value}） / its C2PA manifest names a model: "
                f"{words} ({provenance.state.value})",
            ),
        )
    if provenance.state in _UNREAD and provenance.detail:
        return (
            Trace(
                "c2pa",
                Sign.INCONCLUSIVE,
                f"C2PA 声明未能读取：{provenance.detail} / its C2PA manifest was not read: {provenance.detail}",
            ),
        )
    return ()


def label_of(judgement: Judgement, reading: Reading, propagator: Producer, *, propagate_id: str) -> Label | None:
    """Return the label that who spreads the content writes; None where nothing is to be written, or it is there.

    What the producer wrote stays; article 6 adds the propagator's name or code and its own number.

    Raises:
        LabelError: a value cannot stand in a label.
    """
    if judgement.state not in _VALUES:
        return None
    value = _VALUES[judgement.state]
    labels = [one.parsed.label for one in reading.found if one.parsed.label is not None]
    kept = next((one for one in labels if one.label == value), None)
    if kept is not None and kept.content_propagator == propagator.code:
        return None  # written before
    return propagated(kept, propagator, propagate_id) if kept else spread(value, propagator, propagate_id)


def _metadata_reason(reading: Reading, state: State) -> str:
    word = {State.IS: "是", State.POSSIBLY: "可能是", State.SUSPECTED: "疑似"}[state]
    place = reading.found[0].place
    note = "" if reading.verdict is Verdict.CONFORMING else "（形式不合规 / not as the standard has it）"
    return f"元数据标明{word}生成合成内容：{place}{note} / the metadata says so: {place}"
