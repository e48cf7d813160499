"""What becomes of the keyword library: changes, their stages, and what they do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from guiju.law.models import Parameter
from guiju.moderation.models import Refusal
from guiju.moderation.writing import TermEntry


class ChangeState(StrEnum):
    """How far a change of the library is. `block` is its full force, whatever its terms ask for."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    OBSERVE = "observe"
    REVIEW = "review"
    BLOCK = "block"
    REVERTED = "reverted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Op(StrEnum):
    """What a change does to a term."""

    ADD = "add"
    CHANGE = "change"
    DISABLE = "disable"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class TermChange:
    """One term of a change.

    Attributes:
        op: what is done.
        entry: the term as it will be; for `disable` as it was.
        before: the term as it is now; None for one that is new.
        was_builtin: whether what is now in force is ours, so that it must be switched off to make room.
        term_id: the id of the term.
        phrase: for `allow`: the phrase that clears the term.
        watched: the id of the term whose hits measure the effect; a phrase on trial is watched as a term of its own.
    """

    op: Op
    entry: TermEntry
    before: TermEntry | None
    was_builtin: bool
    term_id: str
    watched: str
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class TermProposal:
    """What a person asks for: a new entry, or a term in force by its id and what shall become of it."""

    op: Op
    entry: TermEntry | None = None
    term_id: str = ""
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """What a person asks for, and why; `source_item` is the review that it comes from, empty for none."""

    title: str
    reason: str
    terms: tuple[TermProposal, ...]
    source_item: str = ""
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A recorded text on which a change would decide otherwise; `place` is a file and line for a folder's text."""

    exchange_id: str
    scope: str
    was: str
    would_be: str
    terms: tuple[str, ...]
    place: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change in full force would do to texts that are known.

    Attributes:
        made_at: when it was worked out.
        library_hash: with which library in force.
        source: `traffic` or the folder's name.
        texts: how many texts were looked at; characters: how long they are together.
        skipped: how many could not be read, by reason.
        blocked, reviewed, observed: how many would newly be held back, asked about, or only noted.
        passed: how many would no longer be held back; quieted: how many would only no longer ask for review.
        by_term: hits of the change's terms, the most frequent first.
        examples: some of them.
    """

    made_at: datetime
    library_hash: str
    source: str
    texts: int
    characters: int
    skipped: Mapping[str, int]
    blocked: int
    reviewed: int
    observed: int
    passed: int
    quieted: int
    by_term: tuple[tuple[str, int], ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class StageEffect:
    """What a change did in one stage: texts it found, hits in them, and what people said of those they looked at."""

    stage: str
    texts: int
    hits: int
    waiting: int
    harmful: int
    harmless: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was known when a step was taken: the effect of each stage so far, and the cautions that it went against."""

    effects: tuple[StageEffect, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One step of a change: who took it, to which state, why, and what had been measured until then."""

    version: int
    at: datetime
    person: str
    state: ChangeState
    reason: str
    measured: Measured
    entry_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the keyword library: proposed by one person, approved by another, put in force step by step."""

    id: str
    title: str
    reason: str
    author: str
    proposed_at: datetime
    state: ChangeState
    version: int
    terms: tuple[TermChange, ...] = ()
    source_item: str = ""
    approver: str | None = None
    approved_at: datetime | None = None
    staged_at: datetime | None = None
    previews: tuple[Preview, ...] = ()
    events: tuple[ChangeEvent, ...] = field(default=())
    term_count: int = 0


@dataclass(frozen=True, slots=True)
class Caution:
    """Why a step is not advised; a person may take it all the same, and that is recorded."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class UpdateDue:
    """When the library must be updated next, by which number of the law; None where it cannot be told."""

    updated: date | None
    due: date | None
    parameter: Parameter | None
    days_left: int | None
