"""The nouns of admission."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.models import App, ChatCall
from guiju.kit.quick import quick


class RealIdentity(StrEnum):
    """What is known of a user's real identity: only what somebody declared; unknown is unknown."""

    UNKNOWN = "unknown"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user whose token was checked.

    Attributes:
        issuer: who vouches.
        subject: the issuer's name for the user; goes into a keyed hash and is kept nowhere.
        is_real: what the token says of the real identity; None where it says nothing.
        method: by what, as the operator configured for the issuer.
    """

    issuer: str
    subject: str
    is_real: bool | None = None
    method: IdentityMethod = IdentityMethod.OTHER

    def lookup(self, app_id: str) -> str:
        """Return by what the pseudonym is looked up; no name that an app could send looks like it."""
        return f"{app_id}\x1f{self.issuer}\x1f{self.subject}"


@dataclass(frozen=True, slots=True)
class IdentityState:
    """What was declared of a user's real identity, by whom and when, with the entry that is the evidence."""

    state: RealIdentity = RealIdentity.UNKNOWN
    method: IdentityMethod | None = None
    declared_by: str = ""
    declared_at: datetime | None = None
    entry_id: str = ""


NOTHING_DECLARED = IdentityState()


@quick
@dataclass(frozen=True, slots=True)
class Asking:
    """A call at the door.

    Attributes:
        app: whose it is.
        call: as it came.
        user: the app's name for its user, or "".
        model: what is asked for.
        octets: of all texts that go to the model, as UTF-8.
        functions: what the call uses besides its endpoint: `stream`, `tools`, `media`.
        uses_model: whether a model answers, so that tokens and money are counted.
    """

    app: App
    call: ChatCall
    user: str = ""
    model: str = ""
    octets: int = 0
    functions: frozenset[str] = frozenset()
    uses_model: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A call of a known app that was not let in, for the evidence."""

    app_id: str
    person: str
    code: str
    where: str
    provision: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
