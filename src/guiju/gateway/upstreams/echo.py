"""A model that says back what it is told, a few characters at a time: for drills, to watch a phrase being held."""

import asyncio
from collections.abc import Iterable, Iterator

from guiju.gateway.upstreams.interface import Event, UpstreamCall

_PIECE_CHARACTERS = 3
_PAUSE_SECONDS = 0.02


def chunk(text: str, finish_reason: str | None = None) -> Event:
    """Make one chunk event with `text` for choice 0."""
    delta: dict[str, object] = {"content": text} if text else {}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def whole(text: str) -> Event:
    """Make one whole answer with `text`."""
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


class PacedSource:
    """Pieces of a text, streamed at a steady pace."""

    def __init__(self, pieces: Iterable[str], pause_seconds: float) -> None:
        """Stream `pieces`, `pause_seconds` apart."""
        self._pieces: Iterator[str] | None = iter(pieces)
        self._pause_seconds = pause_seconds

    @property
    def is_done(self) -> bool:
        """Whether every piece was streamed."""
        return self._pieces is None

    async def read(self) -> list[Event] | None:
        """Wait for the next piece; see the interface."""
        if self._pieces is None:
            return None
        piece = next(self._pieces, None)
        if piece is None:
            self._pieces = None
            return [chunk("", "stop")]
        await asyncio.sleep(self._pause_seconds)
        return [chunk(piece)]

    async def close(self) -> None:
        """Stop; nothing is left open."""
        self._pieces = None


class Echo:
    """The built-in drill."""

    kind = "echo"

    def __init__(self, name: str = "echo", *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """Answer as the model `echo`, `pause_seconds` between two pieces."""
        self.name = name
        self._pause_seconds = pause_seconds

    def models(self) -> tuple[str, ...]:
        """Return the one model."""
        return ("echo",)

    async def complete(self, call: UpstreamCall) -> Event:
        """Say back the last text of the user."""
        return whole(_told(call))

    async def open(self, call: UpstreamCall) -> PacedSource:
        """Say back the last text of the user, in pieces."""
        told = _told(call)
        pieces = [told[at : at + _PIECE_CHARACTERS] for at in range(0, len(told), _PIECE_CHARACTERS)]
        return PacedSource(pieces, self._pause_seconds)

    async def is_healthy(self) -> bool:
        """Be well."""
        return True

    async def close(self) -> None:
        """Have nothing to give back."""


def _told(call: UpstreamCall) -> str:
    return next((turn.text for turn in reversed(call.request.turns) if turn.role == "user"), "")
