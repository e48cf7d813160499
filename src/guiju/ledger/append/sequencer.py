"""The one thread of a process that writes the log: takes what waits, commits it together, answers when durable."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import replace

from guiju.kit.clock import Clock
from guiju.kit.errors import GuijuError, NotFoundError, RefusedError, StorageError
from guiju.kit.ids import new_id
from guiju.ledger.append.items import Answer, AsyncWaiter, Waiting, WaitingErasure, answer
from guiju.ledger.append.persons import Keys, Persons, lookups
from guiju.ledger.append.plan import Plan, Planner
from guiju.ledger.errors import DraftError, DuplicateEntryError, LedgerClosedError
from guiju.ledger.heads import NO_PROVISIONS, check_draft, instant, provision_set
from guiju.ledger.merkle import TreeHash
from guiju.ledger.models import ERASED, SYSTEM_PERSON, Draft, ErasureReceipt, Receipt
from guiju.ledger.repository import LedgerWriter, LogState, PersonRow

_BATCH = 512
_BATCH_BYTES = 16 * 1024 * 1024
_MOST_WAITING = 50_000
_QUICK_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Sequencer:
    """Numbers entries and makes them durable.

    There is no waiting for a batch to fill: what came while the last commit ran is the next commit.
    """

    def __init__(self, writer: LedgerWriter, persons: Persons, tree_hash: TreeHash, clock: Clock) -> None:
        """Write with `writer`, hash with `tree_hash`, seal under the keys of `persons`."""
        self._writer = writer
        self._persons = persons
        self._planner = Planner(tree_hash)
        self._clock = clock
        self._queue: queue.SimpleQueue[Waiting | WaitingErasure | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._refusal: StorageError | None = _not_running()
        self._thread: threading.Thread | None = None
        self._state: LogState | None = None
        self._sets: dict[str, int] = {NO_PROVISIONS.text: 0}
        self._erasures = 0

    def start(self) -> None:
        """Begin to take entries."""
        with self._gate:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ledger-sequencer", daemon=True)
                self._thread.start()
            self._refusal = None

    def stop(self) -> None:
        """Take no more entries, write what waits, and end."""
        with self._gate:
            thread, self._thread = self._thread, None
            self._refusal = self._refusal or _not_running()
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def refuse(self, error: StorageError) -> None:
        """Answer every entry from now on with `error`."""
        with self._gate:
            self._refusal = error

    def submit(self, draft: Draft) -> "Future[Receipt]":
        """Put a draft in the queue; the future gets its receipt, or a StorageError.

        Raises:
            DraftError: the draft cannot be kept as it is.
        """
        future: Future[Receipt] = Future()
        item = self._checked(draft, future)
        refusal = self._put(item)
        if refusal is not None:
            future.set_exception(refusal)
        return future

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        """As `submit`, with a future of the running event loop: `future`, or a new one.

        Raises:
            DraftError: the draft cannot be kept as it is.
        """
        if future is None:
            future = asyncio.get_running_loop().create_future()
        loop = future.get_loop()
        refusal = self._put(self._checked(draft, AsyncWaiter(loop, future)))
        if refusal is not None:
            future.set_exception(refusal)
        return future

    def erase(self, erasure: WaitingErasure) -> None:
        """Put an erasure in the queue, behind what waits already."""
        refusal = self._put(erasure)
        if refusal is not None:
            erasure.waiter.set_exception(refusal)

    @property
    def waiting(self) -> int:
        """How many entries wait to be written; those of the commit that runs are not among them."""
        return self._queue.qsize()

    def _checked(self, draft: Draft, waiter: "Future[Receipt] | AsyncWaiter") -> Waiting:
        body = check_draft(draft)
        now = self._clock.now()
        if draft.occurred_at is not None and (draft.occurred_at - now).days > 0:
            raise DraftError(
                "条目的发生时间比现在晚一天以上；请检查本机时钟。",
                "The entry says it happens more than a day from now; check the machine's clock.",
                where="occurred_at",
            )
        provisions = provision_set(draft.provisions) if draft.provisions else NO_PROVISIONS
        return Waiting(draft, draft.id or new_id(), body, instant(draft.occurred_at or now), provisions, waiter)

    def _put(self, item: Waiting | WaitingErasure) -> StorageError | None:
        with self._gate:
            if self._refusal is None and self._queue.qsize() >= _MOST_WAITING:
                return _too_many()
            if self._refusal is None:
                self._queue.put(item)
            return self._refusal

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch: list[Waiting] = []
            erasure: WaitingErasure | None = None
            size = 0
            item = self._queue.get()
            while True:
                if not isinstance(item, Waiting):
                    is_open, erasure = item is not None, item
                    break
                batch.append(item)
                size += len(item.body)
                if len(batch) >= _BATCH or size > _BATCH_BYTES:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if batch:
                self._write(batch)
            if erasure is not None:
                self._erase(erasure)
        self._writer.close()

    def _write(self, batch: list[Waiting]) -> None:
        try:
            answers = self._write_twice(batch)
        except GuijuError as error:
            answers = [(item, error) for item in batch]
        except Exception as error:  # noqa: BLE001 - the sequencer must outlive whatever one batch does to it
            _log.exception("the sequencer could not write a batch")
            failure = StorageError(
                f"账本内部错误：{error!r}。这一批条目没有写入。",
                f"An error inside the ledger: {error!r}. Nothing of this batch was kept.",
            )
            answers = [(item, failure) for item in batch]
        if any(isinstance(result, GuijuError) for _, result in answers):
            self._state = None
        answer(answers)

    def _write_twice(self, batch: list[Waiting]) -> list[tuple[Waiting, Answer]]:
        """Write the batch; once more where it failed at once, as it does on a connection that died in the meantime.

        An entry whose commit was in doubt is found by its id the second time, so nothing is written twice.
        """
        firsts: dict[str, Waiting] = {}
        for item in batch:
            firsts.setdefault(item.id, item)
        items = list(firsts.values())
        began = time.monotonic()
        try:
            results = self._commit_or_sort(items)
        except StorageError:
            self._state = None
            if time.monotonic() - began > _QUICK_SECONDS:
                raise
            results = self._commit_or_sort(items)
        return [(item, self._same(item, firsts[item.id], results[item.id])) for item in batch]

    def _same(self, item: Waiting, first: Waiting, result: Answer) -> Answer:
        if item is first or isinstance(result, GuijuError) or _told(item.draft) == _told(first.draft):
            return result
        return _id_taken(item.id)

    def _commit_or_sort(self, items: list[Waiting]) -> dict[str, Answer]:
        try:
            return self._commit(items)
        except DuplicateEntryError as error:
            self._state = None
            with self._writer.transaction():
                there = self._writer.existing([item.id for item in items])
            if not there and len(items) == 1:
                raise StorageError(
                    f"账本拒绝了条目：{error}", f"The ledger's tables refused the entry: {error}"
                ) from error
            results: dict[str, Answer] = {}
            for item in items:
                row = there.get(item.id)
                if row is not None:
                    is_same = (row.action, row.actor, row.subject) == _told(item.draft)
                    results[item.id] = Receipt(row.seq, row.id) if is_same else _id_taken(item.id)
            rest = [item for item in items if item.id not in there]
            for part in [rest] if there else [[item] for item in rest]:
                results.update(self._commit_or_sort(part) if part else {})
            return results

    def _commit(self, items: list[Waiting]) -> dict[str, Answer]:
        """Write the items in one transaction, behind whatever another process has written meanwhile."""
        with self._writer.transaction():
            base = self._state
            if base is not None:
                plan, keys, kept = self._planned(items, base)
            if base is None or not self._writer.advance(base.size, plan.state):
                base = self._caught_up()
                plan, keys, kept = self._planned(items, base)
                self._must_advance(base, plan)
            self._writer.insert(plan.batch)
            known = self._writer.known_as(lookups(keys.new)) if lookups(keys.new) else []
        self._committed(plan, keys, known)
        results: dict[str, Answer] = {
            item.id: keys.failed[item.draft.person] for item in items if item.draft.person in keys.failed
        }
        results.update((item.id, Receipt(base.size + index, item.id)) for index, item in enumerate(kept))
        return results

    def _planned(self, items: Sequence[Waiting], base: LogState) -> tuple[Plan, Keys, Sequence[Waiting]]:
        keys = self._persons.keys_for({item.draft.person for item in items}, self._writer.persons)
        if keys.failed:
            items = [item for item in items if item.draft.person not in keys.failed]
        now = instant(self._clock.now())
        return self._planner.plan(items, base, keys, sets=self._sets, received_at=now), keys, items

    def _caught_up(self) -> LogState:
        """Take the log's row, and forget whoever was erased by another process since this one looked."""
        state = self._writer.lock()
        if state.erasures != self._erasures:
            self._persons.forget()
            self._erasures = state.erasures
        for number, text in self._writer.provision_sets(after=max(self._sets.values())):
            self._sets[text] = number
        return state

    def _must_advance(self, base: LogState, plan: Plan) -> None:
        if not self._writer.advance(base.size, plan.state):
            raise StorageError("账本的行被别的程序改动；请重试。", "Somebody else changed the log's row; try again.")

    def _committed(self, plan: Plan, keys: Keys, known: Sequence[PersonRow]) -> None:
        self._state = plan.state
        self._sets.update((text, number) for number, text in plan.batch.provision_sets)
        self._persons.committed(keys.new, known)

    def _erase(self, erasure: WaitingErasure) -> None:
        try:
            receipt = self._erased(erasure)
        except GuijuError as error:
            self._state = None
            _settle_erasure(erasure, error)
        except Exception as error:  # noqa: BLE001 - the sequencer must outlive whatever one erasure does to it
            _log.exception("the sequencer could not erase a person")
            self._state = None
            _settle_erasure(erasure, StorageError(f"删除失败：{error!r}", f"The erasure failed: {error!r}"))
        else:
            _settle_erasure(erasure, receipt)

    def _erased(self, erasure: WaitingErasure) -> ErasureReceipt:
        """Remove keys and bodies, and append the entry that says so, in one transaction."""
        person = erasure.person
        if person == SYSTEM_PERSON:
            raise RefusedError("system 不是人，不能删除。", "system is nobody; it cannot be erased.")
        with self._writer.transaction():
            base = self._caught_up()
            rows = self._writer.persons([person])
            rows = (self._writer.known_as(lookups(rows)) if lookups(rows) else []) or rows
            names = [row.id for row in rows] or [person]
            bodies = self._writer.erase(names, erased_by=base.size)
            if not rows and not bodies:
                self._persons.drop_unwritten(names)
                raise NotFoundError(f"账本里没有关于 {person} 的内容。", f"The ledger keeps nothing about {person}.")
            facts: dict[str, str | int] = {
                "person": person,
                "bodies": bodies,
                "keys": len(rows),
                "reason": erasure.reason,
            }
            draft = Draft(ERASED, erasure.actor, f"person:{person}", {**facts}, provisions=erasure.provisions)
            item = self._checked(draft, Future())
            plan, keys, _ = self._planned([item], replace(base, erasures=base.erasures + 1))
            self._must_advance(base, plan)
            self._writer.insert(plan.batch)
        self._persons.drop_unwritten(names)
        self._committed(plan, keys, [])
        self._persons.forget()
        self._erasures = plan.state.erasures
        return ErasureReceipt(base.size, item.id, person, bodies, len(rows))


def _told(draft: Draft) -> tuple[str, str, str]:
    return draft.action, draft.actor, draft.subject


def _settle_erasure(erasure: WaitingErasure, result: ErasureReceipt | GuijuError) -> None:
    try:
        if isinstance(result, GuijuError):
            erasure.waiter.set_exception(result)
        else:
            erasure.waiter.set_result(result)
    except InvalidStateError:
        return  # the caller has cancelled; what was erased stays erased


def _id_taken(entry_id: str) -> DraftError:
    return DraftError(
        f"编号 {entry_id} 已用于另一条目；每件事用自己的编号。",
        f"The id {entry_id} belongs to another entry already; give each fact its own.",
        where="id",
    )


def _not_running() -> LedgerClosedError:
    return LedgerClosedError("账本没有运行，不接受条目。", "The ledger is not running and takes no entries.")


def _too_many() -> LedgerClosedError:
    return LedgerClosedError(
        f"等待写入账本的条目超过 {_MOST_WAITING}；数据库跟不上，请检查磁盘。",
        f"More than {_MOST_WAITING} entries wait for the ledger; the database does not keep up, check the disk.",
    )
