"""All SQL of the gateway: apps, keys, and the index of exchanges, which can be made again from the ledger."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from guiju.gateway.app_rules import rules_facts
from guiju.gateway.availability import HourCount
from guiju.gateway.evidence import Noted
from guiju.gateway.models import ApiKey, App, ExchangeQuery, ExchangeRecord, OutcomeTally
from guiju.gateway.rows import iso_or_none, key_row, read_app, read_key, read_key_in_force
from guiju.kit.canonical_json import canonical_text
from guiju.kit.clock import from_iso, to_iso
from guiju.storage.database import Database, metadata

app_table = sa.Table(
    "app",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("refuses_with_error", sa.Boolean, nullable=False),
    sa.Column("text_mark", sa.String(256), nullable=False),
    sa.Column("created_at", sa.String(27), nullable=False),
    sa.Column("rules", sa.Text, nullable=False, server_default="{}"),
)
key_table = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("app_id", sa.String(36), sa.ForeignKey("app.id"), nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", sa.String(27), nullable=False),
    sa.Column("revoked_at", sa.String(27)),
    sa.Column("label", sa.String(128), nullable=False, server_default=""),
    sa.Column("scope", sa.Text, nullable=False, server_default="{}"),
    sa.Column("expires_at", sa.String(27)),
    sa.Column("last_used_at", sa.String(27)),
    sa.Column("replaced_by", sa.String(36), nullable=False, server_default=""),
)
exchange_table = sa.Table(
    "exchange",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("opened_at", sa.String(27), nullable=False),
    sa.Column("closed_at", sa.String(27)),
    sa.Column("app_id", sa.String(36), nullable=False),
    sa.Column("person", sa.String(128), nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("upstream", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(32), nullable=False),
    sa.Column("risks", sa.String(512), nullable=False),
    sa.Column("closed_entry", sa.String(36), nullable=False),
    sa.Column("first_byte_ms", sa.Integer),
    sa.Column("total_ms", sa.Integer),
    sa.Index("ix_exchange_opened_at", "opened_at"),
    sa.Index("ix_exchange_outcome", "outcome"),
    sa.Index("ix_exchange_person", "person", "id"),
)
mark_table = sa.Table(
    "exchange_mark",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

_PAGE_MOST = 500
_HOUR_CHARACTERS = len("2026-11-26T03")
_NEWEST = 5
_IN_MOST = 500
_ID = "the_id"


class GatewayRepository:
    """The gateway's tables."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self._database = database

    def add_app(self, app: App, created_at: datetime) -> None:
        """Keep an app."""
        row = {
            "id": app.id,
            "name": app.name,
            "refuses_with_error": app.refuses_with_error,
            "text_mark": app.text_mark,
            "created_at": to_iso(created_at),
            "rules": canonical_text(rules_facts(app.rules)),
        }
        with self._database.transaction() as connection:
            connection.execute(sa.insert(app_table).values(row))

    def update_app(self, app: App) -> bool:
        """Keep an app's new settings; False when there is no such app."""
        values = {
            "name": app.name,
            "refuses_with_error": app.refuses_with_error,
            "text_mark": app.text_mark,
            "rules": canonical_text(rules_facts(app.rules)),
        }
        with self._database.transaction() as connection:
            changed = connection.execute(sa.update(app_table).where(app_table.c.id == app.id).values(values))
            return changed.rowcount == 1

    def apps(self) -> list[App]:
        """Return every app, oldest first."""
        with self._database.reading() as connection:
            return [
                read_app(row) for row in connection.execute(sa.select(app_table).order_by(app_table.c.id)).mappings()
            ]

    def add_key(self, key: ApiKey, digest: str, *, replaces: ApiKey | None = None) -> None:
        """Keep a key by the SHA-256 of its secret; `replaces` is an older one with its new end, kept together."""
        with self._database.transaction() as connection:
            connection.execute(sa.insert(key_table).values(key_row(key, digest)))
            if replaces is not None:
                values = {"replaced_by": key.id, "expires_at": iso_or_none(replaces.expires_at)}
                connection.execute(sa.update(key_table).where(key_table.c.id == replaces.id).values(values))

    def keys(self, app_id: str) -> list[ApiKey]:
        """Return the keys of an app, oldest first."""
        wanted = sa.select(key_table).where(key_table.c.app_id == app_id).order_by(key_table.c.id)
        with self._database.reading() as connection:
            return [read_key(row) for row in connection.execute(wanted).mappings()]

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; False when there is none, or it is revoked already."""
        revoke = (
            sa.update(key_table)
            .where(key_table.c.id == key_id, key_table.c.revoked_at.is_(None))
            .values(revoked_at=to_iso(at))
        )
        with self._database.transaction() as connection:
            return connection.execute(revoke).rowcount == 1

    def touch_keys(self, used: Mapping[str, datetime]) -> None:
        """Keep when keys were last used; an earlier time never replaces a later one."""
        with self._database.transaction() as connection:
            for key_id, at in sorted(used.items()):
                column = key_table.c.last_used_at
                newer = sa.or_(column.is_(None), column < to_iso(at))
                touch = sa.update(key_table).where(key_table.c.id == key_id, newer).values(last_used_at=to_iso(at))
                connection.execute(touch)

    def app_of_key(self, digest: str) -> App | None:
        """Return the app whose key has this SHA-256, with the key; None when there is none, or it was revoked."""
        key = key_table.c
        wanted = (
            sa.select(app_table, key.id.label("key_id"), key.scope, key.expires_at)
            .join(key_table, key.app_id == app_table.c.id)
            .where(key.digest == digest, key.revoked_at.is_(None))
        )
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else replace(read_app(row), key=read_key_in_force(row))

    def keep(self, batch: Sequence[Noted]) -> None:
        """Bring the index up to date: of each exchange the last state counts, and a closed one stays closed."""
        newest: dict[str, Noted] = {}
        for noted in batch:
            if noted.id not in newest or noted.closed_at is not None:
                newest[noted.id] = noted
        rows = {noted.id: _row(noted) for noted in newest.values()}
        with self._database.transaction() as connection:
            there: set[str] = set()
            ids = list(rows)
            for start in range(0, len(ids), _IN_MOST):
                some = exchange_table.c.id.in_(ids[start : start + _IN_MOST])
                there.update(connection.execute(sa.select(exchange_table.c.id).where(some)).scalars())
            if new := [row for key, row in rows.items() if key not in there]:
                connection.execute(sa.insert(exchange_table), new)
            closed = [_known(rows[key]) for key in there if rows[key]["closed_at"] is not None]
            for names, alike in itertools.groupby(sorted(closed, key=tuple), key=tuple):
                connection.execute(_update(names), list(alike))

    def closed_ids(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that the index has as closed."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for start in range(0, len(ids), _IN_MOST):
                some = exchange_table.c.id.in_(ids[start : start + _IN_MOST])
                wanted = sa.select(exchange_table.c.id).where(some, exchange_table.c.closed_at.is_not(None))
                found.update(connection.execute(wanted).scalars())
        return found

    def indexed_to(self) -> int:
        """Return the number of the ledger entry up to which the index is known to be whole; -1 at first."""
        with self._database.reading() as connection:
            seq = connection.execute(sa.select(mark_table.c.seq)).scalar_one_or_none()
        return -1 if seq is None else seq

    def mark_indexed(self, seq: int) -> None:
        """Say that the index is whole up to the ledger entry `seq`."""
        try:
            with self._database.transaction() as connection:
                changed = connection.execute(sa.update(mark_table).values(seq=seq))
                if changed.rowcount == 0:
                    connection.execute(sa.insert(mark_table).values(id=1, seq=seq))
        except sa.exc.IntegrityError:  # another process made the first mark between the two statements
            with self._database.transaction() as connection:
                connection.execute(sa.update(mark_table).values(seq=seq))

    def exchange(self, exchange_id: str) -> ExchangeRecord | None:
        """Return one exchange."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(exchange_table).where(exchange_table.c.id == exchange_id)).one_or_none()
        return None if row is None else _record(row)

    def search(self, query: ExchangeQuery) -> list[ExchangeRecord]:
        """Return the exchanges that match, newest first, at most five hundred."""
        wanted = sa.select(exchange_table).where(*_conditions(query)).order_by(exchange_table.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(max(1, min(query.limit, _PAGE_MOST))))
            return [_record(row) for row in rows]

    def hours(self, since: datetime, until: datetime) -> list[HourCount]:
        """Return how many exchanges that opened in [since, until) ended how, by the hour."""
        column = exchange_table.c
        hour = sa.func.substr(column.opened_at, sa.literal_column("1"), sa.literal_column(str(_HOUR_CHARACTERS)))
        counted = (
            sa.select(hour, column.outcome, sa.func.count())
            .where(column.opened_at >= to_iso(since), column.opened_at < to_iso(until))
            .group_by(hour, column.outcome)
        )
        with self._database.reading() as connection:
            rows = connection.execute(counted).all()
        return [HourCount(from_iso(f"{at}:00:00Z"), outcome, count) for at, outcome, count in rows]

    def tally(self, since: datetime | None, until: datetime | None) -> dict[str, OutcomeTally]:
        """Return for each outcome how many exchanges closed with it in [since, until), and the newest of them."""
        closed: list[sa.ColumnElement[bool]] = [exchange_table.c.closed_at.is_not(None)]
        if since is not None:
            closed.append(exchange_table.c.closed_at >= to_iso(since))
        if until is not None:
            closed.append(exchange_table.c.closed_at < to_iso(until))
        counts = sa.select(exchange_table.c.outcome, sa.func.count()).where(*closed).group_by(exchange_table.c.outcome)
        found: dict[str, OutcomeTally] = {}
        with self._database.reading() as connection:
            for outcome, count in connection.execute(counts).all():
                newest = (
                    sa.select(exchange_table.c.closed_entry, exchange_table.c.closed_at)
                    .where(*closed, exchange_table.c.outcome == outcome)
                    .order_by(exchange_table.c.id.desc())
                    .limit(_NEWEST)
                )
                rows = connection.execute(newest).all()
                found[outcome] = OutcomeTally(count, tuple(row[0] for row in rows), from_iso(rows[0][1]))
        return found


