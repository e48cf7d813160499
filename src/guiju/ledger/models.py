"""The nouns of the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from guiju.kit.canonical_json import JsonObject
from guiju.kit.quick import quick

SYSTEM_PERSON = "system"

Progress: TypeAlias = Callable[[int, int], None]
"""Hears of long work: how much is done, and of how much."""

# Actions that the ledger itself writes.
ERASED, STARTED, STOPPED, HEARTBEAT = "person.erased", "ledger.started", "ledger.stopped", "ledger.heartbeat"


def unheard(_done: int, _of: int) -> None:
    """Take progress where nobody watches."""


@quick
@dataclass(frozen=True, slots=True)
class Draft:
    """What a room asks the ledger to keep.

    Attributes:
        action: what happened, `noun.verb_in_past`, e.g. `exchange.opened`.
        actor: who did it, never a name: `app:<id>`, `person:<id>`, `staff:<id>`, `system`.
        subject: what it is about, `kind:<id>`, e.g. `exchange:<uuid>`.
        body: the facts, which may hold personal information; stored apart, encrypted under the key of `person`.
        person: whose erasure must make the body unreadable; `system` for bodies about nobody.
        provisions: provision ids it is evidence for.
        policy_hash: SHA-256 of the policy bundle in force, where one was.
        model: the model and version that produced what it is about, where one did.
        occurred_at: when it happened, if not now.
        id: a UUID made by the caller, which makes a repeated append the same append; made here when empty.
        source: the producer that numbers its entries itself, so that a gap can be seen; empty when it does not.
        source_seq: the producer's own number, from 1 without gaps; 0 when there is no source.
    """

    action: str
    actor: str
    subject: str
    body: JsonObject = field(default_factory=dict)
    person: str = SYSTEM_PERSON
    provisions: tuple[str, ...] = ()
    policy_hash: str = ""
    model: str = ""
    occurred_at: datetime | None = None
    id: str = ""
    source: str = ""
    source_seq: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Head:
    """The canonical, never erased part of an entry: what the leaf hash commits to. It holds no personal information."""

    seq: int
    id: str
    occurred_at: datetime
    received_at: datetime
    actor: str
    action: str
    subject: str
    provisions: tuple[str, ...]
    policy_hash: str
    model: str
    source: str
    source_seq: int
    commitment: str


@quick
@dataclass(frozen=True, slots=True)
class Receipt:
    """The ledger's word that an entry is durable: its number (from 0) and id."""

    seq: int
    id: str


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which heads are wanted, newest first; every given field must match, `actions` and `provisions` any of theirs.

    A provision matches itself and everything below it: `…/art-14` finds `…/art-14/para-1`.
    """

    actions: tuple[str, ...] = ()
    provisions: tuple[str, ...] = ()
    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_seq: int | None = None
    limit: int = 100


class VerdictWord(StrEnum):
    """How one of the three questions to a ledger was answered."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer: the word, and what was found, each finding naming the entry or checkpoint."""

    word: VerdictWord
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The three separate verdicts on a ledger: was it rewritten, is something missing, is it up to date."""

    integrity: Verdict
    completeness: Verdict
    freshness: Verdict
    size: int
    root: str
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """What is left of a body whose person was erased: whose entry's it was, and which entry records the erasure."""

    entry_id: str
    erased_by_seq: int


Sift: TypeAlias = Callable[[str, bytes, "JsonObject | Erased | None"], bool]
"""Tells of an entry by its action, its commitment and its body whether somebody wants it."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That entry `seq` is a leaf of the tree of `size` entries with root `root` (RFC 6962 §2.1.1); hashes in hex."""

    seq: int
    size: int
    leaf: str
    path: tuple[str, ...]
    root: str


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of `old` entries is a prefix of the tree of `new` entries (RFC 6962 §2.1.2); hashes in hex."""

    old: int
    new: int
    old_root: str
    new_root: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A root that was signed: the tree head and the whole signed note (C2SP tlog-checkpoint); the root in hex."""

    origin: str
    size: int
    root: str
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class AnchorReceipt:
    """What somebody outside gave back for a checkpoint: cosignature lines, a time-stamp token, the place of a file.

    Attributes:
        kind: `witness`, `rfc3161` or `worm_file`.
        name: which one of its kind.
        size: the size of the checkpoint that was anchored.
        content: what verifies it, as it was received.
        anchored_at: when it came, by our own clock.
    """

    kind: str
    name: str
    size: int
    content: bytes
    anchored_at: datetime


@dataclass(frozen=True, slots=True)
class Omission:
    """Something that is not in a bundle, how many of it, and why."""

    what: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What left the house for an inspector: where it is, its SHA-256, what is in it and what is not."""

    path: Path
    sha256: str
    origin: str
    size: int
    root: str
    entries: int
    bodies: int
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """How many entries there are of some actions in a time, the newest of them by when they happened, and when."""

    count: int
    newest_ids: tuple[str, ...]
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What an erasure did: the entry that records it, and how many bodies and keys are gone."""

    seq: int
    id: str
    person: str
    bodies: int
    keys: int
