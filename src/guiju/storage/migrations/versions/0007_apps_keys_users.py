"""What apps and keys may do: rules, scopes, ends, last use."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"

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


def downgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        for name in _KEY_COLUMNS:
            table.drop_column(name)
    with op.batch_alter_table("app") as table:
        table.drop_column("rules")
