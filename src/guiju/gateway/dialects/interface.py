"""What an endpoint's dialect is to the pipeline."""

from dataclasses import dataclass
from typing import Protocol

from guiju.gateway.models import ChatCall, ChatReply, Limits
from guiju.gateway.wire.answer import AnswerWriter
from guiju.gateway.wire.interface import AnswerWriting
from guiju.gateway.wire.media import Refusing
from guiju.gateway.wire.request import ChatRequest


@dataclass(frozen=True, slots=True)
class Reading:
    """What bounds a request.

    Attributes:
        limits: how much a call may be.
        refusing: says why media of a kind are not taken.
    """

    limits: Limits
    refusing: Refusing


class Dialect(Protocol):
    """One shape of requests and answers."""

    @property
    def input_field(self) -> str:
        """The field that holds what is said, for messages about the input as a whole."""
        ...

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Return the inner request, with every text that reaches a model as a turn of its own scope.

        Raises:
            CallError: it cannot be read or taken; `where` is the place in this dialect's own body.
        """
        ...

    def writer(self, exchange_id: str, request: ChatRequest, created: int) -> AnswerWriting:
        """Return what writes the answer; `created` is Unix time in seconds."""
        ...

    def shaped(self, reply: ChatReply) -> ChatReply:
        """Return a reply that is an error of the OpenAI shape in this dialect's own."""
        ...


class OpenAIShaped:
    """What the dialects of OpenAI have in common."""

    input_field = "input"

    def writer(self, exchange_id: str, request: ChatRequest, created: int) -> AnswerWriting:
        """Write chat completions."""
        return AnswerWriter(exchange_id, request.model, created)

    def shaped(self, reply: ChatReply) -> ChatReply:
        """Leave an error as it is."""
        return reply
