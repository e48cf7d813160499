"""All SQL of the staff room: accounts and sessions."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Row

from guiju.kit.clock import from_iso, to_iso
from guiju.kit.errors import RefusedError
from guiju.staff.models import StaffMember
from guiju.storage.database import Database, metadata

member_table = sa.Table(
    "staff_member",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(192), nullable=False, unique=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("password_hash", sa.String(256), nullable=False),
    sa.Column("created_at", sa.String(27), nullable=False),
    sa.Column("expires_at", sa.String(27)),
    sa.Column("disabled_at", sa.String(27)),
)

session_table = sa.Table(
    "staff_session",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("member_id", sa.String(36), sa.ForeignKey("staff_member.id"), nullable=False, index=True),
    sa.Column("created_at", sa.String(27), nullable=False),
    sa.Column("seen_at", sa.String(27), nullable=False),
    sa.Column("expires_at", sa.String(27), nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as the database holds it."""

    member: StaffMember
    seen_at: datetime
    expires_at: datetime


class StaffRepository:
    """Keeps accounts and sessions."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    def add(self, member: StaffMember, key: str, password_hash: str) -> None:
        """Keep a new account under the name key `key`.

        Raises:
            RefusedError: there is an account of that name already.
            StorageError: the database refused.
        """
        values = {
            "id": member.id,
            "name": member.name,
            "name_key": key,
            "role": member.role,
            "password_hash": password_hash,
            "created_at": to_iso(member.created_at),
            "expires_at": to_iso(member.expires_at) if member.expires_at else None,
        }
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(member_table).values(values))
        except sa.exc.IntegrityError as error:
            raise RefusedError(
                f"账号名 {member.name!r} 已被使用，请换一个。",
                f"The account name {member.name!r} is taken; choose another.",
                where="name",
            ) from error

    def has_members(self) -> bool:
        """Return whether there is any account."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(member_table.c.id).limit(1)).first() is not None

    def members(self) -> list[StaffMember]:
        """Return every account, in the order they were made."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(member_table).order_by(member_table.c.created_at, member_table.c.id))
            return [_member(row) for row in rows]

    def by_id(self, member_id: str) -> StaffMember | None:
        """Return the account with this id."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(member_table).where(member_table.c.id == member_id)).first()
        return _member(row) if row is not None else None

    def credentials(self, key: str) -> tuple[StaffMember, str] | None:
        """Return the account under the name key `key` with its password hash."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(member_table).where(member_table.c.name_key == key)).first()
        return (_member(row), row.password_hash) if row is not None else None

    def set_password(self, member_id: str, password_hash: str) -> None:
        """Keep a new password hash and end every session of the account, in one transaction."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(member_table).where(member_table.c.id == member_id).values(password_hash=password_hash)
            )
            connection.execute(sa.delete(session_table).where(session_table.c.member_id == member_id))

    def replace_hash(self, member_id: str, password_hash: str) -> None:
        """Keep the same password under stronger parameters; sessions go on."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(member_table).where(member_table.c.id == member_id).values(password_hash=password_hash)
            )

    def disable(self, member_id: str, at: datetime) -> bool:
        """Close the account and end its sessions, unless it is the last open owner; return whether it was closed."""
        other = member_table.alias()
        with self._database.transaction() as connection:
            others = (
                sa.select(other.c.id)
                .where(other.c.role == "owner", other.c.disabled_at.is_(None), other.c.id != member_id)
                .exists()
            )
            changed = connection.execute(
                sa.update(member_table)
                .where(member_table.c.id == member_id, member_table.c.disabled_at.is_(None))
                .where(sa.or_(member_table.c.role != "owner", others))
                .values(disabled_at=to_iso(at))
            ).rowcount
            if changed:
                connection.execute(sa.delete(session_table).where(session_table.c.member_id == member_id))
        return bool(changed)

    def open_session(self, token_hash: str, member_id: str, *, at: datetime, expires_at: datetime) -> None:
        """Keep a session and drop those that are over."""
        with self._database.transaction() as connection:
            connection.execute(sa.delete(session_table).where(session_table.c.expires_at <= to_iso(at)))
            connection.execute(
                sa.insert(session_table).values(
                    token_hash=token_hash,
                    member_id=member_id,
                    created_at=to_iso(at),
                    seen_at=to_iso(at),
                    expires_at=to_iso(expires_at),
                )
            )

    def session(self, token_hash: str) -> KeptSession | None:
        """Return the session under this hash with its account."""
        statement = (
            sa.select(member_table, session_table.c.seen_at, session_table.c.expires_at.label("session_expires_at"))
            .join(session_table, session_table.c.member_id == member_table.c.id)
            .where(session_table.c.token_hash == token_hash)
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        return KeptSession(_member(row), from_iso(row.seen_at), from_iso(row.session_expires_at))

    def touch_session(self, token_hash: str, at: datetime) -> None:
        """Write down that the session was used."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(session_table).where(session_table.c.token_hash == token_hash).values(seen_at=to_iso(at))
            )

    def close_session(self, token_hash: str) -> None:
        """Forget a session; forgetting one that is not there is nothing."""
        with self._database.transaction() as connection:
            connection.execute(sa.delete(session_table).where(session_table.c.token_hash == token_hash))


def _member(row: Row[tuple[object, ...]]) -> StaffMember:
    fields = row._mapping  # noqa: SLF001 - the documented way to read a row by column
    expires_at, disabled_at = fields[member_table.c.expires_at], fields[member_table.c.disabled_at]
    return StaffMember(
        id=fields[member_table.c.id],
        name=fields[member_table.c.name],
        role=fields[member_table.c.role],
        created_at=from_iso(fields[member_table.c.created_at]),
        expires_at=from_iso(expires_at) if expires_at else None,
        disabled_at=from_iso(disabled_at) if disabled_at else None,
    )
