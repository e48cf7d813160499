"""What everybody may read of the log: entries, bodies, hashes of the tree, persons."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from guiju.kit.canonical_json import canonical_text
from guiju.kit.clock import from_iso
from guiju.ledger.heads import instant
from guiju.ledger.models import EntryFacts, EntryQuery
from guiju.ledger.repository.keeping import KeptRepository
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
from guiju.ledger.repository.writing import LedgerWriter, split_frontier
from guiju.storage.database import Database

_MOST = 100_000
_MOST_BRANCHES = 40

# No entry is taken that says it happens later than this after it is received; a search by time rests on it.
FUTURE = timedelta(days=1)


class LedgerRepository:
    """The ledger's tables; `kept` are the checkpoints, anchors and verifications."""

    def __init__(self, database: Database) -> None:
        """Read and write `database`."""
        self._database = database
        self._sets: dict[int, str] = {}
        self.kept = KeptRepository(database)

    def writer(self, origin: str) -> LedgerWriter:
        """Return the writing side of the log `origin`, for one thread."""
        return LedgerWriter(self._database, origin)

    def logs(self) -> list[tuple[str, str, bytes]]:
        """Return (origin, hash name, check of the master key) of every log here; there is one, or none yet."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(log_table.c.origin, log_table.c.hash_name, log_table.c.key_check))
            return [(row.origin, row.hash_name, row.key_check) for row in rows]

    def create_log(self, origin: str, hash_name: str, key_check: bytes, *, empty_root: bytes, at: datetime) -> None:
        """Make the empty log `origin`; another process may have made it meanwhile, and then nothing is done."""
        row = {
            "origin": origin,
            "hash_name": hash_name,
            "key_check": key_check,
            "size": 0,
            "root": empty_root,
            "frontier": b"",
            "erasures": 0,
            "created_at": instant(at),
        }
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(log_table).values(row))
        except sa.exc.IntegrityError:
            return

    def state(self, origin: str) -> LogState:
        """Return where the log stands."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(log_table).where(log_table.c.origin == origin)).one()
        return LogState(row.size, row.root, split_frontier(row.frontier), row.erasures)

    def provisions_of(self, number: int) -> str:
        """Return provision set `number` as JSON text; a number that is not there gives the text `null`."""
        if number == 0:
            return "[]"
        if number not in self._sets:
            with self._database.reading() as connection:
                self._load_sets(connection)
        return self._sets.get(number, "null")

    def provision_sets(self) -> dict[int, str]:
        """Return every provision set as JSON text by its number, read now: a verification must not trust a cache."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(provision_set_table)).all()
        return {0: "[]", **{row.id: row.provisions for row in rows}}

    def entries(self, start: int, end: int) -> list[EntryRow]:
        """Return the entries from `start` up to, not with, `end`, in order."""
        where = (entry_table.c.seq >= start, entry_table.c.seq < end)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(entry_table).where(*where).order_by(entry_table.c.seq))
            return [EntryRow._make(row) for row in rows]

    def entry_by_id(self, entry_id: str) -> EntryRow | None:
        """Return the entry with this id."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(entry_table).where(entry_table.c.id == entry_id)).one_or_none()
        return EntryRow._make(row) if row is not None else None

    def stored_size(self) -> int:
        """Return one more than the greatest sequence number that is stored."""
        with self._database.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.coalesce(sa.func.max(entry_table.c.seq) + 1, 0))).scalar_one()
            )

    def bodies(self, start: int, end: int) -> list[BodyRow]:
        """Return the bodies of the entries from `start` up to, not with, `end`."""
        where = (body_table.c.seq >= start, body_table.c.seq < end)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(body_table).where(*where).order_by(body_table.c.seq))
            return [BodyRow._make(row) for row in rows]

    def leaves(self, start: int, count: int) -> list[bytes]:
        """Return up to `count` leaf hashes from entry `start` on."""
        column = entry_table.c.seq
        where = (column >= start, column < start + count)
        with self._database.reading() as connection:
            return list(connection.execute(sa.select(entry_table.c.leaf).where(*where).order_by(column)).scalars())

    def subtrees(self, level: int, start: int, count: int) -> list[bytes]:
        """Return up to `count` roots of complete subtrees of 256^level leaves, from position `start` on."""
        column = subtree_table.c
        where = (column.level == level, column.position >= start, column.position < start + count)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(column.hash).where(*where).order_by(column.position))
            return list(rows.scalars())

    def persons(self, ids: Sequence[str]) -> list[PersonRow]:
        """Return those of the persons that have a key."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(person_table).where(person_table.c.id.in_(ids)))
            return [PersonRow._make(row) for row in rows]

    def person_of(self, lookup: bytes) -> PersonRow | None:
        """Return the person first known by `lookup`."""
        where = person_table.c.lookup == lookup
        with self._database.reading() as connection:
            found = sa.select(person_table).where(where).order_by(person_table.c.first_seq).limit(1)
            row = connection.execute(found).one_or_none()
        return PersonRow._make(row) if row is not None else None

    def find(self, query: EntryQuery) -> list[EntryRow]:
        """Return the entries that `query` asks for, newest first."""
        limit = max(0, min(query.limit, _MOST))
        with self._database.reading() as connection:
            statement = self._found(connection, query, limit)
            if statement is None:
                return []
            return [EntryRow._make(row) for row in connection.execute(statement)]

    def count(self, query: EntryQuery) -> int:
        """Count the entries that `query` matches, whatever its limit."""
        with self._database.reading() as connection:
            sets = self._matching_sets(connection, query.provisions)
            where = self._conditions(connection, query)
            if query.actions:
                where.append(entry_table.c.action.in_(query.actions))
            if sets is not None:
                where.append(entry_table.c.provision_set.in_(sets))
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(entry_table).where(*where)).scalar_one()
            )

    def facts(
        self, actions: Sequence[str], since: datetime | None, until: datetime | None, *, limit: int
    ) -> EntryFacts:
        """Count the entries of `actions` that happened from `since` to before `until`; name the newest `limit`."""
        entry = entry_table.c
        where = _times(since, until)
        names = tuple(dict.fromkeys(actions))
        if not names:
            return EntryFacts(0, (), None)
        counted = sa.select(sa.func.count()).select_from(entry_table).where(entry.action.in_(names), *where)
        newest = [
            sa.select(
                sa.select(entry.id, entry.occurred_at, entry.seq)
                .where(entry.action == name, *where)
                .order_by(entry.occurred_at.desc(), entry.seq.desc())
                .limit(max(1, limit))
                .subquery()
            )
            for name in names
        ]
        either = sa.union_all(*newest).subquery()
        statement = (
            sa.select(either.c.id, either.c.occurred_at, counted.scalar_subquery().label("count"))
            .order_by(either.c.occurred_at.desc(), either.c.seq.desc())
            .limit(max(1, limit))
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return EntryFacts(0, (), None)
        ids = tuple(row[0] for row in rows)[: max(0, limit)]
        return EntryFacts(int(rows[0][2]), ids, from_iso(rows[0][1]))

    def _found(self, connection: Connection, query: EntryQuery, limit: int) -> sa.Select[tuple[object, ...]] | None:
        """Search along one index per action or per provision set, each newest first, instead of sorting all matches."""
        entry = entry_table.c
        sets = self._matching_sets(connection, query.provisions)
        if sets == [] or limit == 0:
            return None
        where = self._conditions(connection, query)
        branches: list[sa.ColumnElement[bool]] = []
        if query.actions:
            branches = [entry.action == action for action in dict.fromkeys(query.actions)]
            if sets is not None:
                where.append(entry.provision_set.in_(sets))
        elif sets is not None:
            branches = [entry.provision_set == number for number in sets]
        if len(branches) > _MOST_BRANCHES:
            where, branches = [*where, sa.or_(*branches)], []
        newest_first = sa.select(entry_table).order_by(entry.seq.desc()).limit(limit)
        if not branches:
            return newest_first.where(*where)
        parts = [
            sa.select(sa.select(entry.seq).where(branch, *where).order_by(entry.seq.desc()).limit(limit).subquery())
            for branch in branches
        ]
        return newest_first.where(entry.seq.in_(sa.union_all(*parts)))

    def _conditions(self, connection: Connection, query: EntryQuery) -> list[sa.ColumnElement[bool]]:
        entry = entry_table.c
        where = _times(query.since, query.until)
        if query.since is not None:
            where.append(entry.seq >= self._first_received(connection, query.since - FUTURE))
        if query.actor:
            where.append(entry.actor == query.actor)
        if query.subject:
            where.append(entry.subject == query.subject)
        if query.before_seq is not None:
            where.append(entry.seq < query.before_seq)
        return where

    def _first_received(self, connection: Connection, at: datetime) -> int:
        """Return the first sequence number received at `at` or later: times of receipt grow with the sequence."""
        wanted, seq, received = instant(at), entry_table.c.seq, entry_table.c.received_at
        low, high = 0, int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(seq) + 1, 0))).scalar_one())
        while low < high:
            middle = (low + high) // 2
            there = connection.execute(sa.select(received).where(seq == middle)).scalar_one_or_none()
            if there is not None and there < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _matching_sets(self, connection: Connection, wanted: Sequence[str]) -> list[int] | None:
        if not wanted:
            return None
        self._load_sets(connection)
        marks = [canonical_text(one)[:-1] for one in wanted]
        return [
            number
            for number, text in list(self._sets.items())
            if any(f'{mark}"' in text or f"{mark}/" in text for mark in marks)
        ]

    def _load_sets(self, connection: Connection) -> None:
        column = provision_set_table.c
        for row in connection.execute(sa.select(provision_set_table).where(column.id > max(self._sets, default=0))):
            self._sets[row.id] = row.provisions


def _times(since: datetime | None, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    occurred = entry_table.c.occurred_at
    where: list[sa.ColumnElement[bool]] = []
    if since is not None:
        where.append(occurred >= instant(since))
    if until is not None:
        where.append(occurred < instant(until))
    return where