def _conditions(query: ExchangeQuery) -> list[sa.ColumnElement[bool]]:
    column = exchange_table.c
    conditions: list[sa.ColumnElement[bool]] = []
    if query.outcome:
        conditions.append(column.outcome == query.outcome)
    if query.risk:
        conditions.append(column.risks.contains(f",{query.risk},", autoescape=True))
    same = ((column.app_id, query.app_id), (column.person, query.person))
    conditions += [its == wanted for its, wanted in same if wanted]
    if query.since is not None:
        conditions.append(column.opened_at >= to_iso(query.since))
    if query.until is not None:
        conditions.append(column.opened_at < to_iso(query.until))
    if query.before_id:
        conditions.append(column.id < query.before_id)
    if query.ids:
        conditions.append(column.id.in_(query.ids[:_PAGE_MOST]))
    return conditions


def _row(noted: Noted) -> dict[str, object]:
    return {
        "id": noted.id,
        "opened_at": to_iso(noted.opened_at),
        "closed_at": None if noted.closed_at is None else to_iso(noted.closed_at),
        "app_id": noted.app_id,
        "person": noted.person,
        "model": noted.model[:256],
        "upstream": noted.upstream,
        "outcome": noted.outcome,
        "risks": f",{','.join(noted.risks)}," if noted.risks else "",
        "closed_entry": noted.closed_entry,
        "first_byte_ms": noted.first_byte_ms,
        "total_ms": noted.total_ms,
    }


@functools.cache
def _update(names: tuple[str, ...]) -> sa.Update:
    """Return the statement that sets the columns `names` of the exchange `the_id`."""
    values: dict[str, sa.BindParameter[object]] = {name: sa.bindparam(name) for name in names if name != _ID}
    return sa.update(exchange_table).where(exchange_table.c.id == sa.bindparam(_ID)).values(values)


def _known(row: dict[str, object]) -> dict[str, object]:
    """Leave out what a rebuilt row does not know, so that it does not wipe what is known."""
    known = {key: value for key, value in row.items() if value not in (None, "") or key == "risks"}
    return {_ID: known.pop("id"), **known}


def _record(row: sa.Row[tuple[object, ...]]) -> ExchangeRecord:
    return ExchangeRecord(
        id=row.id,
        opened_at=from_iso(row.opened_at),
        closed_at=None if row.closed_at is None else from_iso(row.closed_at),
        app_id=row.app_id,
        person=row.person,
        model=row.model,
        upstream=row.upstream,
        outcome=row.outcome,
        risks=tuple(risk for risk in row.risks.split(",") if risk),
        opened_entry=row.id,
        closed_entry=row.closed_entry,
        first_byte_ms=row.first_byte_ms,
        total_ms=row.total_ms,
    )
