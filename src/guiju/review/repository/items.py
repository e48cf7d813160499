"""Items, verdicts and examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from guiju.kit.clock import from_iso, to_iso
from guiju.review.errors import SeatTakenError, StaleError
from guiju.review.models import ItemQuery, ItemState, ReviewItem, Verdict
from guiju.review.repository.intake import add_item
from guiju.review.repository.rows import item_of, read_verdict, row_of, verdict_of
from guiju.review.repository.tables import example_table, item_table, joined, verdict_table
from guiju.storage.database import Database

_MOST = 500
_MOST_PAIRS = 100_000
_item = item_table.c
_LIVE = (ItemState.OPEN.value, ItemState.ARBITRATION.value)


class ItemRepository:
    """Keeps items and verdicts."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    def add(self, item: ReviewItem) -> ReviewItem:
        """Keep an item, or return the one that is there for the same text."""
        with self._database.transaction() as connection:
            add_item(connection, item)
            where = (_item.exchange_id == item.exchange_id, _item.scope == item.scope.value)
            return item_of(connection.execute(sa.select(item_table).where(*where)).one())

    # --- looking --------------------------------------------------------------------------------------------------

    def item(self, item_id: str) -> ReviewItem | None:
        """Return one item."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(item_table).where(_item.id == item_id)).one_or_none()
        return None if row is None else item_of(row)

    def of_exchange(self, exchange_id: str) -> list[ReviewItem]:
        """Return the items about an exchange: none, one, or one each way."""
        wanted = sa.select(item_table).where(_item.exchange_id == exchange_id).order_by(_item.scope)
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(wanted)]

    def items(self, query: ItemQuery) -> list[ReviewItem]:
        """Return the items that match."""
        is_settled = query.state is ItemState.SETTLED
        order = (_item.settled_at.desc(), _item.id) if is_settled else (_item.priority, _item.due_at, _item.id)
        wanted = sa.select(item_table).where(*_conditions(query)).order_by(*order)
        wanted = wanted.limit(max(0, min(query.limit, _MOST))).offset(max(0, query.offset))
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(wanted)]

    def count(self, query: ItemQuery) -> int:
        """Count the items that match."""
        counted = sa.select(sa.func.count()).select_from(item_table).where(*_conditions(query))
        with self._database.reading() as connection:
            return int(connection.execute(counted).scalar_one())

    def waiting_by_reason(self) -> Mapping[str, int]:
        """Count what waits, by reason."""
        counted = sa.select(_item.reason, sa.func.count()).where(_item.state.in_(_LIVE)).group_by(_item.reason)
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(counted)}

    def unanswered(self) -> int:
        """Count the objections that nobody has answered."""
        counted = sa.select(sa.func.count()).select_from(item_table)
        with self._database.reading() as connection:
            where = (_item.objection_entry != "", _item.answer_entry == "")
            return int(connection.execute(counted.where(*where)).scalar_one())

    def oldest_due(self) -> datetime | None:
        """Return when the first of what waits is due."""
        first = sa.select(sa.func.min(_item.due_at)).where(_item.state.in_(_LIVE))
        with self._database.reading() as connection:
            text = connection.execute(first).scalar_one_or_none()
        return from_iso(text) if text else None

    def next_for(self, reviewer: str, *, after: ReviewItem | None = None) -> ReviewItem | None:
        """Return the most urgent item that waits for this person's verdict; one that a colleague has judged first."""
        mine = sa.select(verdict_table.c.item_id).where(verdict_table.c.reviewer == reviewer)
        wanted = sa.select(item_table).where(_item.state.in_(_LIVE), _item.id.not_in(mine))
        if after is not None:
            place = sa.tuple_(_item.priority, _item.due_at, _item.id)
            wanted = wanted.where(place > sa.tuple_(after.priority, to_iso(after.due_at), after.id))
        wanted = wanted.order_by(_item.priority, _item.due_at, _item.id).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else item_of(row)

    def verdicts(self, item_id: str) -> list[Verdict]:
        """Return the verdicts on an item, by seat."""
        wanted = sa.select(verdict_table).where(verdict_table.c.item_id == item_id).order_by(verdict_table.c.seat)
        with self._database.reading() as connection:
            return [read_verdict(row) for row in connection.execute(wanted)]

    def judged_by(self, reviewer: str, item_ids: Sequence[str]) -> set[str]:
        """Return which of these items the person has judged."""
        table = verdict_table.c
        wanted = sa.select(table.item_id).where(table.reviewer == reviewer, table.item_id.in_(item_ids[:_MOST]))
        with self._database.reading() as connection:
            return set(connection.execute(wanted).scalars())

    def verdict_count(self, item_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many verdicts each of these items has; how they came out is not said here."""
        table = verdict_table.c
        wanted = sa.select(table.item_id, sa.func.count()).where(table.item_id.in_(item_ids[:_MOST]))
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(wanted.group_by(table.item_id))}

    def pairs(self, since: datetime, until: datetime) -> list[tuple[Verdict, Verdict]]:
        """Return the two independent verdicts on each item of which both were in by [since, until), oldest first."""
        first, second = verdict_table.alias(), verdict_table.alias()
        wanted = (
            sa.select(first, second)
            .join(second, sa.and_(second.c.item_id == first.c.item_id, second.c.seat == 1 + first.c.seat))
            .where(first.c.seat == 1, second.c.at >= to_iso(since), second.c.at < to_iso(until))
            .order_by(second.c.at)
            .limit(_MOST_PAIRS)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        width = len(first.c)
        return [(verdict_of(row[:width]), verdict_of(row[width:])) for row in rows]

    def settled(self, since: datetime, until: datetime) -> list[ReviewItem]:
        """Return what was settled in [since, until)."""
        where = (_item.settled_at >= to_iso(since), _item.settled_at < to_iso(until))
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(sa.select(item_table).where(*where).limit(_MOST_PAIRS))]

    # --- deciding -------------------------------------------------------------------------------------------------

    def add_verdict(
        self,
        verdict: Verdict,
        *,
        seat_for: Callable[[str, ReviewItem, Sequence[Verdict]], int],
        settle: Callable[[Sequence[Verdict]], tuple[str, ...] | None],
    ) -> ReviewItem:
        """Keep a verdict in the seat that is free, and what it makes of its item, in one transaction.

        Raises:
            SeatTakenError: the person has judged the item, or others have taken the seats meanwhile.
        """
        mine = verdict_table.c.item_id == verdict.item_id
        try:
            with self._database.transaction() as connection:
                held = sa.select(item_table).where(_item.id == verdict.item_id).with_for_update()
                item = item_of(connection.execute(held).one())
                earlier = [read_verdict(row) for row in connection.execute(sa.select(verdict_table).where(mine))]
                seated = replace(verdict, seat=seat_for(verdict.reviewer, item, earlier))
                connection.execute(sa.insert(verdict_table).values(_verdict_row(seated)))
                verdicts = [*earlier, seated]
                changed = _judged(item, verdicts, settle(verdicts), at=verdict.at)
                connection.execute(sa.update(item_table).where(_item.id == item.id).values(row_of(changed)))
        except sa.exc.IntegrityError as error:
            raise SeatTakenError(
                "另一位同事刚刚作出了判断。请刷新后再看。", "A colleague has just judged this. Reload and look again."
            ) from error
        return changed

    def close(self, item_id: str, at: datetime) -> ReviewItem:
        """Close an item that nobody can judge any more: settled, with no outcome."""
        values = {"state": ItemState.SETTLED.value, "settled_at": to_iso(at)}
        with self._database.transaction() as connection:
            where = (_item.id == item_id, _item.state.in_(_LIVE))
            connection.execute(sa.update(item_table).where(*where).values(values))
            return item_of(connection.execute(sa.select(item_table).where(_item.id == item_id)).one())

    def reverse(self, item_id: str, *, by: str, entry_id: str, at: datetime) -> ReviewItem:
        """Write that a decision was turned round: the text is harmless, and that settles the item.

        Raises:
            StaleError: it was turned round already.
        """
        values = {
            "reversed_by": by,
            "reversed_entry": entry_id,
            "state": ItemState.SETTLED.value,
            "outcome": "",
            "settled_at": to_iso(at),
        }
        with self._database.transaction() as connection:
            where = (_item.id == item_id, _item.reversed_by.is_(None))
            if connection.execute(sa.update(item_table).where(*where).values(values)).rowcount != 1:
                raise StaleError
            return item_of(connection.execute(sa.select(item_table).where(_item.id == item_id)).one())

    def answer(self, item_id: str, objection_entry: str, entry_id: str) -> None:
        """Write that an objection was answered.

        Raises:
            StaleError: it was answered already, or there is a newer one.
        """
        where = (_item.id == item_id, _item.objection_entry == objection_entry, _item.answer_entry == "")
        with self._database.transaction() as connection:
            changed = connection.execute(sa.update(item_table).where(*where).values(answer_entry=entry_id))
            if changed.rowcount != 1:
                raise StaleError

    def mark_example(self, item_id: str, kind: str, *, by: str, at: datetime, entry_id: str) -> bool:
        """Mark a settled item as an example; False when it is one already."""
        values = {"item_id": item_id, "kind": kind, "marked_by": by, "at": to_iso(at), "entry_id": entry_id}
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(example_table).values(values))
        except sa.exc.IntegrityError:
            return False
        return True

    def examples_of(self, item_id: str) -> set[str]:
        """Return as which kinds of example an item is marked."""
        with self._database.reading() as connection:
            kinds = sa.select(example_table.c.kind).where(example_table.c.item_id == item_id)
            return set(connection.execute(kinds).scalars())

    def examples(self, kind: str) -> list[ReviewItem]:
        """Return the items that are marked as examples of `kind`, the oldest first."""
        wanted = (
            sa.select(item_table)
            .join(example_table, example_table.c.item_id == _item.id)
            .where(example_table.c.kind == kind)
            .order_by(example_table.c.at, _item.id)
        )
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(wanted)]


def _judged(
    item: ReviewItem, verdicts: Sequence[Verdict], outcome: tuple[str, ...] | None, *, at: datetime
) -> ReviewItem:
    if outcome is not None:
        return replace(item, state=ItemState.SETTLED, outcome=outcome, settled_at=at)
    return replace(item, state=ItemState.ARBITRATION if len(verdicts) > 1 else item.state)


def _conditions(query: ItemQuery) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    states = _LIVE if query.state is None else (query.state.value,)
    conditions.append(_item.state.in_(states))
    if query.reason is not None:
        conditions.append(_item.reason == query.reason.value)
    if query.risk:
        conditions.append(_item.proposed.contains(f",{query.risk},", autoescape=True))
    if query.overdue_at is not None:
        conditions.append(_item.due_at < to_iso(query.overdue_at))
    return conditions


def _verdict_row(verdict: Verdict) -> dict[str, object]:
    return {
        "item_id": verdict.item_id,
        "reviewer": verdict.reviewer,
        "seat": verdict.seat,
        "risks": joined(verdict.risks),
        "at": to_iso(verdict.at),
        "entry_id": verdict.entry_id,
    }
