"""What only the sequencer does to the database: take the log's row, add a batch, commit. One connection, kept."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from guiju.kit.errors import StorageError
from guiju.ledger.errors import DuplicateEntryError
from guiju.ledger.merkle import DIGEST_BYTES
from guiju.ledger.repository.tables import (
    BodyRow,
    EntryRow,
    LogState,
    PersonRow,
    body_table,
    entry_table,
    log_table,
    person_table,
    provision_set_table,
    subtree_table,
)
from guiju.storage.database import Database

Value: TypeAlias = str | int | bytes | None

# A batch is written as a few statements of these many rows: each is compiled once, and a statement, not a row, is what
# costs a round trip to PostgreSQL and a turn of the interpreter's lock with SQLite.
_ROWS = (128, 32, 8, 2, 1)


@dataclass(slots=True)
class Batch:
    """What one commit adds; a subtree is (level, position, hash), a provision set (number, JSON text)."""

    entries: list[EntryRow] = field(default_factory=list)
    bodies: list[BodyRow] = field(default_factory=list)
    subtrees: list[tuple[int, int, bytes]] = field(default_factory=list)
    persons: list[PersonRow] = field(default_factory=list)
    provision_sets: list[tuple[int, str]] = field(default_factory=list)


class _Prepared:
    """A statement that SQLAlchemy compiled once, run on the driver's own cursor.

    An append is a handful of statements, always the same ones; there is nothing in them to look at anew each time.
    """

    def __init__(self, statement: sa.Insert | sa.Update, connection: Connection) -> None:
        compiled = statement.compile(dialect=connection.dialect)
        self.text = str(compiled)
        self.names = tuple(compiled.positiontup or ())

    def run(self, connection: Connection, values: tuple[Value, ...]) -> int:
        """Run with `values` and return how many rows it met."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.text, values)
            return int(cursor.rowcount)
        finally:
            cursor.close()


