"""The migration makes exactly the tables that the repository declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from guiju.ledger.repository import tables
from guiju.storage.database import Database, metadata


def test_the_migration_and_the_declared_tables_are_the_same(database: Database) -> None:
    assert tables.entry_table.metadata is metadata
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [step for step in compare_metadata(context, metadata) if "ledger_" in str(step)]
    assert differences == []
