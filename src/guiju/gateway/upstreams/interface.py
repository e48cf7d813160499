"""What a model server is to the gateway."""

from dataclasses import dataclass
from typing import Protocol

from guiju.gateway.wire.request import ChatRequest
from guiju.kit.quick import quick

Event = dict[str, object]
MEDIUM, MIME = "medium", "mime"
"""The keys of an answer that is no JSON, such as sound: its bytes, and the type that the server gives them."""


@quick
@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """One request for one upstream: the request, and the name that this upstream has for the model."""

    request: ChatRequest
    model: str


class Source(Protocol):
    """An answer that is being streamed."""

    @property
    def is_done(self) -> bool:
        """Whether the upstream said that its answer is whole."""
        ...

    async def read(self) -> list[Event] | None:
        """Wait for the next chunk events, all that one network read brought; None at the end, whole or not.

        Raises:
            UpstreamError: the upstream stalled, died or sent garbage.
        """
        ...

    async def close(self) -> None:
        """Stop the upstream: the connection is closed, not returned to the pool, unless the answer was whole."""
        ...


class Upstream(Protocol):
    """A model server."""

    @property
    def name(self) -> str:
        """The operator's name for it."""
        ...

    @property
    def kind(self) -> str:
        """`openai`, `gguf`, `echo` or `law-assistant`."""
        ...

    def models(self) -> tuple[str, ...] | None:
        """Return the server's own names for its models, as far as they are known; None when it has not said."""
        ...

    async def complete(self, call: UpstreamCall) -> Event:
        """Ask for a whole answer and return it parsed; one that is no JSON, where `is_conversation` is false, as bytes.

        Raises:
            UpstreamError: there is no whole answer.
        """
        ...

    async def open(self, call: UpstreamCall) -> Source:
        """Ask for a streamed answer; returns once the server has accepted.

        Raises:
            UpstreamError: the server did not accept.
        """
        ...

    async def is_healthy(self) -> bool:
        """Ask the server whether it can take calls; never raises."""
        ...

    async def close(self) -> None:
        """Give back every connection."""
        ...
