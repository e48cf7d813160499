"""Pure decisions of the review room: what comes here, who may judge, what a verdict means, which step may follow.

Serves articles 4, 14 and 15 of the Measures. That a change of the library needs a second person, and goes through
stages, is our reading of the library clauses of GB/T 45654; no number of the law stands here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from guiju.moderation.models import WISHES
from guiju.review.errors import SeatTakenError, SecondPersonError, StageError
from guiju.review.models import (
    Caution,
    Change,
    ChangeState,
    ItemState,
    Reason,
    RecordedFinding,
    ReviewItem,
    ReviewSettings,
    StageEffect,
    Verdict,
)

_PRIORITY = tuple(Reason)
_A_PERSON_WAITS = frozenset((Reason.OBJECTION, Reason.HELD, Reason.UNDETERMINED))
STOPPED = frozenset(("refuse", "hold", "undetermined"))
"""What a decision was that kept a text from going on."""

SEATS = 2
ARBITER = 3
_SAMPLE_DIGITS = 13
_FEWEST_JUDGED = 5
_MOST_WRONG = 0.2

STAGES = (ChangeState.OBSERVE, ChangeState.REVIEW, ChangeState.BLOCK)
ON_TRIAL = frozenset((ChangeState.OBSERVE, ChangeState.REVIEW))
IN_FORCE = frozenset(STAGES)
OPEN_STATES = frozenset((ChangeState.PROPOSED, ChangeState.APPROVED, *ON_TRIAL))


def reason_to_review(
    action: str, findings: Collection[RecordedFinding], settings: ReviewSettings, *, is_on_trial: bool = False
) -> Reason | None:
    """Return why a decided text goes to people, or None where nothing but the draw could send it."""
    if action == "hold":
        return Reason.HELD
    if action == "undetermined":
        return Reason.UNDETERMINED
    if is_on_trial:
        return Reason.TRIAL
    if action == "observe" or (action not in STOPPED and any(finding.wish == "review" for finding in findings)):
        return Reason.ASKED
    if any(_is_uncertain(finding, settings) for finding in findings):
        return Reason.UNCERTAIN
    return None


def _is_uncertain(finding: RecordedFinding, settings: ReviewSettings) -> bool:
    try:
        score = float(finding.score) if finding.score else None
    except ValueError:
        return True  # a score that is none is as uncertain as can be
    return score is not None and not (score < settings.uncertain_low or score > settings.uncertain_high)


def is_drawn(commitment: str, share: float) -> bool:
    """Tell whether an entry is in the sample: by its commitment, a salted hash of its content.

    Whoever has the heads can tell afterwards which entries had to be drawn, and nobody can write a text that is not.
    """
    return int(commitment[:_SAMPLE_DIGITS], 16) < share * float(16**_SAMPLE_DIGITS)


def priority_of(reason: Reason) -> int:
    """Return how soon an item is wanted; 0 first."""
    return _PRIORITY.index(reason)


def due_at(reason: Reason, queued_at: datetime, settings: ReviewSettings) -> datetime:
    """Return until when an item should be settled: sooner where a person waits (article 15: in good time)."""
    hours = settings.due_hours / 4 if reason in _A_PERSON_WAITS else settings.due_hours
    return queued_at + timedelta(hours=hours)


def seat_for(reviewer: str, item: ReviewItem, verdicts: Sequence[Verdict]) -> int:
    """Return which seat a person takes: the first or second of two, or the third after a disagreement.

    Raises:
        SeatTakenError: the person has judged already, or nobody is needed any more.
    """
    if any(verdict.reviewer == reviewer for verdict in verdicts):
        raise SeatTakenError(
            "你已经对这一条作过判断；第三人必须是另一位。",
            "You have judged this one already; a third person must be another.",
        )
    if item.state is ItemState.SETTLED:
        raise SeatTakenError("这一条已有结论。", "This item is settled.")
    if item.state is ItemState.ARBITRATION:
        return ARBITER
    if len(verdicts) >= SEATS:
        raise SeatTakenError("已有两人作出判断。", "Two people have judged already.")
    return len(verdicts) + 1


def may_see_verdicts(item: ReviewItem, verdicts: Sequence[Verdict]) -> bool:
    """Tell whether verdicts may be shown: only when both are in, to nobody before."""
    return item.state is not ItemState.OPEN or len(verdicts) >= SEATS


def agrees(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two verdicts agree: both harmless, or both harmful with a risk in common."""
    return bool(set(one) & set(other)) if one and other else not one and not other


