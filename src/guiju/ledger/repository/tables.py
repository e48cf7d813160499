"""The tables of the ledger, and their rows as plain tuples."""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from guiju.storage.database import metadata

# SQLite numbers a row by itself only when the key is called INTEGER; elsewhere the sequence needs 64 bits by name.
_Seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")

log_table = sa.Table(
    "ledger_log",
    metadata,
    sa.Column("origin", sa.String(200), primary_key=True),
    sa.Column("hash_name", sa.String(16), nullable=False),
    sa.Column("key_check", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
    sa.Column("erasures", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.String(27), nullable=False),
)

entry_table = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("seq", _Seq, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
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
)
sa.Index("ix_ledger_entry_action_seq", entry_table.c.action, entry_table.c.seq)
sa.Index("ix_ledger_entry_action_occurred_at", entry_table.c.action, entry_table.c.occurred_at)
sa.Index("ix_ledger_entry_subject_seq", entry_table.c.subject, entry_table.c.seq)
sa.Index("ix_ledger_entry_actor_seq", entry_table.c.actor, entry_table.c.seq)
sa.Index("ix_ledger_entry_provision_set_seq", entry_table.c.provision_set, entry_table.c.seq)

# Few distinct sets of provisions are ever cited, so an entry holds the number of its set and a search goes by sets.
provision_set_table = sa.Table(
    "ledger_provision_set",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("provisions", sa.Text, nullable=False),
)

body_table = sa.Table(
    "ledger_body",
    metadata,
    sa.Column("seq", _Seq, primary_key=True, autoincrement=False),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("content", sa.LargeBinary),
    sa.Column("erased_by", sa.BigInteger),
)

person_table = sa.Table(
    "ledger_person",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("lookup", sa.LargeBinary, index=True),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
)

# The root of every complete subtree of 256^level leaves, so that a proof reads few hashes and an append writes few.
subtree_table = sa.Table(
    "ledger_subtree",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

checkpoint_table = sa.Table(
    "ledger_checkpoint",
    metadata,
    sa.Column("size", _Seq, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("signed_at", sa.String(27), nullable=False),
)

anchor_table = sa.Table(
    "ledger_anchor",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("anchored_at", sa.String(27), nullable=False),
)

verification_table = sa.Table(
    "ledger_verification",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("report", sa.Text, nullable=False),
)


class EntryRow(NamedTuple):
    """An entry as it is stored; `provision_set` is a number, `commitment` and `leaf` are 32 bytes."""

    seq: int
    id: str
    occurred_at: str
    received_at: str
    actor: str
    action: str
    subject: str
    provision_set: int
    policy_hash: str
    model: str
    source: str
    source_seq: int
    commitment: bytes
    leaf: bytes


class BodyRow(NamedTuple):
    """A body as it is stored: nonce and ciphertext of salt and body, or nothing and the entry that erased it."""

    seq: int
    person: str
    content: bytes | None
    erased_by: int | None


class PersonRow(NamedTuple):
    """A person: the keyed hash of what they are looked up by (None when by nothing), and their wrapped key."""

    id: str
    lookup: bytes | None
    wrapped_key: bytes
    first_seq: int


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the log stands: its size, root, the right edge of its tree, and how many erasures there have been."""

    size: int
    root: bytes
    frontier: tuple[bytes, ...]
    erasures: int
