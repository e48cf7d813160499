"""The tables of the review room. None of them holds anything that anybody said: that stands in the ledger."""

import sqlalchemy as sa

from guiju.storage.database import metadata

item_table = sa.Table(
    "review_item",
    metadata,
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
    sa.UniqueConstraint("exchange_id", "scope"),
    sa.Index("ix_review_item_state", "state", "priority", "due_at"),
    sa.Index("ix_review_item_settled_at", "settled_at"),
)
verdict_table = sa.Table(
    "review_verdict",
    metadata,
    sa.Column("item_id", sa.String(36), sa.ForeignKey("review_item.id"), primary_key=True),
    sa.Column("reviewer", sa.String(36), primary_key=True),
    sa.Column("seat", sa.Integer, nullable=False),
    sa.Column("risks", sa.String(512), nullable=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("entry_id", sa.String(36), nullable=False),
    sa.UniqueConstraint("item_id", "seat"),
    sa.CheckConstraint("seat BETWEEN 1 AND 3", name="ck_review_verdict_seat"),
)
example_table = sa.Table(
    "review_example",
    metadata,
    sa.Column("item_id", sa.String(36), sa.ForeignKey("review_item.id"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("marked_by", sa.String(36), nullable=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("entry_id", sa.String(36), nullable=False),
)
mark_table = sa.Table(
    "review_mark",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
tally_table = sa.Table(
    "review_tally",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)
change_table = sa.Table(
    "keyword_change",
    metadata,
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
    sa.Index("ix_keyword_change_state", "state"),
)
term_table = sa.Table(
    "keyword_change_term",
    metadata,
    sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("op", sa.String(8), nullable=False),
    sa.Column("term_id", sa.String(32), nullable=False),
    sa.Column("watched", sa.String(32), nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Index("ix_keyword_change_term_term_id", "term_id"),
)
event_table = sa.Table(
    "keyword_change_event",
    metadata,
    sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("person", sa.String(36), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("entry_id", sa.String(36), nullable=False),
)
hit_table = sa.Table(
    "keyword_hit",
    metadata,
    sa.Column("change_id", sa.String(36), sa.ForeignKey("keyword_change.id"), primary_key=True),
    sa.Column("exchange_id", sa.String(36), primary_key=True),
    sa.Column("scope", sa.String(8), primary_key=True),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("hits", sa.Integer, nullable=False),
)


def joined(risks: tuple[str, ...]) -> str:
    """Write risks so that one can be searched for: between commas; empty for none."""
    return f",{','.join(risks)}," if risks else ""


def parted(text: str) -> tuple[str, ...]:
    """Read risks back."""
    return tuple(risk for risk in text.split(",") if risk)
