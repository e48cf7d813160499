"""What an answer is written with: the stages say what leaves, a writer says how it looks in its client's dialect."""

from collections.abc import Mapping
from typing import Protocol

from guiju.gateway.errors import CallError


class AnswerWriting(Protocol):
    """Writes one exchange's answer, whole or event by event; deltas and messages come in the chat-completions shape."""

    def delta(self, index: int, delta: dict[str, object]) -> bytes:
        """Write what begins a choice (`role`, and `content` where it is known) or its tool calls (`tool_calls`)."""
        ...

    def text(self, index: int, field: str, text: str) -> bytes:
        """Write what adds `text` to `field` of a choice."""
        ...

    def probable(self, index: int, text: str, tokens: list[dict[str, object]]) -> bytes:
        """Write what adds `text` to the content of a choice, with the log probabilities of tokens that have left."""
        ...

    def retract(self, index: int, characters: Mapping[str, int]) -> bytes:
        """Write that the client must take back so many characters of each field of a choice; others pass it over."""
        ...

    def finish(self, index: int, reason: str, extension: dict[str, object] | None) -> bytes:
        """Write the end of a choice; `extension` is the `guiju` object."""
        ...

    def end(self, usage: dict[str, object], *, is_wanted: bool) -> bytes:
        """Write the end of the stream; `is_wanted`: whether the client asked for `usage`."""
        ...

    def whole(self, choices: list[dict[str, object]], usage: dict[str, object], extension: dict[str, object]) -> bytes:
        """Write a whole answer."""
        ...

    def error(self, error: CallError, exchange_id: str) -> bytes:
        """Write an error into a stream that has begun, so that the client raises it."""
        ...
