"""The tables of the review room: items and verdicts, controlled changes of the keyword library and what they do."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _items()
    _verdicts()
    _changes()
    _change_terms()
    _change_events()
    op.create_table(
        "review_mark",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "review_tally",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "what", name="pk_review_tally"),
    )


def _items() -> None:
    op.create_table(
        "review_item",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("exchange_id", sa.String(36), nullable=False),
        sa.Column("entry_id", sa.String(36), nullable=False),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("proposed", sa.String(512), nullable=False),
        sa.Column("policy_hash", sa.String(128), nullable=False),
        sa.Column("said_at", sa.String(27), nullable=False),
        sa.Column("queued_at", sa.String(27), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(512)),
        sa.Column("settled_at", sa.String(27)),
        sa.Column("objection_entry", sa.String(36), nullable=False),
        sa.Column("answer_entry", sa.String(36), nullable=False),
        sa.Column("reversed_by", sa.String(36)),
        sa.Column("reversed_entry", sa.String(36), nullable=False),
        sa.UniqueConstraint("exchange_id", "scope", name="uq_review_item_exchange_id"),
    )
    op.create_index("ix_review_item_state", "review_item", ["state", "priority", "due_at"])
    op.create_index("ix_review_item_settled_at", "review_item", ["settled_at"])


def _verdicts() -> None:
    item = "fk_review_verdict_item_id_review_item"
    op.create_table(
        "review_verdict",
        sa.Column("item_id", sa.String(36), sa.ForeignKey("review_item.id", name=item), nullable=False),
        sa.Column("reviewer", sa.String(36), nullable=False),
        sa.Column("seat", sa.Integer, nullable=False),
        sa.Column("risks", sa.String(512), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("entry_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "reviewer", name="pk_review_verdict"),
        sa.UniqueConstraint("item_id", "seat", name="uq_review_verdict_item_id"),
        sa.CheckConstraint("seat BETWEEN 1 AND 3", name="ck_review_verdict_seat"),
    )
    example = "fk_review_example_item_id_review_item"
    op.create_table(
        "review_example",
        sa.Column("item_id", sa.String(36), sa.ForeignKey("review_item.id", name=example), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("marked_by", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("entry_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "kind", name="pk_review_example"),
    )


def _changes() -> None:
    op.create_table(
        "keyword_change",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.String(36), nullable=False),
        sa.Column("proposed_at", sa.String(27), nullable=False),
        sa.Column("source_item", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("approver", sa.String(36)),
        sa.Column("approved_at", sa.String(27)),
        sa.Column("staged_at", sa.String(27)),
        sa.Column("preview", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("approver IS NULL OR approver <> author", name="ck_keyword_change_second_person"),
        sa.CheckConstraint(
            "approver IS NOT NULL OR state IN ('proposed', 'rejected', 'withdrawn')", name="ck_keyword_change_approved"
        ),
    )
    op.create_index("ix_keyword_change_state", "keyword_change", ["state"])


def _change_terms() -> None:
    change = "fk_keyword_change_term_change_id_keyword_change"
    op.create_table(
        "keyword_change_term",
        sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id", name=change), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("term_id", sa.String(32), nullable=False),
        sa.Column("watched", sa.String(32), nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("change_id", "place", name="pk_keyword_change_term"),
    )
    op.create_index("ix_keyword_change_term_term_id", "keyword_change_term", ["term_id"])


def _change_events() -> None:
    event = "fk_keyword_change_event_change_id_keyword_change"
    op.create_table(
        "keyword_change_event",
        sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id", name=event), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("person", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("entry_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "version", name="pk_keyword_change_event"),
    )
    hit = "fk_keyword_hit_change_id_keyword_change"
    op.create_table(
        "keyword_hit",
        sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id", name=hit), nullable=False),
        sa.Column("exchange_id", sa.String(36), nullable=False),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("change_id", "exchange_id", "scope", name="pk_keyword_hit"),
    )


def downgrade() -> None:
    for table in (
        "review_tally",
        "review_mark",
        "keyword_hit",
        "keyword_change_event",
        "keyword_change_term",
        "keyword_change",
        "review_example",
        "review_verdict",
        "review_item",
    ):
        op.drop_table(table)
