"""What was declared of users, by pseudonym."""

import sqlalchemy as sa

from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.entrance.models import NOTHING_DECLARED, IdentityState, RealIdentity
from guiju.kit.clock import from_iso, to_iso
from guiju.storage.database import Database, metadata

end_user_table = sa.Table(
    "end_user",
    metadata,
    sa.Column("person", sa.String(128), primary_key=True),
    sa.Column("real_identity", sa.String(16), nullable=False),
    sa.Column("method", sa.String(32), nullable=False),
    sa.Column("declared_by", sa.String(80), nullable=False),
    sa.Column("declared_at", sa.String(27), nullable=False),
    sa.Column("entry_id", sa.String(36), nullable=False),
)


class PeopleRepository:
    """The table of what was declared."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self._database = database

    def identity(self, person: str) -> IdentityState:
        """Return what was declared of a person."""
        wanted = sa.select(end_user_table).where(end_user_table.c.person == person)
        with self._database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return NOTHING_DECLARED
        return IdentityState(
            state=RealIdentity(row.real_identity),
            method=IdentityMethod(row.method) if row.method else None,
            declared_by=row.declared_by,
            declared_at=from_iso(row.declared_at),
            entry_id=row.entry_id,
        )

    def declare(self, person: str, state: IdentityState) -> None:
        """Keep what was declared last."""
        values = {
            "real_identity": state.state.value,
            "method": state.method.value if state.method is not None else "",
            "declared_by": state.declared_by,
            "declared_at": "" if state.declared_at is None else to_iso(state.declared_at),
            "entry_id": state.entry_id,
        }
        change = sa.update(end_user_table).where(end_user_table.c.person == person).values(values)
        try:
            with self._database.transaction() as connection:
                if connection.execute(change).rowcount == 0:
                    connection.execute(sa.insert(end_user_table).values(person=person, **values))
        except sa.exc.IntegrityError:  # another process was first between the two statements
            with self._database.transaction() as connection:
                connection.execute(change)
