"""The queue: what waits, what people make of it, and what follows."""

from collections.abc import Sequence
from datetime import datetime

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import Clock
from guiju.kit.errors import InputError, NotFoundError, RefusedError
from guiju.kit.ids import new_id
from guiju.ledger.models import SYSTEM_PERSON, Draft, Erased
from guiju.moderation.models import RISK_IDS
from guiju.review import rules
from guiju.review.evidence import OBJECTED, LedgerPort, exchange_of
from guiju.review.models import (
    ItemQuery,
    ItemState,
    OpenedItem,
    QueueCounts,
    Reason,
    ReviewItem,
    Verdict,
)
from guiju.review.repository import ItemRepository
from guiju.review.service.intake import Intake, disputed
from guiju.review.service.opening import ItemOpener

CONTENT = "cn/genai-measures-2023/art-4"
DISPOSAL = "cn/genai-measures-2023/art-14"
COMPLAINTS = "cn/genai-measures-2023/art-15"
KINDS = ("training", "test")
LONGEST_NOTE = 2000


class ReviewQueue:
    """What people do with the texts that wait for them. Safe to call from several threads."""

    def __init__(
        self,
        repository: ItemRepository,
        ledger: LedgerPort,
        clock: Clock,
        *,
        intake: Intake,
        opener: ItemOpener,
    ) -> None:
        """Keep items in `repository`, and everything that was said about them in `ledger`."""
        self._repository = repository
        self._ledger = ledger
        self._clock = clock
        self._intake = intake
        self._opener = opener

    # --- looking ----------------------------------------------------------------------------------------------------

    def items(self, query: ItemQuery) -> list[ReviewItem]:
        """Return the items that match, the most urgent first."""
        return self._repository.items(query)

    def count(self, query: ItemQuery) -> int:
        """Count the items that match."""
        return self._repository.count(query)

    def counts(self) -> QueueCounts:
        """Return how much waits, and how far the ledger was looked through."""
        repository, now = self._repository, self._clock.now()
        by_reason = repository.waiting_by_reason()
        behind = self._intake.behind()
        return QueueCounts(
            by_reason=by_reason,
            waiting=sum(by_reason.values()),
            overdue=repository.count(ItemQuery(overdue_at=now)),
            arbitration=repository.count(ItemQuery(state=ItemState.ARBITRATION)),
            objections=repository.unanswered(),
            settled=repository.count(ItemQuery(state=ItemState.SETTLED)),
            oldest_due=repository.oldest_due(),
            looked_to=self._ledger.size() - behind,
            behind=behind,
        )

    def item(self, item_id: str) -> ReviewItem:
        """Return one item.

        Raises:
            NotFoundError: there is none.
        """
        item = self._repository.item(item_id)
        if item is None:
            raise NotFoundError("没有这个复核条目。", "There is no such item.", where="item")
        return item

    def of_exchange(self, exchange_id: str) -> list[ReviewItem]:
        """Return the items about an exchange."""
        return self._repository.of_exchange(exchange_id)

    def next_for(self, reviewer: str, *, after: str = "") -> ReviewItem | None:
        """Return the most urgent item that waits for this person; with `after`, the next one behind that item."""
        start = self._repository.item(after) if after else None
        found = self._repository.next_for(reviewer, after=start)
        return found or (self._repository.next_for(reviewer) if start is not None else None)

    def progress(self, items: Sequence[ReviewItem], reviewer: str) -> dict[str, tuple[int, bool]]:
        """Return for each item how many verdicts are in, and whether one is this person's; never what they say."""
        ids = [item.id for item in items]
        counts, mine = self._repository.verdict_count(ids), self._repository.judged_by(reviewer, ids)
        return {item_id: (counts.get(item_id, 0), item_id in mine) for item_id in ids}

    def opened(self, item_id: str) -> OpenedItem:
        """Return an item with its text, for a person whose looking is on record already.

        Raises:
            NotFoundError: there is none.
            StorageError: the text should be readable and is not.
        """
        return self._opener.open(self.item(item_id))

    def verdicts(self, item_id: str) -> tuple[Verdict, ...]:
        """Return the verdicts on an item, once both independent ones are in; none before.

        Raises:
            NotFoundError: there is no such item.
        """
        item, verdicts = self.item(item_id), self._repository.verdicts(item_id)
        return tuple(verdicts) if rules.may_see_verdicts(item, verdicts) else ()

    def note_of(self, verdict: Verdict) -> str:
        """Return the note of a verdict; empty for none, or where its person was erased."""
        body = self._ledger.body(verdict.entry_id)
        return str(body.get("note") or "") if isinstance(body, dict) else ""

    def has_judged(self, item_id: str, reviewer: str) -> bool:
        """Return whether the person has judged the item."""
        return item_id in self._repository.judged_by(reviewer, [item_id])

    # --- judging ----------------------------------------------------------------------------------------------------

    def judge(self, item_id: str, reviewer: str, risks: Sequence[str], *, note: str = "") -> ReviewItem:
        """Take a person's verdict: risks, the gravest first; none for harmless.

        Raises:
            NotFoundError: there is no such item.
            InputError: a risk that there is not, or too long a note.
            SeatTakenError: the person's verdict is not wanted.
            StorageError: it could not be made durable.
        """
        item = self.item(item_id)
        risks = _checked_risks(risks)
        note = _checked_note(note)
        rules.seat_for(reviewer, item, self._repository.verdicts(item_id))
        body: JsonObject = {"item": item.id, "risks": list(risks), "note": note}
        entry_id = self._record("review.judged", item, body, person=reviewer)
        verdict = Verdict(item.id, reviewer, 0, risks, self._clock.now(), entry_id)
        changed = self._repository.add_verdict(verdict, seat_for=rules.seat_for, settle=rules.settle)
        if changed.state is ItemState.SETTLED:
            self._settled(changed)
        return changed

    def _settled(self, item: ReviewItem) -> None:
        body: JsonObject = {
            "item": item.id,
            "outcome": list(item.outcome or ()),
            "action": item.action,
            "wrong_block": rules.is_wrong_block(item),
            "missed": rules.is_missed(item),
        }
        self._record("review.settled", item, body)

    def close_erased(self, item_id: str, person: str) -> ReviewItem:
        """Close an item whose text was erased: there is nothing left to judge.

        Raises:
            NotFoundError: there is no such item.
            RefusedError: its text is there, or it is settled.
            StorageError: it could not be made durable.
        """
        item = self.item(item_id)
        if item.state is ItemState.SETTLED or self._opener.text_of(item) is not None:
            raise RefusedError("正文还在，请作出判断。", "The text is there; judge it.")
        self._record("review.closed_erased", item, {"item": item.id}, person=person)
        return self._repository.close(item.id, self._clock.now())

    def reverse(self, item_id: str, person: str, reason: str) -> ReviewItem:
        """Turn a wrong block round: one step, with its reason; a waiting objection is answered by it.

        Raises:
            NotFoundError: there is no such item.
            InputError: there is no reason, or too long a one.
            RefusedError: nothing was held back.
            StaleError: it was turned round already.
            StorageError: it could not be made durable.
        """
        item, reason = self.item(item_id), _checked_reason(reason)
        if item.action not in rules.STOPPED:
            raise RefusedError(
                "这条内容当时没有被拦截，无须撤销。", "This text was not held back; there is nothing to turn round."
            )
        if item.reversed_by is not None:
            raise RefusedError("已经改判过。", "It was turned round already.")
        entry_id = self._record("review.reversed", item, {"item": item.id, "reason": reason}, person=person)
        changed = self._repository.reverse(item.id, by=person, entry_id=entry_id, at=self._clock.now())
        if changed.objection_entry and not changed.answer_entry:
            changed = self.answer(item.id, person, reason, is_upheld=True)
        return changed

    def reverse_exchange(self, exchange_id: str, person: str, reason: str) -> ReviewItem:
        """Turn round the block of an exchange that may not be in the queue yet.

        Raises:
            NotFoundError: nothing is recorded of the exchange, or its text was erased.
            InputError, RefusedError, StaleError, StorageError: as `reverse`.
        """
        found = disputed(self._ledger, exchange_id)
        if found is None:
            raise NotFoundError(
                "没有这次对话的正文可供改判：可能已被删除。",
                "There is no text of this exchange to decide about; it may have been erased.",
            )
        reason = _checked_reason(reason)
        item = self._repository.add(self._intake.item_for(*found, Reason.REVERSAL))
        return self.reverse(item.id, person, reason)

    def answer(self, item_id: str, person: str, text: str, *, is_upheld: bool) -> ReviewItem:
        """Answer an objection: an entry under the key of the person who objected (article 15).

        Raises:
            NotFoundError: there is no such item.
            InputError: there is no text, or too long a one.
            RefusedError: nobody objected, or it was answered.
            StaleError: somebody else was faster.
            StorageError: it could not be made durable.
        """
        item, text = self.item(item_id), _checked_reason(text)
        if not item.objection_entry or item.answer_entry:
            raise RefusedError("没有待答复的异议。", "No objection waits for an answer.")
        head = self._ledger.entry_by_id(item.objection_entry)
        whom = head.actor.removeprefix("person:") if head is not None else SYSTEM_PERSON
        body: JsonObject = {
            "objection": item.objection_entry,
            "upheld": is_upheld,
            "text": text,
            "item": item.id,
        }
        draft = Draft(
            "objection.answered",
            f"staff:{person}",
            f"exchange:{item.exchange_id}",
            body,
            person=whom,
            provisions=(COMPLAINTS,),
        )
        entry_id = self._ledger.append(draft).id
        self._repository.answer(item.id, item.objection_entry, entry_id)
        return self.item(item_id)

    def answers_to(self, exchange_id: str, person: str) -> tuple[tuple[bool, str, datetime], ...]:
        """Return the answers that a person got to objections about an exchange: upheld, text, when."""
        found = []
        for item in self._repository.of_exchange(exchange_id):
            head = self._ledger.entry_by_id(item.objection_entry) if item.answer_entry else None
            if head is None or head.action != OBJECTED or head.actor != f"person:{person}":
                continue
            answer, body = self._ledger.entry_by_id(item.answer_entry), self._ledger.body(item.answer_entry)
            if answer is not None and isinstance(body, dict) and exchange_of(answer) == exchange_id:
                found.append((bool(body.get("upheld")), str(body.get("text") or ""), answer.occurred_at))
        return tuple(found)

    # --- what follows -----------------------------------------------------------------------------------------------

    def mark_example(self, item_id: str, kind: str, person: str) -> None:
        """Mark a settled item as a training example or a test item.

        Raises:
            NotFoundError: there is no such item.
            InputError: there is no such kind.
            RefusedError: it is not settled, or is marked already.
            StorageError: it could not be made durable.
        """
        item = self.item(item_id)
        if kind not in KINDS:
            raise InputError(
                f"样例只能是 {'、'.join(KINDS)}。", f"An example is one of {', '.join(KINDS)}.", where="kind"
            )
        if item.state is not ItemState.SETTLED:
            raise RefusedError("复核有结论后才能作样例。", "Only a settled item can be an example.")
        if kind in self._repository.examples_of(item_id):
            raise RefusedError("已经标为此类样例。", "It is marked as such an example already.")
        entry_id = self._record("review.example_marked", item, {"item": item.id, "kind": kind}, person=person)
        self._repository.mark_example(item.id, kind, by=person, at=self._clock.now(), entry_id=entry_id)

    def examples_of(self, item_id: str) -> set[str]:
        """Return as which kinds of example an item is marked."""
        return self._repository.examples_of(item_id)

    def _record(self, action: str, item: ReviewItem, body: JsonObject, *, person: str = "") -> str:
        """Keep an entry about an item under the key of the person whose text it is; return its id."""
        draft = Draft(
            action,
            f"staff:{person}" if person else "system",
            f"exchange:{item.exchange_id}",
            body,
            person=self._whose(item),
            provisions=(CONTENT, DISPOSAL),
            policy_hash=item.policy_hash,
            id=new_id(),
        )
        return self._ledger.append(draft).id

    def _whose(self, item: ReviewItem) -> str:
        body = self._ledger.body(item.entry_id)
        if body is None or isinstance(body, Erased):
            return SYSTEM_PERSON
        return str(body.get("person") or SYSTEM_PERSON)


def _checked_risks(risks: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(risks))
    wrong = [risk for risk in found if risk not in RISK_IDS]
    if wrong:
        raise InputError(f"没有风险 {wrong[0][:20]!r}。", f"There is no risk {wrong[0][:20]!r}.", where="risk")
    return found


def _checked_note(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise InputError(
            f"备注不超过 {LONGEST_NOTE} 字。", f"A note has at most {LONGEST_NOTE} characters.", where="note"
        )
    return note


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_NOTE:
        raise InputError(
            f"请写明理由（1 到 {LONGEST_NOTE} 字）。", f"Say why (1 to {LONGEST_NOTE} characters).", where="reason"
        )
    return reason
