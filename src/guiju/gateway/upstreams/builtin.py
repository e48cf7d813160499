"""The built-in law assistant, streamed like a model."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from guiju.gateway.upstreams.echo import PacedSource, whole
from guiju.gateway.upstreams.interface import Event, UpstreamCall

_PAUSE_SECONDS = 0.01


class Answerer(Protocol):
    """What answers a conversation without a model: the law assistant."""

    def answer(self, messages: Sequence[dict[str, str]]) -> str:
        """Answer the conversation, `{role, content}` messages, oldest first."""
        ...

    def pieces(self, text: str) -> Iterable[str]:
        """Cut an answer into the pieces that it is streamed in."""
        ...


class LawAssistantUpstream:
    """The model `law-assistant`."""

    kind = "law-assistant"

    def __init__(
        self, assistant: Answerer, *, name: str = "law-assistant", pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        """Let `assistant` answer, its pieces `pause_seconds` apart."""
        self.name = name
        self._assistant = assistant
        self._pause_seconds = pause_seconds

    def models(self) -> tuple[str, ...]:
        """Return the one model."""
        return ("law-assistant",)

    async def complete(self, call: UpstreamCall) -> Event:
        """Answer whole."""
        return whole(await self._answer(call))

    async def open(self, call: UpstreamCall) -> PacedSource:
        """Answer in pieces."""
        return PacedSource(self._assistant.pieces(await self._answer(call)), self._pause_seconds)

    async def is_healthy(self) -> bool:
        """Be well: it needs nothing but the law."""
        return True

    async def close(self) -> None:
        """Have nothing to give back."""

    async def _answer(self, call: UpstreamCall) -> str:
        messages = [{"role": turn.role, "content": turn.text} for turn in call.request.turns]
        return await asyncio.to_thread(self._assistant.answer, messages)
