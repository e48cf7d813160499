"""The endpoints: which path speaks which dialect, and what kind of answer it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from guiju.gateway.dialects.chat import ChatDialect
from guiju.gateway.dialects.completions import CompletionsDialect
from guiju.gateway.dialects.interface import Dialect
from guiju.gateway.dialects.messages import MessagesDialect
from guiju.gateway.dialects.responses import ResponsesDialect
from guiju.gateway.models import CHAT


class Answer(StrEnum):
    """What an endpoint answers with; each kind has its own last stage, behind the stages that all have."""

    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of the gateway.

    Attributes:
        path: where it is.
        dialect: how its clients speak.
        answer: what it answers with.
        streams: whether its answer can come as a stream.
        is_labelled: whether what it answers is generated content, which is marked.
        says: whether its answer holds text of the model's.
        gates_input: whether an input that is refused ends the exchange; where not, the decision is the answer.
    """

    path: str
    dialect: Dialect
    answer: Answer = Answer.CONVERSATION
    streams: bool = True
    is_labelled: bool = True
    says: bool = True
    gates_input: bool = True


_ALL = (
    Endpoint(CHAT, ChatDialect()),
    Endpoint("/v1/completions", CompletionsDialect()),
    Endpoint("/v1/messages", MessagesDialect()),
    Endpoint("/v1/responses", ResponsesDialect()),
)
ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType({endpoint.path: endpoint for endpoint in _ALL})
"""Every endpoint by its path."""
