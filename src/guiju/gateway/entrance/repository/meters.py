"""Meters and slots in the database: one transaction for everything that a process asks at once."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from guiju.gateway.entrance.meters.interface import IDLE_SECONDS, SLOT_SECONDS
from guiju.gateway.entrance.meters.models import Grant, Level, SlotWish, Take
from guiju.gateway.entrance.meters.rules import level_now, settled, slots_granted
from guiju.storage.database import Database, metadata

meter_table = sa.Table(
    "meter",
    metadata,
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("used", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("period", sa.String(16), nullable=False),
)
slot_table = sa.Table(
    "slot",
    metadata,
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("process", sa.String(36), primary_key=True),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
)
_IN_MOST = 500
_TRIES = 5


class DatabaseMeters:
    """Meters and slots as rows; rows are locked in the order of their keys, so that no two processes wait in a ring."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self._database = database

    def settle(self, takes: Sequence[Take], now: float) -> list[Grant]:
        """Do all takes; see the interface."""
        for _ in range(_TRIES):
            try:
                with self._database.transaction() as connection:
                    return _settle(connection, takes, now)
            except sa.exc.IntegrityError:  # another process made the same meter first: now it is there
                continue
        with self._database.transaction() as connection:
            return _settle(connection, takes, now)

    def hold(self, process: str, wishes: Sequence[SlotWish], now: float) -> list[int]:
        """Hold slots; see the interface."""
        for _ in range(_TRIES):
            try:
                with self._database.transaction() as connection:
                    return _hold(connection, process, wishes, now=now)
            except sa.exc.IntegrityError:  # as above
                continue
        with self._database.transaction() as connection:
            return _hold(connection, process, wishes, now=now)

    def renew(self, process: str, now: float) -> None:
        """Keep the slots of a process."""
        later = sa.update(slot_table).where(slot_table.c.process == process).values(until=now + SLOT_SECONDS)
        with self._database.transaction() as connection:
            connection.execute(later)

    def prune(self, now: float) -> None:
        """Forget meters that nobody used for long, and slots of processes that are gone."""
        with self._database.transaction() as connection:
            connection.execute(sa.delete(meter_table).where(meter_table.c.at < now - IDLE_SECONDS))
            connection.execute(sa.delete(slot_table).where(slot_table.c.until < now - SLOT_SECONDS))


def _settle(connection: sa.Connection, takes: Sequence[Take], now: float) -> list[Grant]:
    kept = _locked(connection, {take.meter.key for take in takes})
    levels: dict[str, Level] = {}
    grants = []
    for take in takes:
        key = take.meter.key
        level = levels.get(key) or kept.get(key)
        levels[key], grant = settled(level_now(take.meter, level, now), take, now)
        grants.append(grant)
    # New rows, too, in the order of their keys: two that make the same ones would wait for each other.
    rows = [
        {"key": key, "used": level.used, "at": level.at, "period": level.period}
        for key, level in sorted(levels.items(), key=lambda item: item[0])
    ]
    if new := [row for row in rows if row["key"] not in kept]:
        connection.execute(sa.insert(meter_table), new)
    if known := [{"the_key": row.pop("key"), **row} for row in rows if row["key"] in kept]:
        connection.execute(_CHANGE_METER, known)
    return grants


_CHANGE_METER = (
    sa.update(meter_table)
    .where(meter_table.c.key == sa.bindparam("the_key"))
    .values(used=sa.bindparam("used"), at=sa.bindparam("at"), period=sa.bindparam("period"))
)


def _hold(connection: sa.Connection, process: str, wishes: Sequence[SlotWish], *, now: float) -> list[int]:
    keys = {wish.key for wish in wishes}
    locked = _locked(connection, keys)
    if missing := sorted(keys - locked.keys()):
        connection.execute(
            sa.insert(meter_table), [{"key": key, "used": 0.0, "at": now, "period": ""} for key in missing]
        )
    held, mine = _held(connection, process, sorted(keys), now=now)
    granted = []
    for wish in wishes:
        of_key = held[wish.key]
        got = slots_granted(wish.by, wish.limit, sum(of_key.values()))
        of_key[process] = max(0, of_key.get(process, 0) + got)
        granted.append(got)
    until = now + SLOT_SECONDS
    for key in sorted(keys):
        values = {"held": held[key].get(process, 0), "until": until}
        if key in mine:
            is_row = (slot_table.c.key == key) & (slot_table.c.process == process)
            connection.execute(sa.update(slot_table).where(is_row).values(values))
        else:
            connection.execute(sa.insert(slot_table).values(key=key, process=process, **values))
    return granted


def _held(
    connection: sa.Connection, process: str, keys: list[str], *, now: float
) -> tuple[dict[str, dict[str, int]], set[str]]:
    """Return who holds how many of each key, and of which keys the process has a row."""
    held: dict[str, dict[str, int]] = {key: {} for key in keys}
    mine: set[str] = set()
    for some in _parts(keys):
        for row in connection.execute(sa.select(slot_table).where(slot_table.c.key.in_(some))):
            if row.process == process:
                mine.add(row.key)
            if row.process == process or row.until > now:
                held[row.key][row.process] = row.held
    return held, mine


def _locked(connection: sa.Connection, keys: set[str]) -> dict[str, Level]:
    """Return the levels that are kept, each locked until the transaction ends."""
    found: dict[str, Level] = {}
    for some in _parts(sorted(keys)):
        wanted = sa.select(meter_table).where(meter_table.c.key.in_(some)).order_by(meter_table.c.key).with_for_update()
        found.update((row.key, Level(row.used, row.at, row.period)) for row in connection.execute(wanted))
    return found


def _parts(keys: list[str]) -> Iterable[list[str]]:
    return (keys[start : start + _IN_MOST] for start in range(0, len(keys), _IN_MOST))
