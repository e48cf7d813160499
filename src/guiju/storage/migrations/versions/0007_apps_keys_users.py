"""What apps and keys may do, and what is kept of their users."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"

_TALLIED = ("requests", "stopped", "refused", "tokens_in", "tokens_out", "estimated", "cost")
_KEY_COLUMNS = ("label", "scope", "expires_at", "last_used_at", "replaced_by")


def upgrade() -> None:
    with op.batch_alter_table("app") as table:
        table.add_column(sa.Column("rules", sa.Text, nullable=False, server_default="{}"))
    with op.batch_alter_table("api_key") as table:
        table.add_column(sa.Column("label", sa.String(128), nullable=False, server_default=""))
        table.add_column(sa.Column("scope", sa.Text, nullable=False, server_default="{}"))
        table.add_column(sa.Column("expires_at", sa.String(27)))
        table.add_column(sa.Column("last_used_at", sa.String(27)))
        table.add_column(sa.Column("replaced_by", sa.String(36), nullable=False, server_default=""))
    _create_users_and_meters()
    _create_sanctions()


def _create_users_and_meters() -> None:
    op.create_table(
        "end_user",
        sa.Column("person", sa.String(128), primary_key=True),
        sa.Column("real_identity", sa.String(16), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("declared_by", sa.String(80), nullable=False),
        sa.Column("declared_at", sa.String(27), nullable=False),
        sa.Column("entry_id", sa.String(36), nullable=False),
    )
    op.create_table(
        "meter",
        sa.Column("key", sa.String(160), primary_key=True),
        sa.Column("used", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("period", sa.String(16), nullable=False),
    )
    op.create_table(
        "slot",
        sa.Column("key", sa.String(160), primary_key=True),
        sa.Column("process", sa.String(36), primary_key=True),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    op.create_table(
        "usage_hour",
        sa.Column("app_id", sa.String(36), primary_key=True),
        sa.Column("hour", sa.String(27), primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _TALLIED),
    )


def _create_sanctions() -> None:
    op.create_index("ix_exchange_person", "exchange", ["person", "id"])
    op.create_table(
        "sanction",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reason_en", sa.Text, nullable=False),
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("functions", sa.Text, nullable=False),
        sa.Column("until", sa.String(27)),
        sa.Column("exchange_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(256), nullable=False),
        sa.Column("exchanges", sa.Text, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("imposed_at", sa.String(27), nullable=False),
        sa.Column("lifted_at", sa.String(27)),
        sa.Column("lifted_by", sa.String(80), nullable=False),
        sa.Column("lift_reason", sa.Text, nullable=False),
    )
    op.create_index("ix_sanction_seq", "sanction", ["seq"])
    op.create_index("ix_sanction_person", "sanction", ["person"])
    op.create_table(
        "sanction_mark",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("usage_hour")
    op.drop_table("sanction_mark")
    op.drop_table("sanction")
    op.drop_index("ix_exchange_person", "exchange")
    op.drop_table("slot")
    op.drop_table("meter")
    op.drop_table("end_user")
    with op.batch_alter_table("api_key") as table:
        for name in _KEY_COLUMNS:
            table.drop_column(name)
    with op.batch_alter_table("app") as table:
        table.drop_column("rules")