class LedgerWriter:
    """The writing side of the log with one name; for one thread only."""

    def __init__(self, database: Database, origin: str) -> None:
        """Write the log `origin` of `database`."""
        self._database = database
        self._origin = origin
        self._connection: Connection | None = None
        self._prepared: dict[tuple[str, int], _Prepared] = {}
        self._driver = database.engine.dialect.loaded_dbapi
        self._turns = database.turns()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block does whole, or nothing of it.

        Raises:
            DuplicateEntryError: a row is there already.
            StorageError: the database refused or cannot be reached.
        """
        try:
            if self._connection is None:
                self._connection = self._database.engine.connect()
            with self._turns.taken() if self._turns is not None else nullcontext(), self._connection.begin():
                yield
        except (sa.exc.IntegrityError, self._driver.IntegrityError) as error:
            raise DuplicateEntryError(str(error)) from error
        except (sa.exc.SQLAlchemyError, self._driver.Error, OSError) as error:  # a broken socket comes bare
            self.close()
            cause = getattr(error, "orig", None) or error
            reason = (str(cause).splitlines() or [type(error).__name__])[0]
            raise StorageError(
                f"账本写不进数据库：{reason}。没有确认的条目请稍后重试。",
                f"The ledger could not write to the database: {reason}. Try again what was not acknowledged.",
            ) from error

    def close(self) -> None:
        """Give the connection back; the next transaction takes a new one."""
        if self._turns is not None:
            self._turns.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except (sa.exc.SQLAlchemyError, ConnectionError):
                return  # it was dead already, which is why it is closed

    def advance(self, expected_size: int, new: LogState) -> bool:
        """Move the log from `expected_size` to `new` and hold its row; False when it is not at `expected_size`."""
        prepared = self._prepare("advance", 0, _advance_statement)
        values: dict[str, Value] = {
            "n_size": new.size,
            "n_root": new.root,
            "n_frontier": b"".join(new.frontier),
            "n_erasures": new.erasures,
            "b_origin": self._origin,
            "b_size": expected_size,
        }
        return prepared.run(self._open, tuple(values[name] for name in prepared.names)) == 1

    def lock(self) -> LogState:
        """Take the log's row for this transaction and return where the log stands.

        Raises:
            StorageError: there is no such log.
        """
        statement = sa.select(log_table).where(log_table.c.origin == self._origin).with_for_update()
        row = self._open.execute(statement).one_or_none()
        if row is None:
            raise StorageError(f"数据库里没有账本 {self._origin}。", f"There is no log {self._origin} in the database.")
        return LogState(row.size, row.root, split_frontier(row.frontier), row.erasures)

    def insert(self, batch: Batch) -> None:
        """Add every row of `batch`."""
        self._insert(provision_set_table, batch.provision_sets)
        self._insert(person_table, batch.persons)
        self._insert(entry_table, batch.entries)
        self._insert(body_table, batch.bodies)
        self._insert(subtree_table, batch.subtrees)

    def persons(self, ids: Iterable[str]) -> list[PersonRow]:
        """Return those of the persons that have a key."""
        found = self._open.execute(sa.select(person_table).where(person_table.c.id.in_(list(ids))))
        return [PersonRow(*row) for row in found]

    def known_as(self, lookups: Iterable[bytes]) -> list[PersonRow]:
        """Return every person row that has one of these lookups, the first known first."""
        statement = sa.select(person_table).where(person_table.c.lookup.in_(list(lookups)))
        return [PersonRow(*row) for row in self._open.execute(statement.order_by(person_table.c.first_seq))]

    def provision_sets(self, *, after: int) -> list[tuple[int, str]]:
        """Return the provision sets numbered above `after`."""
        statement = sa.select(provision_set_table).where(provision_set_table.c.id > after)
        return [(row.id, row.provisions) for row in self._open.execute(statement)]

    def existing(self, ids: Sequence[str]) -> dict[str, EntryRow]:
        """Return those of the entries that are in the log already, by id."""
        statement = sa.select(entry_table).where(entry_table.c.id.in_(ids))
        return {row.id: EntryRow(*row) for row in self._open.execute(statement)}

    def erase(self, persons: Sequence[str], *, erased_by: int) -> int:
        """Remove the bodies and keys of `persons`, point the bodies to the entry `erased_by`, and count the bodies.

        A key is written over before its row is deleted, so that the freed page does not keep it.
        """
        body, person = body_table.c, person_table.c
        emptied = self._open.execute(
            sa.update(body_table).where(body.person.in_(persons)).values(content=None, person="", erased_by=erased_by)
        )
        for row in self.persons(persons):
            blank = {"wrapped_key": bytes(len(row.wrapped_key))}
            self._open.execute(sa.update(person_table).where(person.id == row.id).values(blank))
        self._open.execute(sa.delete(person_table).where(person.id.in_(persons)))
        return emptied.rowcount

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("outside of a transaction")
        return self._connection

    def _insert(self, table: sa.Table, rows: Sequence[tuple[Value, ...]]) -> None:
        start, left = 0, len(rows)
        for count in _ROWS:
            while left >= count:
                chunk = rows[start : start + count]
                prepared = self._prepare(table.name, count, functools.partial(_insert_statement, table, count))
                prepared.run(self._open, tuple(itertools.chain.from_iterable(chunk)))
                start += count
                left -= count

    def _prepare(self, name: str, count: int, make: Callable[[], sa.Insert | sa.Update]) -> _Prepared:
        prepared = self._prepared.get((name, count))
        if prepared is None:
            prepared = self._prepared[name, count] = _Prepared(make(), self._open)
        return prepared


def _advance_statement() -> sa.Update:
    row = log_table.c
    return (
        sa.update(log_table)
        .where(row.origin == sa.bindparam("b_origin"), row.size == sa.bindparam("b_size"))
        .values({name: sa.bindparam(f"n_{name}") for name in ("size", "root", "frontier", "erasures")})
    )


def _insert_statement(table: sa.Table, count: int) -> sa.Insert:
    rows: list[dict[str, sa.BindParameter[Value]]] = [
        {column.name: sa.bindparam(f"{column.name}_{n}") for column in table.c} for n in range(count)
    ]
    return sa.insert(table).values(rows)


def split_frontier(frontier: bytes) -> tuple[bytes, ...]:
    """Cut the stored right edge of the tree into its hashes."""
    return tuple(frontier[n : n + DIGEST_BYTES] for n in range(0, len(frontier), DIGEST_BYTES))
