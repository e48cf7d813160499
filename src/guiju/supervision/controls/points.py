"""The points of a check: single findings, each with its own outcome, that together make one answer.

The answer is the worst of its points (`law.rules.combine`), so a further finding never makes it better, and a point
that could not be decided keeps it from being met. What this house is known to lack is a limit: it makes partial of what
would be met, and leaves what is not known as not known, because partial too claims that a part was seen to be met.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guiju.kit.clock import from_iso
from guiju.law.models import Outcome, Parameter
from guiju.law.rules import combine
from guiju.supervision.models import CheckContext, CheckResult, EvidenceFacts
from guiju.supervision.state_names import BROKEN, HOLDS, STATE_KINDS, StateName

VERIFIED_WITHIN_DAYS = 31
"""A verification of the ledger older than this no longer speaks for it; our own choice, no number of the law."""


SHOWN_WITHIN_DAYS = 366
"""An ability must have shown itself within so many days; our own choice."""


@dataclass(frozen=True, slots=True)
class Point:
    """One finding: what it comes to, in words, the entries it rests on, and whether it only limits the others."""

    outcome: Outcome
    zh: str
    en: str
    facts: EvidenceFacts | None = None
    is_limit: bool = False


def answer(control_id: str, points: Iterable[Point]) -> CheckResult:
    """Make a control's answer from its points: the worst of them, and all that they say, the worst first."""
    found = list(points)
    outcome = combine(point.outcome for point in found if not point.is_limit)
    if outcome is Outcome.MET:
        outcome = combine(point.outcome for point in found)
    ordered = sorted(found, key=lambda point: point.outcome is not outcome)
    ids, newest = _evidence(found)
    return CheckResult(
        control_id,
        outcome,
        "；".join(point.zh for point in ordered) + "。",
        "; ".join(point.en for point in ordered) + ".",
        ids,
        newest,
    )


def _evidence(points: Sequence[Point]) -> tuple[tuple[str, ...], datetime | None]:
    facts = [point.facts for point in points if point.facts is not None]
    ids = tuple(dict.fromkeys(entry for item in facts for entry in item.newest_ids))
    return ids, max((item.newest_at for item in facts if item.newest_at is not None), default=None)


def state_of(context: CheckContext, name: StateName) -> bool | int | str | None:
    """Return a fact about another room, or None where it is not known or not of its kind."""
    value = context.state.value(name)
    return value if type(value) is STATE_KINDS[name] else None


def unknown(context: CheckContext, zh: str, en: str) -> Point:
    """Say that a fact is not known, and whether because the day is past."""
    if context.is_today:
        return Point(Outcome.INSUFFICIENT, f"{zh}：目前读不到", f"{en}: cannot be read at present")
    return Point(
        Outcome.INSUFFICIENT,
        f"{zh}：所问为过去的日期，账本里没有当日的状态",
        f"{en}: the day is past, and the ledger holds no record of the state on it",
    )


def is_so(context: CheckContext, name: StateName, *, zh: str, en: str, otherwise: Outcome = Outcome.NOT_MET) -> Point:
    """Ask a yes-or-no fact that should be yes; `otherwise` is what a no comes to."""
    value = state_of(context, name)
    if value is None:
        return unknown(context, zh, en)
    if value:
        return Point(Outcome.MET, f"{zh}：是", f"{en}: yes")
    return Point(otherwise, f"{zh}：否", f"{en}: no")


def reaches(context: CheckContext, name: StateName, parameter_id: str) -> Iterable[Point]:
    """Compare a count with a number of the law; nothing to say where no version of it is in force on that day.

    Falling short of what a standard says should be (宜) is partial; of what shall be (应), not met. A number that was
    not verified fails nothing: it asks for a person.
    """
    parameter = context.parameter(parameter_id)
    if parameter is None:
        return
    zh, en = parameter.title, parameter.title_en
    have, wanted = state_of(context, name), _whole_number(parameter)
    if wanted is None:
        yield Point(
            Outcome.NEEDS_REVIEW, f"{zh}：规定的不是整数，须由人核对", f"{en}: no whole number; a person must look"
        )
    elif not isinstance(have, int):
        yield unknown(context, zh, en)
    elif (have >= wanted) if parameter.operator == ">=" else (have <= wanted):
        yield Point(
            Outcome.MET, f"{zh}：{have}（{_demand(parameter, 'zh')}）", f"{en}: {have} ({_demand(parameter, 'en')})"
        )
    else:
        yield Point(
            _shortfall(parameter),
            f"{zh}：现为 {have}，未达到（{_demand(parameter, 'zh')}）",
            f"{en}: {have} now, which falls short ({_demand(parameter, 'en')})",
        )


