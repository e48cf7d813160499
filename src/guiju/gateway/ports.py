"""What the gateway needs from the rooms below it, as small as it needs it."""

from typing import Protocol, TypeAlias

from guiju.kit.canonical_json import JsonObject  # noqa: TC001 - stands in an alias that is a text at run time
from guiju.ledger.models import Draft, EntryQuery, Erased, Head, Receipt
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind, MediaReport, Medium
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import Decision, Released, Scope

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


class PolicyMark(Protocol):
    """The policy bundle in force, by its hash."""

    @property
    def hash(self) -> str:
        """SHA-256 of the bundle."""
        ...


class Moderating(Protocol):
    """The moderation room."""

    @property
    def policy(self) -> PolicyMark:
        """The policy bundle in force."""
        ...

    def decide(self, text: str, scope: Scope) -> Decision:
        """Decide about a whole text."""
        ...

    def open_stream(self, scope: Scope) -> ReleaseStream:
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


class Recording(Protocol):
    """The ledger."""

    async def append_async(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable."""
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
