"""Changes of the keyword library, their steps, and what they were measured to do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from guiju.kit.canonical_json import canonical_text
from guiju.kit.clock import from_iso, to_iso
from guiju.moderation.writing import entry_facts, entry_from
from guiju.review.errors import SecondPersonError, StaleError
from guiju.review.models import (
    Change,
    ChangeEvent,
    ChangeState,
    ItemState,
    Measured,
    Op,
    Preview,
    StageEffect,
    TermChange,
)
from guiju.review.repository.tables import change_table, event_table, hit_table, item_table, term_table
from guiju.review.rules import IN_FORCE
from guiju.storage.database import Database

_MOST = 500
_change = change_table.c
_PREVIEWS = TypeAdapter(tuple[Preview, ...])
_MEASURED = TypeAdapter(Measured)


class ChangeRepository:
    """Keeps changes; that nobody approves their own is held by the table itself."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    def add(self, change: Change, event: ChangeEvent) -> None:
        """Keep a new change with its terms and its first step."""
        rows = [
            {
                "change_id": change.id,
                "place": place,
                "op": term.op.value,
                "term_id": term.term_id,
                "watched": term.watched,
                "entry": canonical_text({"entry": entry_facts(term.entry), "phrase": term.phrase}),
                "before": canonical_text(
                    {"entry": entry_facts(term.before) if term.before else None, "builtin": term.was_builtin}
                ),
            }
            for place, term in enumerate(change.terms)
        ]
        with self._database.transaction() as connection:
            connection.execute(sa.insert(change_table).values(_row(change)))
            connection.execute(sa.insert(term_table), rows)
            _add_event(connection, change.id, event)

    def change(self, change_id: str) -> Change | None:
        """Return one change, whole."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(change_table).where(_change.id == change_id)).one_or_none()
            if row is None:
                return None
            terms = sa.select(term_table).where(term_table.c.change_id == change_id).order_by(term_table.c.place)
            events = sa.select(event_table).where(event_table.c.change_id == change_id).order_by(event_table.c.version)
            return replace(
                _read(row),
                terms=tuple(_read_term(term) for term in connection.execute(terms)),
                events=tuple(_read_event(event) for event in connection.execute(events)),
            )

    def changes(self, states: Collection[ChangeState], *, limit: int = 50, offset: int = 0) -> list[Change]:
        """Return the changes in `states`, the newest first, without terms but with their number."""
        counted = sa.select(term_table.c.change_id, sa.func.count().label("terms")).group_by(term_table.c.change_id)
        counts = counted.subquery()
        wanted = (
            sa.select(change_table, counts.c.terms)
            .join(counts, counts.c.change_id == _change.id)
            .where(_change.state.in_([state.value for state in states]))
            .order_by(_change.id.desc())
            .limit(max(0, min(limit, _MOST)))
            .offset(max(0, offset))
        )
        with self._database.reading() as connection:
            return [replace(_read(row), term_count=row.terms) for row in connection.execute(wanted)]

    def count(self, states: Collection[ChangeState]) -> int:
        """Count the changes in `states`."""
        where = _change.state.in_([state.value for state in states])
        with self._database.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(change_table).where(where)).scalar_one()
            )

    def whole(self, states: Collection[ChangeState]) -> list[Change]:
        """Return the changes in `states` with their terms and steps, in the order in which they were approved."""
        ids = sa.select(_change.id).where(_change.state.in_([state.value for state in states]))
        with self._database.reading() as connection:
            found = list(connection.execute(ids.order_by(_change.approved_at, _change.id)).scalars())
        return [change for change_id in found if (change := self.change(change_id)) is not None]

    def open_terms(self, term_ids: Collection[str], states: Collection[ChangeState]) -> dict[str, str]:
        """Return which of these terms stand in a change in `states`: term → change."""
        wanted = (
            sa.select(term_table.c.term_id, term_table.c.change_id)
            .join(change_table, change_table.c.id == term_table.c.change_id)
            .where(_change.state.in_([state.value for state in states]))
        )
        with self._database.reading() as connection:
            return {row.term_id: row.change_id for row in connection.execute(wanted) if row.term_id in term_ids}

    def step(self, change: Change, event: ChangeEvent, **values: str | None) -> Change:
        """Take a step from the state and version that `change` has.

        Raises:
            StaleError: somebody else has taken one meanwhile.
            SecondPersonError: the database refuses that the author approves.
        """
        where = (_change.id == change.id, _change.version == change.version, _change.state == change.state.value)
        new = {"state": event.state.value, "version": event.version, **values}
        try:
            with self._database.transaction() as connection:
                if connection.execute(sa.update(change_table).where(*where).values(new)).rowcount != 1:
                    raise StaleError
                _add_event(connection, change.id, event)
        except sa.exc.IntegrityError as error:
            raise SecondPersonError from error
        taken = self.change(change.id)
        assert taken is not None  # noqa: S101 - it was updated just now
        return taken

    def keep_previews(self, change_id: str, previews: Sequence[Preview]) -> None:
        """Keep what a change was seen to do to known texts; what was kept before goes."""
        text = _PREVIEWS.dump_json(tuple(previews)).decode()
        with self._database.transaction() as connection:
            connection.execute(sa.update(change_table).where(_change.id == change_id).values(preview=text))

    def generation(self) -> tuple[int, str]:
        """Return what changes whenever a step is taken: how many there were, and when the last."""
        steps = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(event_table.c.at), ""))
        with self._database.reading() as connection:
            row = connection.execute(steps.select_from(event_table)).one()
        return int(row[0]), str(row[1])

    def last_staged(self) -> datetime | None:
        """Return when the library was last changed by a step."""
        states = [state.value for state in (*IN_FORCE, ChangeState.REVERTED)]
        newest = sa.select(sa.func.max(event_table.c.at)).where(event_table.c.state.in_(states))
        with self._database.reading() as connection:
            text = connection.execute(newest).scalar_one_or_none()
        return from_iso(text) if text else None

    def effects(self, change_id: str) -> Mapping[str, StageEffect]:
        """Return what a change did in each stage, with what people said of the texts that it found."""
        item = item_table.c
        joined = sa.and_(item.exchange_id == hit_table.c.exchange_id, item.scope == hit_table.c.scope)
        counted = (
            sa.select(
                hit_table.c.stage,
                sa.func.count(),
                sa.func.sum(hit_table.c.hits),
                _counted(item.state != ItemState.SETTLED.value),
                _counted(sa.and_(item.state == ItemState.SETTLED.value, item.outcome != "")),
                _counted(sa.and_(item.state == ItemState.SETTLED.value, item.outcome == "")),
            )
            .select_from(hit_table.outerjoin(item_table, joined))
            .where(hit_table.c.change_id == change_id)
            .group_by(hit_table.c.stage)
        )
        with self._database.reading() as connection:
            rows = connection.execute(counted).all()
        return {row[0]: StageEffect(row[0], *(int(value) for value in row[1:])) for row in rows}

    def hit_count(self, change_ids: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return in how many texts each of these changes found something, by stage."""
        table = hit_table.c
        counted = sa.select(table.change_id, table.stage, sa.func.count()).where(table.change_id.in_(list(change_ids)))
        with self._database.reading() as connection:
            rows = connection.execute(counted.group_by(table.change_id, table.stage))
            return {(row[0], row[1]): int(row[2]) for row in rows}

    def texts_found(self, change_id: str, limit: int) -> list[tuple[str, str, str]]:
        """Return the newest texts in which a change found something: exchange, scope, stage."""
        table = hit_table.c
        wanted = sa.select(table.exchange_id, table.scope, table.stage).where(table.change_id == change_id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(table.at.desc()).limit(max(0, min(limit, _MOST))))
            return [(row.exchange_id, row.scope, row.stage) for row in rows]


