"""The nouns of supervision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from guiju.law.models import Applied, Obligation, Outcome, Parameter, Profile, Provision


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one control answered for one obligation on one day.

    Attributes:
        control_id: who answered.
        outcome: the answer.
        reason: why, in Chinese; reason_en in English.
        evidence: ids of ledger entries that carry the answer, newest first.
        evidence_at: when the newest of them happened.
    """

    control_id: str
    outcome: Outcome
    reason: str
    reason_en: str
    evidence: tuple[str, ...] = ()
    evidence_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """How many entries of an action there are in a time, and the newest of them."""

    count: int
    newest_ids: tuple[str, ...]
    newest_at: datetime | None


class Evidence(Protocol):
    """How a control reads the ledger: only what happened up to the end of the day that is asked for."""

    def of(self, *actions: str, days: int | None = None) -> EvidenceFacts:
        """Return the entries with any of `actions`, in the last `days` before the day asked for (None: ever)."""
        ...


class RoomState(Protocol):
    """How a control reads the present state of other rooms, as plain words and counts."""

    def value(self, name: str) -> bool | int | str | None:
        """Return the named fact, or None when the room cannot tell."""
        ...


class ExchangeFacts(Protocol):
    """How a control reads how exchanges ended, from an index that opens no body."""

    def __call__(self, since: datetime | None, until: datetime | None) -> Mapping[str, EvidenceFacts] | None:
        """Return the closing entries that happened from `since` to before `until`, by outcome; None: cannot tell."""
        ...


def no_exchange_facts(since: datetime | None, until: datetime | None) -> Mapping[str, EvidenceFacts] | None:
    """Tell nothing about how exchanges ended, where nobody keeps an index of them."""
    del since, until
    return None


def _no_endings(days: int | None) -> Mapping[str, EvidenceFacts] | None:
    del days
    return None


def _no_parameter(parameter_id: str) -> Parameter | None:
    del parameter_id
    return None


@dataclass(frozen=True, slots=True)
class CheckContext:
    """All that a check may look at.

    Attributes:
        as_of: the day that is asked for, a day in Beijing.
        is_today: whether that day is today; on a past day `state` knows nothing.
        evidence: the ledger up to the end of that day.
        state: the present state of other rooms.
        profile: what the operator declared about the service.
        endings: how exchanges ended, by outcome, in so many days up to the end of that day (None: ever); None when
            nobody can tell.
        parameter: a number of the law as of that day, or None when no version of it is in force then.
    """

    as_of: date
    is_today: bool
    evidence: Evidence
    state: RoomState
    profile: Profile
    endings: Callable[[int | None], Mapping[str, EvidenceFacts] | None] = _no_endings
    parameter: Callable[[str], Parameter | None] = _no_parameter


Check = Callable[[CheckContext], CheckResult]


@dataclass(frozen=True, slots=True)
class Control:
    """What in Guiju meets an obligation, and how it is asked."""

    id: str
    title: str
    title_en: str
    obligations: tuple[str, ...]
    check: Check


@dataclass(frozen=True, slots=True)
class Override:
    """A named person's own answer to an obligation, with the reason; an entry in the ledger."""

    obligation_id: str
    outcome: Outcome
    person: str
    reason: str
    declared_at: datetime
    entry_id: str


@dataclass(frozen=True, slots=True)
class RecordedReason:
    """Why no control asks about an obligation; until a person declares, its outcome is needs_review or not_run."""

    obligation_id: str
    outcome: Outcome
    reason: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class ObligationState:
    """Where the service stands on one obligation."""

    obligation: Obligation
    applied: Applied
    outcome: Outcome
    reason: str
    reason_en: str
    checks: tuple[CheckResult, ...]
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class ArticleState:
    """Where the service stands on one article; `outcome` None for an article that only informs."""

    article: Provision
    paragraphs: tuple[Provision, ...]
    outcome: Outcome | None
    obligations: tuple[ObligationState, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The law page: every article of the Measures on one day."""

    as_of: date
    assessed_at: datetime
    articles: tuple[ArticleState, ...]
