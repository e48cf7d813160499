"""The nouns of the gateway that the doors see."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from guiju.gateway.app_rules import CHAT, EVERYTHING, NO_RULES, AppRules, KeyInForce, KeyScope
from guiju.kit.canonical_json import JsonObject
from guiju.kit.quick import quick


@dataclass(frozen=True, slots=True)
class App:
    """A program that may call the gateway.

    Attributes:
        id: UUID.
        name: what the operator calls it.
        refuses_with_error: whether an input finding is answered as HTTP 400 instead of a standard reply.
        text_mark: an explicit mark put at the end of every plain-text answer; empty for none.
        rules: whom it may serve, and how much.
        key: on a call, the key it came with; None for one of our own pages.
    """

    id: str
    name: str
    refuses_with_error: bool = False
    text_mark: str = ""
    rules: AppRules = NO_RULES
    key: KeyInForce | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an app; the secret itself is shown once and kept only as a hash.

    Attributes:
        scope: what it opens.
        expires_at: when it ends by itself; None for never.
        last_used_at: the last call with it, a few seconds late; None for none.
        replaced_by: the key that takes its place; until `expires_at` both are good.
    """

    id: str
    app_id: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None
    label: str = ""
    scope: KeyScope = EVERYTHING
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_by: str = ""

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether calls with it are taken."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key should be: a name for people, what it opens, when it ends."""

    label: str = ""
    scope: KeyScope = EVERYTHING
    expires_at: datetime | None = None


@quick
@dataclass(frozen=True, slots=True)
class ChatCall:
    """One request to an endpoint, as it came over the wire.

    Attributes:
        body: the request body, already bounded in size by the door.
        authorization: the Authorization header, or "".
        app: set by a door that has authenticated its user itself (the chat page); then `authorization` is not read.
        end_user: overrides the body's `user` field when set (the chat page's visitor).
        audience: `minor` where the caller knows that its user is one, `adult` or empty otherwise.
        endpoint: the path after `/v1/`.
        content_type: of the body; empty counts as JSON.
        user_token: a token by which the user proves who they are, or "".
        real_identity: what the app declares of the user's real identity, or "".
    """

    body: bytes
    authorization: str = ""
    app: App | None = None
    end_user: str = ""
    audience: str = ""
    endpoint: str = CHAT
    content_type: str = ""
    user_token: str = ""
    real_identity: str = ""


@quick
@dataclass(frozen=True, slots=True)
class ChatReply:
    """The answer: status, headers, and the whole body or an iterator of pieces that must be closed (`aclose`)."""

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
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: str = ""
    limit: int = 50
    ids: tuple[str, ...] = field(default_factory=tuple)


@quick
@dataclass(frozen=True, slots=True)
class Turn:
    """One text of a conversation: who said it (`system`, `user`, `assistant` …) and what."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in an exchange, as far as it is still kept.

    Attributes:
        record: the exchange.
        state: `kept`, `erased` (the person's data was erased; the proofs still hold) or `missing`.
        input: what came in, turn by turn.
        output: what the client received, one turn a choice.
        withheld: what the model made and the client never received, one turn a choice that was stopped.
        facts: the rest of what the entries say: decisions, findings, label, timings, tokens.
    """

    record: ExchangeRecord
    state: str
    input: tuple[Turn, ...]
    output: tuple[Turn, ...]
    withheld: tuple[Turn, ...]
    facts: JsonObject


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that callers may ask for, and the upstreams that serve it, first choice first."""

    id: str
    upstreams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpstreamState:
    """How an upstream does: whether calls go to it, since when, and the last failure (a stable code, "" for none).

    Attributes:
        weight: its share among those with a weight; 0 for a reserve.
        circuit: `closed`, `open` (no call goes to it) or `half_open` (one call tries it).
        failures: in a row.
        wait_seconds: until a call may go to it.
    """

    name: str
    kind: str
    models: tuple[str, ...]
    is_healthy: bool
    last_failure: str
    checked_at: datetime | None
    weight: int = 0
    circuit: str = "closed"
    failures: int = 0
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may be; what is larger is refused with a clear error.

    Attributes:
        body_bytes: of a request body.
        depth: of JSON nesting.
        messages: of a request.
        choices: the largest `n`.
        answer_bytes: of what an upstream sends for one answer.
        open_exchanges: at the same time in one process.
        queued_exchanges: that wait for a place; more are turned away at once.
        queue_seconds: how long one waits for a place.
        body_seconds: until a request body must have arrived.
        send_seconds: how long a client may take nothing of a streamed answer before it counts as gone.
    """

    body_bytes: int = 2 * 1024 * 1024
    depth: int = 64
    messages: int = 2048
    choices: int = 8
    answer_bytes: int = 8 * 1024 * 1024
    open_exchanges: int = 1000
    queued_exchanges: int = 200
    queue_seconds: float = 2.0
    body_seconds: float = 30.0
    send_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an upstream, in seconds.

    Attributes:
        connect: for the connection.
        first_byte: for the first byte of a streamed answer.
        idle: between two reads of a streamed answer.
        whole: for an answer that is not streamed.
        stream: for a streamed answer, from the call to its end.
        tries: after so long no other upstream is tried any more.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    idle: float = 30.0
    whole: float = 300.0
    stream: float = 1800.0
    tries: float = 120.0


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a circuit opens, and for how long.

    Attributes:
        failures: in a row, until it opens.
        open_seconds: the first time; twice as long each time that the trial fails.
        longest_seconds: at most.
    """

    failures: int = 3
    open_seconds: float = 5.0
    longest_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class OutcomeTally:
    """How many exchanges ended with one outcome, the closing entries of the newest, and when the newest ended."""

    count: int
    newest_entries: tuple[str, ...]
    newest_at: datetime
