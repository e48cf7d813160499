"""The tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "ledger_log",
        sa.Column("origin", sa.String(200), primary_key=True),
        sa.Column("hash_name", sa.String(16), nullable=False),
        sa.Column("key_check", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.Column("erasures", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
    )
    _entries()
    _bodies_and_persons()
    op.create_table(
        "ledger_subtree",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    _checkpoints()
    op.create_table(
        "ledger_verification",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("report", sa.Text, nullable=False),
    )


def _entries() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("occurred_at", sa.String(27), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("provision_set", sa.Integer, nullable=False),
        sa.Column("policy_hash", sa.String(128), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("source_seq", sa.BigInteger, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("id", name="uq_ledger_entry_id"),
    )
    for columns in (
        ["action", "seq"],
        ["action", "occurred_at"],
        ["subject", "seq"],
        ["actor", "seq"],
        ["provision_set", "seq"],
    ):
        op.create_index(f"ix_ledger_entry_{'_'.join(columns)}", "ledger_entry", columns)
    op.create_table(
        "ledger_provision_set",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("provisions", sa.Text, nullable=False),
    )


def _bodies_and_persons() -> None:
    op.create_table(
        "ledger_body",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("erased_by", sa.BigInteger),
    )
    op.create_index("ix_ledger_body_person", "ledger_body", ["person"])
    op.create_table(
        "ledger_person",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("lookup", sa.LargeBinary),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_ledger_person_lookup", "ledger_person", ["lookup"])


def _checkpoints() -> None:
    op.create_table(
        "ledger_checkpoint",
        sa.Column("size", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "ledger_anchor",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("anchored_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_ledger_anchor_size", "ledger_anchor", ["size"])


def downgrade() -> None:
    for table in (
        "ledger_verification",
        "ledger_anchor",
        "ledger_checkpoint",
        "ledger_subtree",
        "ledger_person",
        "ledger_body",
        "ledger_provision_set",
        "ledger_entry",
        "ledger_log",
    ):
        op.drop_table(table)
