"""The nouns of the gateway that the doors see."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class App:
    """A program that may call the gateway.

    Attributes:
        id: UUID.
        name: what the operator calls it.
        refuses_with_error: whether an input finding is answered as HTTP 400 instead of a standard reply.
        text_mark: an explicit mark put at the end of every plain-text answer; empty for none.
    """

    id: str
    name: str
    refuses_with_error: bool = False
    text_mark: str = ""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an app; the secret itself is shown once and kept only as a hash."""

    id: str
    app_id: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChatCall:
    """One request to `POST /v1/chat/completions`, as it came over the wire.

    Attributes:
        body: the request body, already bounded in size by the door.
        authorization: the Authorization header, or "".
        app: set by a door that has authenticated its user itself (the chat page); then `authorization` is not read.
        end_user: overrides the body's `user` field when set (the chat page's visitor).
    """

    body: bytes
    authorization: str = ""
    app: App | None = None
    end_user: str = ""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """The answer: status, headers, and either the whole body or an iterator of pieces that must be closed (`aclose`)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    pieces: AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """One exchange as the console lists it; no text of anybody in it.

    `outcome` is one of: answered, input_refused, output_stopped, undetermined, client_left, upstream_failed,
    bad_request, interrupted, evidence_failed, open.
    """

    id: str
    opened_at: datetime
    closed_at: datetime | None
    app_id: str
    person: str
    model: str
    upstream: str
    outcome: str
    risks: tuple[str, ...]
    opened_entry: str
    closed_entry: str
    first_byte_ms: int | None
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class ExchangeQuery:
    """Which exchanges are wanted, newest first."""

    outcome: str = ""
    risk: str = ""
    app_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: str = ""
    limit: int = 50
    ids: tuple[str, ...] = field(default_factory=tuple)