def settle(verdicts: Sequence[Verdict]) -> tuple[str, ...] | None:
    """Return what the verdicts come to: risks, none for harmless; None while they do not settle it."""
    by_seat = {verdict.seat: verdict for verdict in verdicts}
    if ARBITER in by_seat:
        return by_seat[ARBITER].risks
    if len(by_seat) < SEATS:
        return None
    one, other = by_seat[1].risks, by_seat[SEATS].risks
    return tuple(risk for risk in one if risk in other) if agrees(one, other) else None


def is_wrong_block(item: ReviewItem) -> bool:
    """Tell whether a text was held back that people call harmless."""
    return item.action in STOPPED and item.outcome == ()


def is_missed(item: ReviewItem) -> bool:
    """Tell whether a text went on that people call harmful."""
    return item.action not in STOPPED and bool(item.outcome)


def check_second_person(author: str, approver: str) -> None:
    """Refuse that somebody approves a change of their own.

    Raises:
        SecondPersonError: it is the same person.
    """
    if author == approver:
        raise SecondPersonError


def wish_at(state: ChangeState, target: str) -> str:
    """Return what a new term asks for in a stage: never more than it will in full force."""
    wanted = {ChangeState.OBSERVE: "observe", ChangeState.REVIEW: "review"}.get(state, target)
    return max(wanted, target, key=WISHES.index)


def check_step(change: Change, to: ChangeState) -> None:
    """Refuse a step that does not follow: forward from what is approved, or back from what is in force.

    Raises:
        StageError: it does not follow.
    """
    allowed: Mapping[ChangeState, frozenset[ChangeState]] = {
        ChangeState.PROPOSED: frozenset((ChangeState.APPROVED, ChangeState.REJECTED, ChangeState.WITHDRAWN)),
        ChangeState.APPROVED: frozenset((*STAGES, ChangeState.WITHDRAWN)),
        ChangeState.OBSERVE: frozenset((ChangeState.REVIEW, ChangeState.BLOCK, ChangeState.REVERTED)),
        ChangeState.REVIEW: frozenset((ChangeState.OBSERVE, ChangeState.BLOCK, ChangeState.REVERTED)),
        ChangeState.BLOCK: frozenset((ChangeState.OBSERVE, ChangeState.REVIEW, ChangeState.REVERTED)),
    }
    if to not in allowed.get(change.state, frozenset()):
        raise StageError(
            f"变更现为“{change.state}”，不能转为“{to}”。请刷新页面，按页面给出的步骤操作。",
            f"The change is {change.state} and cannot become {to}. Reload the page and take a step that it offers.",
        )


def is_forward(change: Change, to: ChangeState) -> bool:
    """Tell whether a step makes a change weigh more."""
    order = (ChangeState.APPROVED, *STAGES)
    return to in STAGES and change.state in order and order.index(to) > order.index(change.state)


def cautions(
    change: Change, to: ChangeState, effect: StageEffect | None, *, now: datetime, settings: ReviewSettings
) -> tuple[Caution, ...]:
    """Return why a step forward is not advised yet; a step back needs no advice."""
    if not is_forward(change, to):
        return ()
    found: list[Caution] = []
    order = (ChangeState.APPROVED, *STAGES)
    if order.index(to) - order.index(change.state) > 1:
        found.append(Caution("skips_stage", "跳过了试行阶段。", "A stage of the trial is left out."))
    if change.state in ON_TRIAL and change.staged_at is not None and effect is not None:
        found += _measured(effect, hours=(now - change.staged_at).total_seconds() / 3600, settings=settings)
    return tuple(found)


def _measured(effect: StageEffect, *, hours: float, settings: ReviewSettings) -> Iterable[Caution]:
    judged = effect.harmful + effect.harmless
    if hours < settings.stage_hours:
        yield Caution(
            "too_short",
            f"本阶段只试行了 {hours:.1f} 小时，短于设定的 {settings.stage_hours:g} 小时。",
            f"This stage has lasted {hours:.1f} hours, less than the {settings.stage_hours:g} that are set.",
        )
    if effect.texts == 0:
        yield Caution(
            "no_hits", "本阶段没有命中任何文本，效果未知。", "Nothing was found in this stage; its effect is unknown."
        )
    elif judged < min(_FEWEST_JUDGED, effect.texts):
        yield Caution(
            "few_judged",
            f"命中 {effect.texts} 条文本，只有 {judged} 条经人复核。",
            f"{effect.texts} texts were found, and people have judged only {judged}.",
        )
    if judged and effect.harmless > _MOST_WRONG * judged:
        yield Caution(
            "wrong_hits",
            f"经人复核的 {judged} 条中，有 {effect.harmless} 条被认定为无害。",
            f"Of {judged} texts that people judged, {effect.harmless} are harmless.",
        )
