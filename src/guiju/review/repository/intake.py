"""How far the ledger was looked through, and what that came to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from guiju.kit.clock import to_iso
from guiju.review.models import ItemState, Reason, ReviewItem
from guiju.review.repository.rows import row_of
from guiju.review.repository.tables import hit_table, item_table, mark_table, tally_table
from guiju.storage.database import Database

_item = item_table.c
_LIVE = (ItemState.OPEN.value, ItemState.ARBITRATION.value)


@dataclass(frozen=True, slots=True)
class Hit:
    """That a change of the library found something in a text, in one of its stages."""

    change_id: str
    exchange_id: str
    scope: str
    stage: str
    at: datetime
    hits: int


@dataclass
class Batch:
    """What a stretch of the ledger came to: new items, hits, objections by exchange, and counts, kept all or none."""

    items: list[ReviewItem] = field(default_factory=list)
    repeats: Counter[str] = field(default_factory=Counter)
    hits: list[Hit] = field(default_factory=list)
    objections: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)


class IntakeRepository:
    """Keeps what was taken in, all of a stretch of the ledger or nothing of it."""

    def __init__(self, database: Database) -> None:
        """Keep it in `database`."""
        self._database = database

    def looked_to(self) -> int | None:
        """Return up to which entry (exclusive) the ledger was looked through; None before the first time."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(mark_table.c.seq)).scalar_one_or_none()

    def begin_at(self, seq: int) -> None:
        """Begin to look at entry `seq`, where nobody has begun yet."""
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(mark_table).values(id=1, seq=seq))
        except sa.exc.IntegrityError:
            return

    def keep(self, batch: Batch, *, since: int, to: int, day: str) -> bool:
        """Keep what the entries from `since` up to `to` came to; False when another process has done it meanwhile.

        Where somebody made an item for one of these texts at the same moment, nothing is kept, and they are looked at
        again.
        """
        try:
            return self._keep(batch, since=since, to=to, day=day)
        except sa.exc.IntegrityError:
            return False

    def _keep(self, batch: Batch, *, since: int, to: int, day: str) -> bool:
        with self._database.transaction() as connection:
            moved = connection.execute(sa.update(mark_table).where(mark_table.c.seq == since).values(seq=to))
            if moved.rowcount != 1:
                return False
            for item in batch.items:
                add_item(connection, item)
            for item_id, count in batch.repeats.items():
                more = {"repeats": _item.repeats + count}
                connection.execute(sa.update(item_table).where(_item.id == item_id).values(more))
            for (exchange_id, scope), (entry_id, due) in batch.objections.items():
                _object(connection, exchange_id, scope, entry_id=entry_id, due=due)
            for hit in batch.hits:
                _add_hit(connection, hit)
            for what, count in batch.tally.items():
                _count(connection, (day, what), count)
        return True

    def tally(self) -> Mapping[str, int]:
        """Return what was counted at intake, over all days."""
        counted = sa.select(tally_table.c.what, sa.func.sum(tally_table.c.count)).group_by(tally_table.c.what)
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(counted)}


def add_item(connection: Connection, item: ReviewItem) -> None:
    """Keep an item where there is none for the same text."""
    where = (_item.exchange_id == item.exchange_id, _item.scope == item.scope.value)
    if connection.execute(sa.select(_item.id).where(*where)).first() is None:
        connection.execute(sa.insert(item_table).values(row_of(item)))


def _object(connection: Connection, exchange_id: str, scope: str, *, entry_id: str, due: datetime) -> None:
    """Link the newest objection; an item that is settled stays so and waits for an answer only."""
    values = {"objection_entry": entry_id, "answer_entry": "", "priority": 0, "reason": Reason.OBJECTION.value}
    where = (_item.exchange_id == exchange_id, _item.scope == scope)
    connection.execute(sa.update(item_table).where(*where).values(values))
    sooner = (*where, _item.due_at > to_iso(due), _item.state.in_(_LIVE))
    connection.execute(sa.update(item_table).where(*sooner).values(due_at=to_iso(due)))


def _add_hit(connection: Connection, hit: Hit) -> None:
    key = hit_table.c
    where = (key.change_id == hit.change_id, key.exchange_id == hit.exchange_id, key.scope == hit.scope)
    if connection.execute(sa.select(key.hits).where(*where)).first() is None:
        values = {
            "change_id": hit.change_id,
            "exchange_id": hit.exchange_id,
            "scope": hit.scope,
            "stage": hit.stage,
            "at": to_iso(hit.at),
            "hits": hit.hits,
        }
        connection.execute(sa.insert(hit_table).values(values))


def _count(connection: Connection, key: tuple[str, str], count: int) -> None:
    day, what = key
    where = (tally_table.c.day == day, tally_table.c.what == what)
    more = {"count": tally_table.c.count + count}
    if connection.execute(sa.update(tally_table).where(*where).values(more)).rowcount == 0:
        connection.execute(sa.insert(tally_table).values(day=day, what=what, count=count))
