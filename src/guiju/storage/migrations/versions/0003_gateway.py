"""The tables of the gateway: apps, their keys, the index of exchanges, and how far the ledger is indexed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "app",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("refuses_with_error", sa.Boolean, nullable=False),
        sa.Column("text_mark", sa.String(256), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("app_id", sa.String(36), sa.ForeignKey("app.id", name="fk_api_key_app_id_app"), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )
    op.create_table(
        "exchange",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27)),
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("upstream", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("risks", sa.String(512), nullable=False),
        sa.Column("closed_entry", sa.String(36), nullable=False),
        sa.Column("first_byte_ms", sa.Integer),
        sa.Column("total_ms", sa.Integer),
    )
    op.create_index("ix_exchange_opened_at", "exchange", ["opened_at"])
    op.create_index("ix_exchange_outcome", "exchange", ["outcome"])
    op.create_table(
        "exchange_mark",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("exchange_mark")
    op.drop_table("exchange")
    op.drop_table("api_key")
    op.drop_table("app")
