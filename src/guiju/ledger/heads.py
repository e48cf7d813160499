"""What a leaf commits to: the checked draft, the canonical head, the salted commitment to the body. Pure."""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import orjson

from guiju.kit.canonical_json import NotCanonicalError, canonical_bytes
from guiju.ledger.errors import DraftError
from guiju.ledger.models import Draft, Head

HEAD_VERSION = 1
SALT_BYTES = 32
MAX_BODY_BYTES = 16 * 1024 * 1024
ACTION_CHARS, ACTOR_CHARS, SUBJECT_CHARS = 64, 128, 200
PERSON_CHARS, POLICY_CHARS, MODEL_CHARS, SOURCE_CHARS = 64, 128, 200, 128
PROVISION_CHARS, MAX_PROVISIONS = 160, 64
_MAX_SOURCE_SEQ = 2**53 - 1

_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXTS = (
    ("actor", ACTOR_CHARS),
    ("person", PERSON_CHARS),
    ("policy_hash", POLICY_CHARS),
    ("model", MODEL_CHARS),
    ("source", SOURCE_CHARS),
)


@dataclass(frozen=True, slots=True)
class ProvisionSet:
    """The provisions of an entry, sorted, each once; and the same as canonical JSON text."""

    ids: tuple[str, ...]
    text: str


NO_PROVISIONS = ProvisionSet((), "[]")


def check_draft(draft: Draft) -> bytes:
    """Return the canonical bytes of the draft's body, or say what keeps the draft out of the ledger.

    Raises:
        DraftError: a field is not of its kind, is too long, or holds characters that cannot be printed.
    """
    try:
        _check_repeated(draft.action, draft.actor, draft.person, draft.policy_hash, draft.model, draft.source)
    except TypeError:  # what cannot be hashed is no text
        raise _refusal("action, actor, person, …", "须为文本", "must be texts") from None
    if not _is_text(draft.subject, SUBJECT_CHARS):
        raise _unprintable("subject", SUBJECT_CHARS)
    if not draft.actor or not draft.subject or not draft.person:
        raise _refusal("actor, subject, person", "不得为空", "must not be empty")
    _check_numbers(draft)
    if draft.provisions:
        provision_set(draft.provisions)
    return _body_bytes(draft)


@functools.lru_cache(maxsize=4096)
def _check_repeated(*texts: str) -> None:
    """Check what many drafts have in common: action, actor, person, policy hash, model, source; looked at once."""
    action, *others = texts
    if not _is_text(action, ACTION_CHARS) or not _ACTION.fullmatch(action):
        raise _refusal("action", "须形如 exchange.opened", "must look like exchange.opened")
    for value, (name, limit) in zip(others, _TEXTS, strict=True):
        if not _is_text(value, limit):
            raise _unprintable(name, limit)


def _unprintable(name: str, limit: int) -> DraftError:
    return _refusal(
        name, f"须为不超过 {limit} 个可打印字符的文本", f"must be printable text of at most {limit} characters"
    )


def _check_numbers(draft: Draft) -> None:
    if draft.id and not _ID.fullmatch(draft.id):
        raise _refusal("id", "须为小写 UUID", "must be a lower-case UUID")
    if not (type(draft.source_seq) is int and 0 <= draft.source_seq <= _MAX_SOURCE_SEQ):
        raise _refusal("source_seq", "须为 0 以上的整数", "must be an integer from 0")
    if draft.occurred_at is not None and draft.occurred_at.tzinfo is None:
        raise _refusal("occurred_at", "须带时区", "must have a time zone")


def _is_text(value: object, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit and value.isprintable()


def _body_bytes(draft: Draft) -> bytes:
    try:
        body = canonical_bytes(draft.body)
    except (NotCanonicalError, RecursionError) as error:
        raise _refusal("body", f"没有规范形式：{error}", f"has no canonical form: {error}") from error
    if not isinstance(draft.body, dict):
        raise _refusal("body", "须为对象", "must be an object")
    if len(body) > MAX_BODY_BYTES:
        raise _refusal("body", f"超过 {MAX_BODY_BYTES} 字节", f"is longer than {MAX_BODY_BYTES} bytes")
    return body


def _refusal(field: str, zh: str, en: str) -> DraftError:
    return DraftError(f"账本条目的 {field} {zh}。", f"The entry's {field} {en}.", where=field)


@functools.lru_cache(maxsize=4096)
def provision_set(provisions: tuple[str, ...]) -> ProvisionSet:
    """Sort the provision ids and write them once.

    Raises:
        DraftError: there are too many, or one is no printable text.
    """
    if len(provisions) > MAX_PROVISIONS or not all(one and _is_text(one, PROVISION_CHARS) for one in provisions):
        raise _refusal(
            "provisions",
            f"须为至多 {MAX_PROVISIONS} 个条款编号，每个不超过 {PROVISION_CHARS} 字符",
            f"must be at most {MAX_PROVISIONS} provision ids of at most {PROVISION_CHARS} characters",
        )
    ids = tuple(sorted(set(provisions)))
    return ProvisionSet(ids, canonical_bytes(ids).decode())


def instant(at: datetime) -> str:
    """Write an aware instant exactly as `kit.clock.to_iso` does, in a quarter of its time."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


# seq, id, occurred_at, received_at, actor, action, subject, provisions, policy_hash, model, source, source_seq,
# commitment: the fields of a head in the order of their columns, times and commitment as text.
HeadFields: TypeAlias = tuple[int, str, str, str, str, str, str, tuple[str, ...], str, str, str, int, str]


def head_bytes(fields: HeadFields) -> bytes:
    """Write a head as canonical JSON: the keys below stand in their sorted order, so that nothing need be sorted.

    A test holds this against `kit.canonical_json`; here it is written out because every append and every verified
    entry pays for it.
    """
    seq, entry_id, occurred, received, actor, action, subject, provisions, policy, model, source, own, commitment = (
        fields
    )
    return orjson.dumps(
        {
            "action": action,
            "actor": actor,
            "commitment": commitment,
            "id": entry_id,
            "model": model,
            "occurred_at": occurred,
            "policy_hash": policy,
            "provisions": provisions,
            "received_at": received,
            "seq": seq,
            "source": source,
            "source_seq": own,
            "subject": subject,
            "v": HEAD_VERSION,
        }
    )


def canonical_head(head: Head) -> bytes:
    """Write `head` as the bytes whose leaf hash is in the tree."""
    told = (
        head.seq,
        head.id,
        instant(head.occurred_at),
        instant(head.received_at),
        head.actor,
        head.action,
        head.subject,
    )
    more = (head.policy_hash, head.model, head.source, head.source_seq, head.commitment)
    return head_bytes((*told, head.provisions, *more))
