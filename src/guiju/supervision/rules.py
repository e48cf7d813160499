"""Pure decisions of supervision: what applicability, checks, the age of evidence and a person's word come to.

1. An obligation that does not bind by the declared facts is not applicable. A person's word to the contrary makes it
   needs_review, because the profile and the person cannot both be right.
2. The machine's answer is the worst of its checks; evidence of each kind that the law's data asks for must be there and
   not too old, else met becomes insufficient or stale. Without a control it is the recorded reason's outcome.
3. Where the declared facts do not decide whether it binds, it is needs_review; the checks stay in sight.
4. A named person's word stands where the machine does not know, and where it makes things worse. A person's met or
   not_applicable over a machine's not_met or partial is needs_review: both are shown, and somebody must settle it.
   A person's met ages like evidence, by the longest age that the obligation's evidence may have.
5. An article is the worst of its obligations that apply; one that only informs has no outcome.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from guiju.law.models import OUTCOME_ZH, Applicability, Applied, Obligation, Outcome
from guiju.law.rules import combine, with_freshness
from guiju.supervision.models import CheckResult, ObligationState, Override, RecordedReason

_KNOWN_LACK = frozenset({Outcome.NOT_MET, Outcome.PARTIAL})
_CLEARED = frozenset({Outcome.MET, Outcome.NOT_APPLICABLE})
_UNREADABLE = (
    "有一条人工认定读不出，请运行 guiju ledger verify。",
    "A declaration about it cannot be read; run guiju ledger verify.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome and why."""

    outcome: Outcome
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What there is to decide an obligation by, besides whether it binds.

    Attributes:
        checks: what its controls answered.
        reason: why it has no control, where it has none.
        override: the newest declaration about it.
        is_unreadable: whether the newest declaration is there and cannot be read.
    """

    checks: tuple[CheckResult, ...] = ()
    reason: RecordedReason | None = None
    override: Override | None = None
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Ages:
    """How old the evidence is.

    Attributes:
        as_of: the day asked for.
        newest: when the newest evidence of a kind happened up to that day, or None.
        titles: what a kind of evidence is called, in Chinese and English.
    """

    as_of: date
    newest: Callable[[str], datetime | None]
    titles: Mapping[str, tuple[str, str]]


def obligation_state(
    obligation: Obligation,
    applied: Applied,
    answers: Answers,
    *,
    ages: Ages,
) -> ObligationState:
    """Decide where the service stands on one obligation, by the rules above.

    Args:
        obligation: what is demanded.
        applied: whether it binds.
        answers: what controls and people said.
        ages: how old the evidence is on the day asked for.
    """
    machine = machine_answer(obligation, answers, ages)
    said = _with_applicability(
        machine, applied, answers.override, longest_age=_longest_age(obligation), as_of=ages.as_of
    )
    if answers.is_unreadable:
        said = Said(
            combine((said.outcome, Outcome.NEEDS_REVIEW)), said.zh + _UNREADABLE[0], f"{said.en} {_UNREADABLE[1]}"
        )
    return ObligationState(
        obligation, applied, said.outcome, said.zh, said.en, answers.checks, override=answers.override
    )


def machine_answer(
    obligation: Obligation,
    answers: Answers,
    ages: Ages,
) -> Said:
    """Say what the checks and the age of the evidence come to, or why there is no check."""
    if not answers.checks:
        if answers.reason is None:
            return Said(Outcome.NOT_RUN, "没有控制，也没有记录的理由。", "There is no control and no recorded reason.")
        return Said(answers.reason.outcome, answers.reason.reason, answers.reason.reason_en)
    outcome = combine(check.outcome for check in answers.checks)
    zh = "".join(check.reason for check in answers.checks)
    en = " ".join(check.reason_en for check in answers.checks)
    said = Said(outcome, zh, en)
    return _aged(obligation, said, ages) if outcome is Outcome.MET else said


def _aged(obligation: Obligation, said: Said, ages: Ages) -> Said:
    """Let a met answer fall for each kind of evidence that is missing or too old, and name them."""
    outcomes, zh, en = [said.outcome], [], []
    for need in obligation.evidence_needs:
        fresh = with_freshness(
            Outcome.MET, ages.newest(need.kind), as_of=ages.as_of, freshness_days=need.freshness_days
        )
        if fresh is Outcome.MET:
            continue
        outcomes.append(fresh)
        title = ages.titles.get(need.kind, (need.kind, need.kind))
        is_stale = fresh is Outcome.STALE
        zh.append(f"{title[0]}（{f'超过 {need.freshness_days} 天' if is_stale else '没有'}）")
        en.append(f"{title[1]} ({f'older than {need.freshness_days} days' if is_stale else 'none'})")
    if not zh:
        return said
    return Said(
        combine(outcomes),
        f"尚缺证据：{'、'.join(zh)}。{said.zh}",
        f"Evidence lacking: {', '.join(en)}. {said.en}",
    )


def _with_applicability(
    machine: Said, applied: Applied, override: Override | None, *, longest_age: int | None, as_of: date
) -> Said:
    if applied.applicability is Applicability.DOES_NOT_APPLY:
        if override is None or override.outcome is Outcome.NOT_APPLICABLE:
            return Said(Outcome.NOT_APPLICABLE, applied.reason, applied.reason_en)
        return _contradiction(Said(Outcome.NOT_APPLICABLE, applied.reason, applied.reason_en), override)
    if override is not None:
        return with_override(machine, override, longest_age, as_of=as_of)
    if applied.applicability is Applicability.UNDECIDED:
        return Said(
            Outcome.NEEDS_REVIEW,
            f"{applied.reason}若适用：{OUTCOME_ZH[machine.outcome]}。{machine.zh}",
            f"{applied.reason_en} If it applies: {_word(machine.outcome)}. {machine.en}",
        )
    return machine


def with_override(machine: Said, override: Override, longest_age: int | None, *, as_of: date) -> Said:
    """Weigh a named person's word against the machine's: rule 4."""
    if machine.outcome in _KNOWN_LACK:
        if override.outcome in _CLEARED:
            return _contradiction(machine, override)
        outcome = combine((machine.outcome, override.outcome))
    else:
        outcome = with_freshness(override.outcome, override.declared_at, as_of=as_of, freshness_days=longest_age)
    zh, en = _declared(override)
    if outcome is Outcome.STALE and override.outcome is Outcome.MET:
        zh, en = f"{zh}此认定已超过 {longest_age} 天。", f"{en} This is older than {longest_age} days."
    return Said(outcome, f"{zh}系统所见：{machine.zh}", f"{en} The system sees: {machine.en}")


def _contradiction(machine: Said, override: Override) -> Said:
    zh, en = _declared(override)
    return Said(
        Outcome.NEEDS_REVIEW,
        f"人工认定与系统所见不一致，须复核。{zh}系统所见为{OUTCOME_ZH[machine.outcome]}：{machine.zh}",
        f"The declaration and the system disagree; review it. {en} The system sees "
        f"{_word(machine.outcome)}: {machine.en}",
    )


def _declared(override: Override) -> tuple[str, str]:
    word = OUTCOME_ZH[override.outcome]
    reason = override.reason.rstrip("。.")
    return f"人工认定为{word}：{reason}。", f"Declared {_word(override.outcome)}: {reason}."


def _word(outcome: Outcome) -> str:
    return outcome.value.replace("_", " ")


def _longest_age(obligation: Obligation) -> int | None:
    return max((need.freshness_days for need in obligation.evidence_needs if need.freshness_days), default=None)


def article_outcome(states: Sequence[ObligationState], *, is_assessable: bool) -> Outcome | None:
    """Return the worst of an article's obligations that apply; None for an article that only informs."""
    return combine(outcomes_of(states)) if is_assessable and states else None


def outcomes_of(states: Iterable[ObligationState]) -> list[Outcome]:
    """Return the outcomes of obligations."""
    return [state.outcome for state in states]
