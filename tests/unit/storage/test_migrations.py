"""Migrations go up and down on both databases and end where the tables in code say."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from guiju.storage.database import Database
from guiju.storage.migrate import _SCRIPTS, NEWEST, current_revision, migrate


def test_down_and_up_again(database: Database) -> None:
    assert current_revision(database) == NEWEST
    migrate(database, "base")
    with database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(database)
    assert current_revision(database) == NEWEST


def test_each_step_down_and_up(database: Database) -> None:
    steps = [script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()]
    assert steps[0] == NEWEST
    for step in steps[1:]:
        migrate(database, step)
        assert current_revision(database) == step
    migrate(database)
    assert current_revision(database) == NEWEST


def test_the_schema_is_what_the_repositories_declare(database: Database) -> None:
    import guiju.bootstrap  # noqa: F401, PLC0415 - loads every repository, and with them every table
    from guiju.storage.database import metadata  # noqa: PLC0415

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = [step for step in compare_metadata(context, metadata) if "alembic_version" not in str(step)]
    assert differences == []
