"""Tallies of use by app and hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from guiju.gateway.entrance.usage import TALLIED, Tally, UsageHour
from guiju.kit.clock import from_iso, to_iso
from guiju.storage.database import Database, metadata

usage_table = sa.Table(
    "usage_hour",
    metadata,
    sa.Column("app_id", sa.String(36), primary_key=True),
    sa.Column("hour", sa.String(27), primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in TALLIED),
)
_TRIES = 5


class UsageRepository:
    """The table of tallies."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self._database = database

    def add(self, tallies: Mapping[tuple[str, datetime], Tally]) -> None:
        """Add to what is kept, in the order of the keys, so that no two processes wait in a ring."""
        for _ in range(_TRIES):
            try:
                with self._database.transaction() as connection:
                    _add(connection, tallies)
            except sa.exc.IntegrityError:  # another process made the same hour first: now it is there
                continue
            return

    def hours(self, app_id: str, since: datetime, until: datetime) -> Sequence[UsageHour]:
        """Return the hours of an app in [since, until), oldest first."""
        column = usage_table.c
        within = (column.app_id == app_id, column.hour >= to_iso(since), column.hour < to_iso(until))
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(usage_table).where(*within).order_by(column.hour)).mappings().all()
        return [UsageHour(from_iso(row["hour"]), Tally(**{name: row[name] for name in TALLIED})) for row in rows]


def _add(connection: sa.Connection, tallies: Mapping[tuple[str, datetime], Tally]) -> None:
    column = usage_table.c
    for (app_id, hour), tally in sorted(tallies.items(), key=lambda item: item[0]):
        counts = {name: getattr(tally, name) for name in TALLIED}
        more = {name: column[name] + count for name, count in counts.items()}
        which = (column.app_id == app_id, column.hour == to_iso(hour))
        if connection.execute(sa.update(usage_table).where(*which).values(more)).rowcount == 0:
            connection.execute(sa.insert(usage_table).values(app_id=app_id, hour=to_iso(hour), **counts))
