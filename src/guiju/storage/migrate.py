"""Bring a database to the newest schema, or back: Alembic, called from code, so that no second command is needed."""

from pathlib import Path

import sqlalchemy as sa

from guiju.storage.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"
NEWEST = "0007"


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade (or, to an older `revision` or `base`, downgrade) the schema; where it is there, nothing is done."""
    now = current_revision(database)
    if revision == "head" and now == NEWEST:
        return
    from alembic import command  # noqa: PLC0415 - a second start must not pay for importing Alembic
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["engine"] = database.engine
    if revision != "head" and now is not None and (revision == "base" or revision < now):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def current_revision(database: Database) -> str | None:
    """Return the revision the schema is at, or None for an empty database."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        version_num: sa.ColumnClause[str] = sa.column("version_num")
        version = connection.execute(sa.select(version_num).select_from(sa.table("alembic_version")))
        return version.scalar_one_or_none()
