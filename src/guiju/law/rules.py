"""Pure decisions of the law room: does it bind, is it in force, and what do several outcomes come to.

The algebra of outcomes. Outcomes that say something stand in one order, worst first:

    not_met < partial < insufficient < not_run < needs_review < stale < met

and `not_applicable` stands aside. What is known to be lacking comes before what is not known, and all that is not known
comes before met, so unknown never becomes met, and no further outcome ever makes the whole look better. The combination
is the worst of all: met beside not_met is not_met. `partial` is only ever a check's own word about one obligation; the
combination invents no middle.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Protocol

from guiju.kit.clock import BEIJING
from guiju.law.models import Applicability, Applied, Compare, Fact, FactValue, Obligation, Outcome, Profile
from guiju.law.predicates import Truth, evaluate, every

SCOPE_PROVISION = "cn/genai-measures-2023/art-2/para-1"
OUT_OF_SCOPE_PROVISION = "cn/genai-measures-2023/art-2/para-3"
SCOPE_FACT = "serves_public_in_mainland"

_WORST_FIRST = (
    Outcome.NOT_MET,
    Outcome.PARTIAL,
    Outcome.INSUFFICIENT,
    Outcome.NOT_RUN,
    Outcome.NEEDS_REVIEW,
    Outcome.STALE,
    Outcome.MET,
    Outcome.NOT_APPLICABLE,
)
_RANK = {outcome: rank for rank, outcome in enumerate(_WORST_FIRST)}
_FILED_AS_IS = frozenset({Outcome.MET, Outcome.NOT_APPLICABLE})


class Dated(Protocol):
    """Something that is in force from a day, and perhaps to one."""

    @property
    def effective_from(self) -> date:
        """The first day in force."""
        ...

    @property
    def effective_to(self) -> date | None:
        """The first day no longer in force; None for no end."""
        ...


def in_force(thing: Dated, on: date) -> bool:
    """Say whether a provision, parameter or instrument is in force on a day: `[effective_from, effective_to)`."""
    return thing.effective_from <= on and (thing.effective_to is None or on < thing.effective_to)


def combine(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of several outcomes; not_applicable only where all are; not_run where there are none."""
    return min(outcomes, key=_RANK.__getitem__, default=Outcome.NOT_RUN)


def is_worse(one: Outcome, other: Outcome) -> bool:
    """Say whether `one` stands before `other` in the order of the module's docstring."""
    return _RANK[one] < _RANK[other]


def with_freshness(
    outcome: Outcome, evidence_at: datetime | None, *, as_of: date, freshness_days: int | None
) -> Outcome:
    """Let a met outcome fall where its evidence is too old, missing or from after the day that is asked for.

    Evidence older than `freshness_days` makes it stale; none where some is needed, or only from after `as_of`, makes
    it insufficient. `freshness_days` None: the evidence does not age. Every other outcome stays what it is, because
    the age of evidence mends nothing. Days are days in Beijing.

    Raises:
        ValueError: `evidence_at` has no time zone.
    """
    if evidence_at is not None and evidence_at.tzinfo is None:
        raise ValueError("evidence_at must be an aware datetime")
    if outcome is not Outcome.MET:
        return outcome
    if evidence_at is None:
        return outcome if freshness_days is None else Outcome.INSUFFICIENT
    age = (as_of - evidence_at.astimezone(BEIJING).date()).days
    if age < 0:
        return Outcome.INSUFFICIENT
    return Outcome.STALE if freshness_days is not None and age > freshness_days else outcome


def fold_for_filing(outcome: Outcome) -> Outcome:
    """Fold to the three words of a filing: met 符合, not_met 不符合, not_applicable 不适用.

    What is partial, not known, not run or out of date cannot be filed as 符合, so it is 不符合 (TC260-003 chapter 9).
    """
    return outcome if outcome in _FILED_AS_IS else Outcome.NOT_MET


def apply(obligation: Obligation, profile: Profile, facts: Mapping[str, Fact] | None = None) -> Applied:
    """Decide whether an obligation binds the service that `profile` declares, and say which facts decided.

    The Measures govern only a service to the public in the mainland (Article 2); then the obligation's own condition
    decides. A fact that is not declared gives undecided, unless the others already decide.

    Args:
        obligation: what is demanded.
        profile: the declared facts.
        facts: the facts by id, for their names in the reason; without them the reason speaks in ids.
    """
    scope = evaluate(Compare(SCOPE_FACT, "eq", value=True), profile.facts)
    own = Truth(value=True) if obligation.applies_when is None else evaluate(obligation.applies_when, profile.facts)
    names = facts or {}
    if scope.value is False:
        return _does_not_apply(scope, profile, names, reason=_OUT_OF_SCOPE)
    whole = every([scope, own])
    if whole.value is None:
        return _undecided(whole, names)
    if whole.value is False:
        return _does_not_apply(whole, profile, names, reason=_CONDITION_FALSE)
    return Applied(
        Applicability.APPLIES,
        f"适用：已声明{_said(whole, profile, names, language='zh')}。",
        f"Applies: declared {_said(whole, profile, names, language='en')}.",
    )


_OUT_OF_SCOPE = (
    "不适用：依第二条第三款，未向境内公众提供服务的，不适用本办法；已声明{facts}。",
    "Does not apply: Article 2, paragraph 3 leaves out what is not offered to the mainland's public; declared {facts}.",
)
_CONDITION_FALSE = (
    "不适用：该义务的条件不成立；已声明{facts}。",
    "Does not apply: its condition does not hold; declared {facts}.",
)


def _does_not_apply(truth: Truth, profile: Profile, names: Mapping[str, Fact], *, reason: tuple[str, str]) -> Applied:
    return Applied(
        Applicability.DOES_NOT_APPLY,
        reason[0].format(facts=_said(truth, profile, names, language="zh")),
        reason[1].format(facts=_said(truth, profile, names, language="en")),
    )


def _undecided(truth: Truth, names: Mapping[str, Fact]) -> Applied:
    zh = "、".join(_name(fact, names, "zh") for fact in truth.missing)
    en = ", ".join(_name(fact, names, "en") for fact in truth.missing)
    return Applied(
        Applicability.UNDECIDED,
        f"待定：尚未声明{zh}，请在服务画像中填写。",
        f"Undecided: not declared yet: {en}; fill it in in the service profile.",
        truth.missing,
    )


def _said(truth: Truth, profile: Profile, names: Mapping[str, Fact], *, language: str) -> str:
    parts = [
        f"{_name(fact, names, language)} = {_word(fact, profile, names, language=language)}" for fact in truth.deciding
    ]
    return ("、" if language == "zh" else ", ").join(parts)


def _name(fact: str, names: Mapping[str, Fact], language: str) -> str:
    known = names.get(fact)
    label = "" if known is None else (known.label if language == "zh" else known.label_en)
    if not label:
        return fact
    return f"“{label}”" if language == "zh" else f'"{label}"'


def _word(fact: str, profile: Profile, names: Mapping[str, Fact], *, language: str) -> str:
    known = names.get(fact)
    words = dict(zip(known.choices, known.choices_zh, strict=False)) if known is not None and language == "zh" else {}
    return _value_word(profile.facts[fact], words, language)


def _value_word(value: FactValue, words: Mapping[str, str], language: str) -> str:
    if isinstance(value, bool):
        return {("zh", True): "是", ("zh", False): "否", ("en", True): "yes", ("en", False): "no"}[language, value]
    if isinstance(value, tuple):
        none = "无" if language == "zh" else "none"
        return ("、" if language == "zh" else ", ").join(words.get(item, item) for item in value) or none
    return words.get(str(value), str(value))
