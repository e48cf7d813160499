"""What waits for people: items, verdicts, and what is shown of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guiju.moderation.models import Explanation, Scope, Term


class Reason(StrEnum):
    """Why a text waits for people."""

    OBJECTION = "objection"  # the person objected
    HELD = "held"  # policy held it back for a person
    UNDETERMINED = "undetermined"  # a detector failed
    TRIAL = "trial"  # a change of the library that is on trial found something in it
    ASKED = "asked"  # a finding asks for review
    UNCERTAIN = "uncertain"  # a score near its threshold
    REVERSAL = "reversal"  # somebody turned a decision round without a review before it
    SAMPLED = "sampled"  # drawn from the rest


class ItemState(StrEnum):
    """How far an item is: waiting for two verdicts, for a third person, or settled."""

    OPEN = "open"
    ARBITRATION = "arbitration"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """What an operator may choose about reviewing.

    Attributes:
        sample_share: how much of what no policy sends here is drawn all the same, 0 to 1.
        uncertain_low: a detector's score from here on …
        uncertain_high: … up to here is uncertain.
        due_hours: until an item should be settled; one that a person waits for has a quarter of it.
        trial_items: how many texts that a change on trial found are queued, in each stage.
        stage_hours: how long a change should be on trial in each stage.
    """

    sample_share: float = 0.01
    uncertain_low: float = 0.35
    uncertain_high: float = 0.65
    due_hours: float = 24.0
    trial_items: int = 30
    stage_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One text that waits for people, or that they settled. It holds nothing that anybody said.

    Attributes:
        id: UUID.
        exchange_id: the exchange.
        entry_id: the ledger entry whose body holds the text.
        scope: what came in, or what went out.
        reason: why it is here.
        priority: the smaller, the sooner.
        action: what policy decided then.
        proposed: the risks that detectors saw.
        policy_hash: the policy bundle that decided.
        said_at: when it happened; queued_at: when it came here; due_at: when it should be settled.
        repeats: how often the very same text came again and was counted here instead of queued.
        state: how far it is.
        outcome: the risks that people settled on, empty for harmless; None before.
        settled_at: when.
        objection_entry: the newest objection to it; empty for none. answer_entry: its answer; empty for none yet.
        reversed_by: who turned the decision round; None for nobody. reversed_entry: the entry that says so.
    """

    id: str
    exchange_id: str
    entry_id: str
    scope: Scope
    reason: Reason
    priority: int
    action: str
    proposed: tuple[str, ...]
    policy_hash: str
    said_at: datetime
    queued_at: datetime
    due_at: datetime
    repeats: int = 0
    state: ItemState = ItemState.OPEN
    outcome: tuple[str, ...] | None = None
    settled_at: datetime | None = None
    objection_entry: str = ""
    answer_entry: str = ""
    reversed_by: str | None = None
    reversed_entry: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether nobody waits for an answer to an objection."""
        return not self.objection_entry or bool(self.answer_entry)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one person made of an item: risks, the gravest first; none for harmless. Its note stands in the ledger."""

    item_id: str
    reviewer: str
    seat: int
    risks: tuple[str, ...]
    at: datetime
    entry_id: str


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items are wanted, the most urgent first; settled ones newest first."""

    state: ItemState | None = None
    reason: Reason | None = None
    risk: str = ""
    overdue_at: datetime | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many items wait, by reason; how many are late, need a third person, or wait for an answer."""

    by_reason: Mapping[str, int]
    waiting: int
    overdue: int
    arbitration: int
    objections: int
    settled: int
    oldest_due: datetime | None
    looked_to: int
    behind: int


@dataclass(frozen=True, slots=True)
class Said:
    """One text of an exchange: who said it, and whether the client got it."""

    role: str
    text: str
    was_released: bool = True


@dataclass(frozen=True, slots=True)
class Nearest:
    """A term of the library that is near to a stretch of a text: so many edits away."""

    term: Term
    distance: int


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding as the ledger has it; `score` is empty where a detector gives none."""

    detector: str
    risks: tuple[str, ...]
    level: str
    wish: str
    start: int
    end: int
    term_id: str
    view: str
    score: str = ""


@dataclass(frozen=True, slots=True)
class OpenedItem:
    """An item with what was said, for a person who may read it and whose looking is on record.

    Attributes:
        item: the item.
        is_erased: whether the person's data was erased; then there is no text.
        context: the texts before the one in question.
        text: the text in question.
        recorded: what was found then.
        reason: why policy decided as it did, as recorded.
        explanation: what the policy in force makes of it now; None where there is no text.
        nearest: for each finding of the explanation, the terms nearest to what was found.
        objection: what the person wrote; empty for nothing.
        contact: how the person wants to be reached.
    """

    item: ReviewItem
    is_erased: bool
    context: tuple[Said, ...] = ()
    text: Said | None = None
    recorded: tuple[RecordedFinding, ...] = ()
    reason: str = ""
    explanation: Explanation | None = None
    nearest: tuple[tuple[Nearest, ...], ...] = ()
    objection: str = ""
    contact: str = ""
