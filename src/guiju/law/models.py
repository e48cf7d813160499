"""The nouns of the law room."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

FactValue: TypeAlias = bool | int | str | tuple[str, ...]


class Outcome(StrEnum):
    """What a check answers about an obligation. Unknown never becomes met (design §1)."""

    MET = "met"
    PARTIAL = "partial"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    INSUFFICIENT = "insufficient"
    NEEDS_REVIEW = "needs_review"
    STALE = "stale"
    NOT_RUN = "not_run"


OUTCOME_ZH = {
    Outcome.MET: "符合",
    Outcome.PARTIAL: "部分符合",
    Outcome.NOT_MET: "不符合",
    Outcome.NOT_APPLICABLE: "不适用",
    Outcome.INSUFFICIENT: "证据不足",
    Outcome.NEEDS_REVIEW: "待人工",
    Outcome.STALE: "过期",
    Outcome.NOT_RUN: "未运行",
}


class Applicability(StrEnum):
    """Whether an obligation binds this service: 适用, 不适用, or 待定 where a fact is not declared."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does_not_apply"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, regulation or standard.

    `binding` is one of statute, regulation, mandatory_standard, recommended_standard, guide. It is in force on the days
    `[effective_from, effective_to)`, as everything that is dated here.
    """

    id: str
    title: str
    title_en: str
    issuer: str
    binding: str
    effective_from: date
    effective_to: date | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """n units after an event.

    `unit` is working_day, day, hour or minute, or, with n = 0, immediate (立即) or promptly (及时: no number given).
    """

    n: int
    unit: str
    from_event: str


@dataclass(frozen=True, slots=True)
class EvidenceNeed:
    """What kind of evidence an obligation asks for, and how old it may be (days; None: it does not age)."""

    kind: str
    freshness_days: int | None


@dataclass(frozen=True, slots=True)
class PenaltyReference:
    """Where the penalty for a breach stands, with the version of that law by its effective date."""

    instrument: str
    article: str
    version: date
    note: str


@dataclass(frozen=True, slots=True)
class ClauseMapping:
    """A clause of a standard that details a provision. `relation`: details, tests, defines, penalises, repeats."""

    instrument: str
    clause: str
    relation: str
    rationale: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Predicate"


@dataclass(frozen=True, slots=True)
class Compare:
    """A declared fact compared with a value; `operator` is eq, in, contains or gte."""

    fact: str
    operator: str
    value: FactValue


Predicate: TypeAlias = AllOf | AnyOf | Not | Compare


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a provision demands of the provider.

    `id` is the provision's id, `#`, and a word: `cn/genai-measures-2023/art-14/para-1#stop-generation`.
    `applies_when` None means always (to a service that the Measures govern).
    """

    id: str
    provision_id: str
    verb: str
    object: str
    summary: str
    summary_en: str
    applies_when: Predicate | None
    deadline: Deadline | None
    evidence_needs: tuple[EvidenceNeed, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provision:
    """One article, paragraph or item, word for word, with the time it is in force: `[effective_from, effective_to)`.

    An item stands under its paragraph, and an article has at least one paragraph, also where the law counts none:
    `…/art-4/para-1/item-1`. An article repeats no text (`text` is empty); its `sha256` is that of the texts of its
    paragraphs and items, joined by line feeds. `kind` is article, paragraph or item; `label` is 第十四条, 第一款 or
    第一项; `addressee` is one of provider, user, provider_and_user, authority, assessor, state, everyone.
    """

    id: str
    instrument: str
    kind: str
    label: str
    parent: str | None
    text: str
    sha256: str
    chapter: str
    addressee: str
    effective_from: date
    effective_to: date | None
    is_assessable: bool
    informational_reason: str = ""
    obligations: tuple[Obligation, ...] = ()
    penalties: tuple[PenaltyReference, ...] = ()
    mappings: tuple[ClauseMapping, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated number or word of the law.

    `modality` is shall (应) or should (宜); `operator` one of >=, <=, >, <, ==, in.
    `value` is an int, a string, or a ratio as text ("0.95"); `confidence` is the code of the facts' source (S1 … M).
    A parameter that is not `is_verified` warns; it never fails anything.
    """

    id: str
    instrument: str
    clause: str
    title: str
    title_en: str
    value: FactValue
    unit: str
    operator: str
    modality: str
    source: str
    confidence: str
    effective_from: date
    effective_to: date | None

    @property
    def is_verified(self) -> bool:
        """Whether the number was read in the primary text, or in two agreeing secondary sources (S1, S2)."""
        return self.confidence in {"S1", "S2"}


@dataclass(frozen=True, slots=True)
class Risk:
    """One of the 31 of GB/T 45654 Appendix A, `A.1-a` … `A.5-b`."""

    id: str
    group: str
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something an operator declares about the service; `kind` is bool, int, text, choice or choices.

    `label` and `label_en` are the few words that a reason calls it by; `choices_zh` stands beside `choices`, in its
    order.
    """

    id: str
    question: str
    question_en: str
    kind: str
    choices: tuple[str, ...] = ()
    label: str = ""
    label_en: str = ""
    choices_zh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """The declared facts of one service; what is not in `facts` is not known."""

    facts: dict[str, FactValue] = field(default_factory=dict)
    declared_by: str = ""
    declared_on: date | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The answer for one obligation: applicability and the reason in Chinese and English; which facts are missing."""

    applicability: Applicability
    reason: str
    reason_en: str
    missing_facts: tuple[str, ...] = ()
