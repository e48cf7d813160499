"""What a guard is asked and what it says, whatever its wire format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from guiju.moderation.models import Scope


@dataclass(frozen=True, slots=True)
class Question:
    """A text to be judged.

    Attributes:
        text: the text.
        scope: which way it goes.
        prompt: what the user had asked, where the text is an answer; may be empty.
    """

    text: str
    scope: Scope
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a guard objects to.

    Attributes:
        category: its name for it; empty where it names none.
        label: `unsafe` or `controversial`.
        score: how sure it is, 0 to 1.
    """

    category: str
    label: str = "unsafe"
    score: float = 1.0


Verdict = tuple[Said, ...]
"""What a guard objects to; nothing when it holds the text for safe."""


class GuardError(Exception):
    """A guard has not judged: who reads `args[0]` learns why, in Chinese."""


class NonsenseError(GuardError):
    """A guard answered something that is no verdict. It may lie in the text, so it never opens the breaker."""


class Format(Protocol):
    """A wire format: pure."""

    @property
    def path(self) -> str:
        """What comes after the base address."""
        ...

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the JSON body that asks."""
        ...

    def verdict(self, body: bytes, question: Question) -> Verdict:
        """Read the answer.

        Raises:
            NonsenseError: it is no verdict.
        """
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where a guard is: its base address, and what every call to it carries."""

    base: str
    headers: tuple[tuple[str, str], ...]


class Transport(Protocol):
    """Carries calls to guards; the gateway has one. May be built anywhere, is used in one event loop at a time."""

    async def post(self, address: Address, path: str, body: bytes, *, seconds: float) -> bytes:
        """Return the body of a successful answer.

        Raises:
            GuardError: there is none in time, or it is too large.
        """
        ...

    async def aclose(self) -> None:
        """Give back every connection."""
        ...


class NoTransport:
    """Stands where no guard can be reached, as on the command line: every call fails, and says so."""

    async def post(self, address: Address, path: str, body: bytes, *, seconds: float) -> bytes:  # noqa: ARG002
        """Fail."""
        raise GuardError("这里不能询问审核模型")

    async def aclose(self) -> None:
        """Have nothing to give back."""


@dataclass(slots=True)
class GuardTally:
    """What a guard was asked on behalf of one exchange; goes into the evidence.

    Attributes:
        asked: texts that it judged now.
        cached: texts that it had judged before.
        failed: texts that it did not judge.
        flagged: texts that it objected to.
        milliseconds: time spent waiting for it.
    """

    asked: int = 0
    cached: int = 0
    failed: int = 0
    flagged: int = 0
    milliseconds: int = 0


@dataclass(slots=True)
class GuardLog:
    """The tallies of one exchange, by guard; empty when none was asked."""

    tallies: dict[str, GuardTally] = field(default_factory=dict)

    def of(self, name: str) -> GuardTally:
        """Return the tally of a guard."""
        return self.tallies.setdefault(name, GuardTally())