def kept_fresh(context: CheckContext, name: StateName, parameter_id: str) -> Iterable[Point]:
    """Compare an age in days with the number of the law; what is older is stale, not a thing that is lacking.

    A number that was not verified fails nothing: it asks for a person.
    """
    for point in reaches(context, name, parameter_id):
        is_old = point.outcome in {Outcome.PARTIAL, Outcome.NOT_MET}
        yield replace(point, outcome=Outcome.STALE) if is_old else point


def _whole_number(parameter: Parameter) -> int | None:
    value = parameter.value
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and parameter.operator in {">=", "<="} else None  # type: ignore[return-value] # is_whole


def _shortfall(parameter: Parameter) -> Outcome:
    if not parameter.is_verified:
        return Outcome.NEEDS_REVIEW
    return Outcome.PARTIAL if parameter.modality == "should" else Outcome.NOT_MET


def _demand(parameter: Parameter, language: str) -> str:
    is_least = parameter.operator == ">="
    if language == "zh":
        word = "宜" if parameter.modality == "should" else "应"
        return f"{word}{'不少于' if is_least else '不超过'} {parameter.value}"
    word = "should" if parameter.modality == "should" else "shall"
    return f"{word} be at {'least' if is_least else 'most'} {parameter.value}"


def verdict(context: CheckContext, name: StateName, *, zh: str, en: str) -> Point:
    """Ask one verdict of the newest verification of the ledger, which must not be old."""
    word, at = state_of(context, name), _verified_at(context)
    if word == BROKEN:
        return Point(Outcome.NOT_MET, f"{zh}：账本核验结果为“破坏”", f"{en}: the ledger's verification says broken")
    if word != HOLDS or at is None:
        return unknown(context, f"{zh}（请运行 guiju ledger verify）", f"{en} (run guiju ledger verify)")
    age = (context.as_of - at.date()).days
    if age > VERIFIED_WITHIN_DAYS:
        return Point(
            Outcome.STALE,
            f"{zh}：最近一次核验在 {age} 天前，请再运行 guiju ledger verify",
            f"{en}: last verified {age} days ago; run guiju ledger verify again",
        )
    return Point(Outcome.MET, f"{zh}：核验成立", f"{en}: verified")


def _verified_at(context: CheckContext) -> datetime | None:
    text = state_of(context, StateName.LEDGER_VERIFIED_AT)
    try:
        return from_iso(text) if isinstance(text, str) else None
    except ValueError:
        return None


def happened(context: CheckContext, *actions: str, zh: str, en: str) -> Point:
    """Say whether there is any entry of `actions`; none is a lack of evidence, not a failure."""
    facts = context.evidence.of(*actions)
    if facts.count == 0:
        return Point(Outcome.INSUFFICIENT, f"尚无{zh}的记录", f"no record yet of {en}")
    return Point(Outcome.MET, f"{zh}：{facts.count} 条记录", f"{en}: {facts.count} entries", facts)


def ended(context: CheckContext, *outcomes: str, zh: str, en: str) -> Point:
    """Say whether any exchange ended in one of `outcomes`; where none did, the ability is there but not shown."""
    endings = context.endings(SHOWN_WITHIN_DAYS)
    if endings is None:
        return unknown(context, zh, en)
    found = [endings[outcome] for outcome in outcomes if outcome in endings and endings[outcome].count]
    if not found:
        return Point(
            Outcome.INSUFFICIENT,
            f"{zh}：有此能力，但近一年没有发生过，没有证据",
            f"{en}: the ability is there, but it was not needed within a year, so there is no evidence",
        )
    count = sum(facts.count for facts in found)
    newest = max((facts for facts in found if facts.newest_at is not None), key=_newest, default=found[0])
    return Point(Outcome.MET, f"{zh}：{count} 次", f"{en}: {count} times", newest)


def _newest(facts: EvidenceFacts) -> str:
    return "" if facts.newest_at is None else facts.newest_at.isoformat()


def lacking(zh: str, en: str) -> Point:
    """Say what the obligation asks for and this house does not have yet."""
    return Point(Outcome.PARTIAL, zh, en, is_limit=True)


def for_a_person(zh: str, en: str) -> Point:
    """Say what only a person can judge."""
    return Point(Outcome.NEEDS_REVIEW, zh, en)
