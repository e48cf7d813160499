"""How controls read the ledger in one assessment: up to the end of the day asked for, and nothing twice."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import BEIJING
from guiju.ledger.models import Draft, EntryFacts, EntryQuery, Erased, Head, Receipt
from guiju.supervision.models import EvidenceFacts, ExchangeFacts, RoomState

# Entries that are evidence of the same kind as the one that the law's data names.
SAME_KIND: Mapping[str, tuple[str, ...]] = {"policy.activated": ("policy.activated", "policy.reloaded")}
_NEWEST = 5


class LedgerPort(Protocol):
    """What supervision asks of the ledger."""

    def facts(
        self, actions: Sequence[str], since: datetime | None, until: datetime | None, *, limit: int = 5
    ) -> EntryFacts:
        """Count the entries of `actions` from `since` to before `until`; name the newest `limit`."""
        ...

    def find(self, query: EntryQuery) -> list[Head]:
        """Return the heads that `query` asks for, newest first."""
        ...

    def body(self, entry_id: str) -> JsonObject | Erased | None:
        """Return the body of an entry, that it was erased, or None."""
        ...

    def append(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable."""
        ...


def end_of(day: date) -> datetime:
    """Return the instant at which a day in Beijing is over.

    Raises:
        OverflowError: there is no day after it.
    """
    return datetime.combine(day + timedelta(days=1), time(), BEIJING).astimezone(UTC)


class LedgerEvidence:
    """The ledger up to the end of one day; each question is asked of the database once."""

    def __init__(self, ledger: LedgerPort, until: datetime) -> None:
        """Read what happened before `until`."""
        self._ledger = ledger
        self._until = until
        self._known: dict[tuple[frozenset[str], int | None], EvidenceFacts] = {}

    def of(self, *actions: str, days: int | None = None) -> EvidenceFacts:
        """Return the entries with any of `actions`, in the last `days` before the day's end (None: ever)."""
        wanted = frozenset(name for action in actions for name in SAME_KIND.get(action, (action,)))
        key = (wanted, days)
        if key not in self._known:
            since = None if days is None else self._until - timedelta(days=days)
            facts = self._ledger.facts(sorted(wanted), since, self._until, limit=_NEWEST)
            self._known[key] = EvidenceFacts(facts.count, facts.newest_ids, facts.newest_at)
        return self._known[key]


class Endings:
    """How exchanges ended up to the end of one day; each time is asked for once."""

    def __init__(self, exchange_facts: ExchangeFacts, until: datetime) -> None:
        """Read what ended before `until`."""
        self._exchange_facts = exchange_facts
        self._until = until
        self._known: dict[int | None, Mapping[str, EvidenceFacts] | None] = {}

    def __call__(self, days: int | None) -> Mapping[str, EvidenceFacts] | None:
        """Return the facts of the last `days` (None: ever) by outcome, or None when nobody can tell."""
        if days not in self._known:
            since = None if days is None else self._until - timedelta(days=days)
            self._known[days] = self._exchange_facts(since, self._until)
        return self._known[days]


class NoState:
    """The state of other rooms on a past day, which nobody wrote down."""

    def value(self, name: str) -> bool | int | str | None:
        """Know nothing."""
        del name
        return None


class StateOnce:
    """The present state of other rooms, each fact asked for once, so that one assessment agrees with itself."""

    def __init__(self, state: RoomState) -> None:
        """Ask `state`."""
        self._state = state
        self._known: dict[str, bool | int | str | None] = {}

    def value(self, name: str) -> bool | int | str | None:
        """Return the named fact, or None when the room cannot tell."""
        if name not in self._known:
            self._known[name] = self._state.value(name)
        return self._known[name]
