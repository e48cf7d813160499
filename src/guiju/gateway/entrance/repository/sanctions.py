"""Sanctions in the database. Each change takes the next number under a lock, so that readers miss none."""

from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from guiju.gateway.entrance.sanctions.models import Changes, Sanction, SanctionKind, SanctionOrder, SanctionQuery
from guiju.kit.canonical_json import canonical_text
from guiju.kit.clock import from_iso, to_iso
from guiju.kit.errors import StorageError
from guiju.storage.database import Database, metadata

sanction_table = sa.Table(
    "sanction",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("person", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_en", sa.Text, nullable=False),
    sa.Column("app_id", sa.String(36), nullable=False),
    sa.Column("functions", sa.Text, nullable=False),
    sa.Column("until", sa.String(27)),
    sa.Column("exchange_id", sa.String(36), nullable=False),
    sa.Column("rule", sa.String(256), nullable=False),
    sa.Column("exchanges", sa.Text, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("imposed_at", sa.String(27), nullable=False),
    sa.Column("lifted_at", sa.String(27)),
    sa.Column("lifted_by", sa.String(80), nullable=False),
    sa.Column("lift_reason", sa.Text, nullable=False),
    sa.Index("ix_sanction_seq", "seq"),
    sa.Index("ix_sanction_person", "person"),
)
sanction_mark_table = sa.Table(
    "sanction_mark",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

_RESERVED = 0
_UNFINISHED = timedelta(seconds=60)  # a reservation that is older is of a process that died before its entry stood
_PAGE_MOST = 500
_row = sanction_table.c


class SanctionRepository:
    """The table of sanctions."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self._database = database

    def reserve(self, sanction: Sanction, *, is_automatic: bool) -> bool:
        """Keep a row that nobody sees yet; see the register."""
        self._make_mark()
        with self._database.transaction() as connection:
            _next_seq(connection)
            dead = (_row.seq == _RESERVED) & (_row.imposed_at < to_iso(sanction.imposed_at - _UNFINISHED))
            connection.execute(sa.delete(sanction_table).where(dead))
            same = _row.id == sanction.id
            if is_automatic:
                shut_out = _row.kind.in_([SanctionKind.SUSPEND.value, SanctionKind.TERMINATE.value])
                holding = _in_force(sanction.imposed_at)
                same = sa.or_(same, sa.and_(_row.person == sanction.order.person, shut_out, holding))
            if connection.execute(sa.select(_row.id).where(same).limit(1)).first() is not None:
                return False
            connection.execute(sa.insert(sanction_table).values(_values(sanction)))
        return True

    def activate(self, sanction_id: str) -> None:
        """Put a reserved row in force.

        Raises:
            StorageError: it is no longer there.
        """
        with self._database.transaction() as connection:
            change = sa.update(sanction_table).where(_row.id == sanction_id).values(seq=_next_seq(connection))
            if connection.execute(change).rowcount != 1:
                raise StorageError(
                    "这项处置登记得太慢，预留已被清除；请再作出一次。",
                    "Registering this sanction took too long, and its place was cleared; impose it again.",
                    where="sanction",
                )

    def lift(self, sanction: Sanction) -> bool:
        """Keep that a sanction was lifted; False where it was already."""
        with self._database.transaction() as connection:
            values = {
                "seq": _next_seq(connection),
                "lifted_at": None if sanction.lifted_at is None else to_iso(sanction.lifted_at),
                "lifted_by": sanction.lifted_by,
                "lift_reason": sanction.lift_reason,
            }
            which = (_row.id == sanction.id) & _row.lifted_at.is_(None)
            return connection.execute(sa.update(sanction_table).where(which).values(values)).rowcount == 1

    def changed_since(self, mark: int, now: datetime) -> Changes:
        """Return what changed after `mark`, the newest state of each; with -1 what is in force."""
        with self._database.reading() as connection:
            newest = connection.execute(sa.select(sanction_mark_table.c.seq)).scalar_one_or_none() or 0
            if newest == mark:
                return Changes(mark, ())
            wanted = sa.select(sanction_table).where(_row.seq != _RESERVED, _row.seq > mark, _row.seq <= newest)
            if mark < 0:
                wanted = wanted.where(_in_force(now))
            rows = connection.execute(wanted.order_by(_row.seq)).all()
        return Changes(newest, tuple(_sanction(row) for row in rows))

    def search(self, query: SanctionQuery, now: datetime) -> list[Sanction]:
        """Return sanctions, newest first."""
        wanted = sa.select(sanction_table).where(_row.seq != _RESERVED).order_by(_row.id.desc())
        if query.person:
            wanted = wanted.where(_row.person == query.person)
        if query.only_in_force:
            wanted = wanted.where(_in_force(now))
        if query.before_id:
            wanted = wanted.where(_row.id < query.before_id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(max(1, min(query.limit, _PAGE_MOST)))).all()
        return [_sanction(row) for row in rows]

    def get(self, sanction_id: str) -> Sanction | None:
        """Return one sanction that is or was in force."""
        wanted = sa.select(sanction_table).where(_row.id == sanction_id, _row.seq != _RESERVED)
        with self._database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _sanction(row)

    def _make_mark(self) -> None:
        with self._database.reading() as connection:
            if connection.execute(sa.select(sanction_mark_table.c.seq)).first() is not None:
                return
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(sanction_mark_table).values(id=1, seq=1))
        except sa.exc.IntegrityError:
            return  # another process made it


def _next_seq(connection: sa.Connection) -> int:
    """Take the next number; whoever else wants one waits for this transaction, so that none is missed."""
    connection.execute(sa.update(sanction_mark_table).values(seq=sanction_mark_table.c.seq + 1))
    return int(connection.execute(sa.select(sanction_mark_table.c.seq)).scalar_one())


def _in_force(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_row.lifted_at.is_(None), sa.or_(_row.until.is_(None), _row.until > to_iso(now)))


def _values(sanction: Sanction) -> dict[str, object]:
    order = sanction.order
    return {
        "id": sanction.id,
        "seq": _RESERVED,
        "person": order.person,
        "kind": order.kind.value,
        "reason": order.reason,
        "reason_en": order.reason_en,
        "app_id": order.app_id,
        "functions": canonical_text(list(order.functions)),
        "until": None if order.until is None else to_iso(order.until),
        "exchange_id": order.exchange_id,
        "rule": order.rule,
        "exchanges": canonical_text(list(order.exchanges)),
        "by": sanction.by,
        "imposed_at": to_iso(sanction.imposed_at),
        "lifted_at": None,
        "lifted_by": "",
        "lift_reason": "",
    }


def _sanction(row: sa.Row[tuple[object, ...]]) -> Sanction:
    return Sanction(
        id=row.id,
        order=SanctionOrder(
            person=row.person,
            kind=SanctionKind(row.kind),
            reason=row.reason,
            reason_en=row.reason_en,
            app_id=row.app_id,
            functions=tuple(orjson.loads(row.functions)),
            until=None if row.until is None else from_iso(row.until),
            exchange_id=row.exchange_id,
            rule=row.rule,
            exchanges=tuple(orjson.loads(row.exchanges)),
        ),
        by=row.by,
        imposed_at=from_iso(row.imposed_at),
        lifted_at=None if row.lifted_at is None else from_iso(row.lifted_at),
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
