"""Takes in what the ledger has gained: read behind the hot path, resumable, each text at most once."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from guiju.kit.clock import BEIJING, Clock
from guiju.kit.ids import new_id
from guiju.ledger.models import EntryQuery, Erased, Head, Sift
from guiju.review import rules
from guiju.review.evidence import ACTIONS, OBJECTED, Body, LedgerPort, RecordedText, exchange_of, is_quiet, read_text
from guiju.review.models import Reason, ReviewItem, ReviewSettings
from guiju.review.repository import Batch, Hit, IntakeRepository

_PAGE = 600
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Watch:
    """A term whose hits are measured for a change: since when in which stage, the earliest first."""

    change_id: str
    stages: tuple[tuple[datetime, str], ...]

    def stage_at(self, at: datetime) -> str:
        """Return the stage at an instant; empty before the first and after the change was taken back."""
        return next((stage for since, stage in reversed(self.stages) if since <= at), "")


class Intake:
    """Reads the ledger from where it stopped, and sends to people what policy or the draw says."""

    def __init__(
        self,
        repository: IntakeRepository,
        ledger: LedgerPort,
        clock: Clock,
        *,
        settings: ReviewSettings,
        watched: Callable[[], Mapping[str, Watch]],
    ) -> None:
        """Read `ledger`; `watched` tells which terms are on trial."""
        self._repository = repository
        self._ledger = ledger
        self._clock = clock
        self._settings = settings
        self._watched = watched
        # Of texts that wait: item and exchange by a hash of the text; in memory only, where an erasure leaves nothing.
        self._seen: OrderedDict[bytes, tuple[str, str]] = OrderedDict()
        self._trials: Counter[tuple[str, str]] = Counter()

    def behind(self) -> int:
        """Return how many entries have not been looked at."""
        size = self._ledger.size()
        return size - min(size, self._repository.looked_to() or 0)

    def tally(self) -> Mapping[str, int]:
        """Return what was counted so far: texts looked at, and what did not become an item of its own, by reason."""
        return self._repository.tally()

    def take(self) -> int:
        """Look at the next stretch of the ledger; return how many entries it had, 0 when nothing is left.

        Raises:
            StorageError: the ledger or the database does not answer; the stretch is looked at again next time.
        """
        since = self._repository.looked_to()
        if since is None:
            self._repository.begin_at(0)
            since = self._repository.looked_to() or 0
        to = min(since + _PAGE, self._ledger.size())
        if to <= since:
            return 0
        batch = Batch()
        watched = self._watched()
        for head, body in self._ledger.sifted(since, to, self._sieve(batch)):
            self._look(head, batch, watched=watched, body=body)
        day = self._clock.now().astimezone(BEIJING).date().isoformat()
        is_kept = False
        try:
            is_kept = self._repository.keep(batch, since=since, to=to, day=day)
        finally:
            if not is_kept:  # what was remembered of this stretch points to items that are not there
                self._seen.clear()
        return to - since

    def _sieve(self, batch: Batch) -> Sift:
        """Return what passes over the entries that nobody wants to look at, which are nearly all, and counts them."""

        def is_wanted(action: str, commitment: bytes, body: Body) -> bool:
            if action not in ACTIONS:
                return False
            if not isinstance(body, dict) or action == OBJECTED or not is_quiet(body):
                return True
            if rules.is_drawn(commitment.hex(), self._settings.sample_share):
                return True
            batch.tally["texts"] += 1
            return False

        return is_wanted

    def _look(self, head: Head, batch: Batch, *, watched: Mapping[str, Watch], body: Body) -> None:
        if head.action == OBJECTED:
            self._object(head, batch)
        elif isinstance(body, dict):
            self._judge(head, read_text(head.action, body), batch, watched=watched)
        else:  # counted, never dropped without a word; an erased text is not queued at all
            batch.tally["erased" if isinstance(body, Erased) else "unreadable"] += 1

    def _judge(self, head: Head, body: RecordedText, batch: Batch, *, watched: Mapping[str, Watch]) -> None:
        batch.tally["texts"] += 1
        found = self._trial_hits(head, body, batch, watched=watched)
        reason = rules.reason_to_review(body.action, body.findings, self._settings, is_on_trial=found)
        if reason is None and body.texts and rules.is_drawn(head.commitment, self._settings.sample_share):
            reason = Reason.SAMPLED
        if reason is None:
            return
        if not any(said.text for said in body.texts):
            batch.tally["no_text"] += 1
            return
        self._queue(head, body, batch, reason=reason)

    def _trial_hits(self, head: Head, body: RecordedText, batch: Batch, *, watched: Mapping[str, Watch]) -> bool:
        """Note what changes of the library found; return whether one on trial wants this text judged."""
        counts = Counter(finding.term_id for finding in body.findings if finding.term_id in watched)
        is_wanted = False
        hits: Counter[tuple[str, str]] = Counter()
        for term_id, count in counts.items():
            stage = watched[term_id].stage_at(head.occurred_at)
            if stage:
                hits[watched[term_id].change_id, stage] += count
        for (change_id, stage), count in hits.items():
            batch.hits.append(Hit(change_id, exchange_of(head), body.scope.value, stage, head.occurred_at, count))
            if self._trials[change_id, stage] < self._settings.trial_items:
                self._trials[change_id, stage] += 1
                is_wanted = True
        return is_wanted

    def _queue(self, head: Head, body: RecordedText, batch: Batch, *, reason: Reason) -> None:
        key = hashlib.sha256(f"{body.scope}\x00{body.texts[-1].text}\x00{head.policy_hash}".encode()).digest()
        known = self._seen.get(key)
        is_again = known is not None and known[1] != exchange_of(head)
        if known is not None and is_again and reason not in {Reason.HELD, Reason.TRIAL}:
            batch.repeats[known[0]] += 1
            batch.tally["repeats"] += 1
            return
        item = self.item_for(head, body, reason)
        self._seen[key] = (item.id, item.exchange_id)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        batch.items.append(item)
        batch.tally[reason.value] += 1

    def item_for(self, head: Head, body: RecordedText, reason: Reason) -> ReviewItem:
        """Make an item for the text of an entry."""
        now = self._clock.now()
        return ReviewItem(
            id=new_id(),
            exchange_id=exchange_of(head),
            entry_id=head.id,
            scope=body.scope,
            reason=reason,
            priority=rules.priority_of(reason),
            action=body.action,
            proposed=body.risks,
            policy_hash=head.policy_hash,
            said_at=head.occurred_at,
            queued_at=now,
            due_at=rules.due_at(reason, now, self._settings),
        )

    def _object(self, head: Head, batch: Batch) -> None:
        """Link an objection to the text it is about: what was stopped, or else what was answered."""
        exchange_id = exchange_of(head)
        found = disputed(self._ledger, exchange_id)
        if found is None:
            batch.tally["objection_without_text"] += 1
            return
        entry, body = found
        batch.items.append(self.item_for(entry, body, Reason.OBJECTION))  # kept where there is none for this text
        due = rules.due_at(Reason.OBJECTION, self._clock.now(), self._settings)
        batch.objections[exchange_id, body.scope.value] = (head.id, due)
        batch.tally[Reason.OBJECTION.value] += 1


def disputed(ledger: LedgerPort, exchange_id: str) -> tuple[Head, RecordedText] | None:
    """Return the entry whose text was stopped, or the answer's where none was; None where no text is left."""
    heads = ledger.find(EntryQuery(actions=ACTIONS[:3], subject=f"exchange:{exchange_id}", limit=10))
    found: list[tuple[Head, RecordedText]] = []
    for head in heads:
        body = ledger.body(head.id)
        if isinstance(body, dict):
            found.append((head, read_text(head.action, body)))
    stopped = [pair for pair in found if pair[1].action in rules.STOPPED]
    with_text = [pair for pair in found if pair[1].texts]
    return next(iter(stopped or with_text), None)
