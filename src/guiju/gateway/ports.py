"""What the gateway needs from the rooms below it, as small as it needs it."""

from typing import TYPE_CHECKING, Protocol, TypeAlias

from guiju.kit.canonical_json import JsonObject  # noqa: TC001 - stands in an alias that is a text at run time
from guiju.ledger.models import Draft, EntryQuery, Erased, Head, Receipt
from guiju.moderation.guards.panel import Panel
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind, MediaReport, Medium
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import ANYONE, Context, Decision, Released, Scope
from guiju.moderation.policy import ConversationPolicy
from guiju.moderation.vault import Vault

if TYPE_CHECKING:
    import asyncio

Body: TypeAlias = "JsonObject | Erased | None"


class ReleaseStream(Protocol):
    """A text that is moderated while it grows; what may leave comes back, what may not stays in."""

    def push(self, delta: str) -> Released:
        """Add `delta`."""
        ...

    def finish(self) -> Released:
        """Say that the text is whole."""
        ...

    def decision(self) -> Decision:
        """Return what is decided so far, with findings that only observe or mask."""
        ...


class TextStream(Protocol):
    """A text that is changed while it grows."""

    def push(self, text: str) -> str:
        """Add `text` and return what may leave."""
        ...

    def finish(self) -> str:
        """Say that the text is whole and return the rest."""
        ...


class PolicyMark(Protocol):
    """The policy bundle in force, by its hash."""

    @property
    def hash(self) -> str:
        """SHA-256 of the bundle."""
        ...

    @property
    def conversation(self) -> ConversationPolicy:
        """How much of a conversation is read as one text."""
        ...

    @property
    def tells_contexts(self) -> bool:
        """Whether anything depends on whom and where a text is for."""
        ...

    @property
    def retracts(self) -> bool:
        """Whether a client is told to take back what had left when an answer is stopped."""
        ...

    def relevant(self, context: Context) -> Context:
        """Return of `context` what makes a difference to a decision."""
        ...


class Moderating(Protocol):
    """The moderation room."""

    @property
    def policy(self) -> PolicyMark:
        """The policy bundle in force."""
        ...

    def decide(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        """Decide about a whole text."""
        ...

    def decide_by_words(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        """Decide about a whole text by the keyword library alone."""
        ...

    @property
    def panel(self) -> Panel | None:
        """The guards to ask after `decide`; None where policy has none."""
        ...

    def open_vault(self) -> Vault | None:
        """Begin to put personal information away; None where policy lets it pass."""
        ...

    def without_personal_information(self, text: str) -> str:
        """Return a text with placeholders in the place of personal information."""
        ...

    def open_stream(self, scope: Scope, context: Context = ANYONE) -> ReleaseStream:
        """Begin a text that grows."""
        ...


class MediaChecking(Protocol):
    """The moderation of pictures, sound and video."""

    @property
    def settings(self) -> MediaSettings:
        """What the policy in force says about media."""
        ...

    def refusal(self, kind: MediaKind) -> CannotCheckError | None:
        """Return why media of a kind are not taken at all; None when they are."""
        ...

    def check(self, medium: Medium, scope: Scope) -> MediaReport:
        """Look at a medium and decide."""
        ...

    def unchecked(self, medium: Medium, scope: Scope, error: CannotCheckError) -> MediaReport:
        """Decide about a medium that nobody could look at."""
        ...


class MediaLabelling(Protocol):
    """The labelling of pictures, sound and video."""

    def can_label(self, mime: str) -> bool:
        """Tell whether content of a media type can get its label."""
        ...

    def label(self, content: bytes, mime: str, *, content_id: str) -> bytes:
        """Return `content` with our label, whose number for it is `content_id`; blocks.

        Raises:
            GuijuError: it cannot be labelled.
        """
        ...


class Recording(Protocol):
    """The ledger."""

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        """Put `draft` in the log's order now; `future`, or a new one, tells when it is durable."""
        ...

    def append(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable."""
        ...

    def person_for(self, lookup: str) -> str:
        """Return the pseudonym under whose key the bodies about `lookup` are kept."""
        ...

    def find(self, query: EntryQuery) -> list[Head]:
        """Return the heads that match, newest first."""
        ...

    def body(self, entry_id: str) -> Body:
        """Return the body of an entry, or what is left of it; None where there never was one."""
        ...
