"""Work to be done later, once, by whichever process gets it: a table of jobs with leases and compare-and-swap.

It works the same on SQLite and PostgreSQL, and a process that dies loses its lease, never the job.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from guiju.kit.canonical_json import JsonObject, canonical_text
from guiju.kit.clock import Clock, from_iso, to_iso
from guiju.kit.ids import new_id
from guiju.storage.database import Database, metadata

WAITING, DONE, FAILED = "waiting", "done", "failed"
_MAX_ATTEMPTS = 8

job_table = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("dedupe_key", sa.String(128), unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("run_at", sa.String(27), nullable=False),
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until", sa.String(27)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Index("ix_job_state_run_at", "state", "run_at"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One leased piece of work; `version` is the proof of the lease."""

    id: str
    kind: str
    payload: str
    attempts: int
    version: int
    lease_until: datetime


class JobQueue:
    """Put jobs in, lease them, finish them."""

    def __init__(self, database: Database, clock: Clock, *, owner: str) -> None:
        """Work as `owner`, a name that is unique to this process."""
        self._database = database
        self._clock = clock
        self._owner = owner

    def put(
        self, kind: str, payload: "JsonObject", *, run_at: datetime | None = None, dedupe_key: str | None = None
    ) -> str:
        """Add a job and return its id; with a `dedupe_key` that is there already, return the one that is there."""
        row = {
            "id": new_id(),
            "kind": kind,
            "payload": canonical_text(payload),
            "dedupe_key": dedupe_key,
            "state": WAITING,
            "run_at": to_iso(run_at or self._clock.now()),
            "attempts": 0,
            "version": 0,
        }
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(job_table).values(row))
        except sa.exc.IntegrityError:
            with self._database.reading() as connection:
                found = sa.select(job_table.c.id).where(job_table.c.dedupe_key == dedupe_key)
                return str(connection.execute(found).scalar_one())
        return str(row["id"])

    def lease(self, kinds: tuple[str, ...], *, seconds: float) -> Job | None:
        """Take one due job of `kinds` for `seconds`, or None; two processes never hold the same lease."""
        now = self._clock.now()
        due = sa.and_(
            job_table.c.state == WAITING,
            job_table.c.kind.in_(kinds),
            job_table.c.run_at <= to_iso(now),
            sa.or_(job_table.c.lease_until.is_(None), job_table.c.lease_until < to_iso(now)),
        )
        with self._database.reading() as connection:
            candidates = connection.execute(sa.select(job_table).where(due).order_by(job_table.c.run_at).limit(8)).all()
        until = now + timedelta(seconds=seconds)
        for row in candidates:
            swap = (
                sa.update(job_table)
                .where(job_table.c.id == row.id, job_table.c.version == row.version, job_table.c.state == WAITING)
                .values(
                    lease_owner=self._owner,
                    lease_until=to_iso(until),
                    attempts=row.attempts + 1,
                    version=row.version + 1,
                )
            )
            with self._database.transaction() as connection:
                is_mine = connection.execute(swap).rowcount == 1
            if is_mine:
                return Job(row.id, row.kind, row.payload, row.attempts + 1, row.version + 1, from_iso(to_iso(until)))
        return None

    def finish(self, job: Job) -> bool:
        """Mark `job` done; False when the lease was lost meanwhile, and another process has it."""
        return self._close(job, {"state": DONE, "last_error": None})

    def fail(self, job: Job, reason: str) -> bool:
        """Give `job` back with `reason`, later and later each time; after eight attempts it stays failed, visibly."""
        if job.attempts >= _MAX_ATTEMPTS:
            return self._close(job, {"state": FAILED, "last_error": reason})
        again = self._clock.now() + timedelta(seconds=2.0**job.attempts)
        return self._close(job, {"run_at": to_iso(again), "last_error": reason})

    def _close(self, job: Job, values: dict[str, str | None]) -> bool:
        swap = (
            sa.update(job_table)
            .where(job_table.c.id == job.id, job_table.c.version == job.version)
            .values(version=job.version + 1, lease_owner=None, lease_until=None, **values)
        )
        with self._database.transaction() as connection:
            return connection.execute(swap).rowcount == 1