def _counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _add_event(connection: Connection, change_id: str, event: ChangeEvent) -> None:
    values = {
        "change_id": change_id,
        "version": event.version,
        "at": to_iso(event.at),
        "person": event.person,
        "state": event.state.value,
        "reason": event.reason,
        "effect": _MEASURED.dump_json(event.measured).decode(),
        "entry_id": event.entry_id,
    }
    connection.execute(sa.insert(event_table).values(values))


def _row(change: Change) -> dict[str, object]:
    return {
        "id": change.id,
        "title": change.title,
        "reason": change.reason,
        "author": change.author,
        "proposed_at": to_iso(change.proposed_at),
        "source_item": change.source_item,
        "state": change.state.value,
        "approver": change.approver,
        "approved_at": None if change.approved_at is None else to_iso(change.approved_at),
        "staged_at": None if change.staged_at is None else to_iso(change.staged_at),
        "preview": "[]",
        "version": change.version,
    }


def _read(row: sa.Row[tuple[object, ...]]) -> Change:
    return Change(
        id=row.id,
        title=row.title,
        reason=row.reason,
        author=row.author,
        proposed_at=from_iso(row.proposed_at),
        state=ChangeState(row.state),
        version=row.version,
        source_item=row.source_item,
        approver=row.approver,
        approved_at=_instant(row.approved_at),
        staged_at=_instant(row.staged_at),
        previews=_PREVIEWS.validate_json(row.preview),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)


def _read_term(row: sa.Row[tuple[object, ...]]) -> TermChange:
    entry, before = orjson.loads(row.entry), orjson.loads(row.before)
    return TermChange(
        op=Op(row.op),
        entry=entry_from(entry["entry"]),
        before=entry_from(before["entry"]) if before["entry"] else None,
        was_builtin=bool(before["builtin"]),
        term_id=row.term_id,
        watched=row.watched,
        phrase=str(entry["phrase"]),
    )


def _read_event(row: sa.Row[tuple[object, ...]]) -> ChangeEvent:
    measured = _MEASURED.validate_json(row.effect)
    at, state = from_iso(row.at), ChangeState(row.state)
    return ChangeEvent(row.version, at, row.person, state, row.reason, measured, row.entry_id)
