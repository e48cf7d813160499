"""The endpoints: which path speaks which dialect, and what kind of answer it makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from guiju.gateway.app_rules import CHAT
from guiju.gateway.dialects.anything import AnythingDialect
from guiju.gateway.dialects.audio import SpeechDialect, TranscriptDialect
from guiju.gateway.dialects.chat import ChatDialect
from guiju.gateway.dialects.completions import CompletionsDialect
from guiju.gateway.dialects.embeddings import EmbeddingsDialect
from guiju.gateway.dialects.images import EditsDialect, GenerationsDialect
from guiju.gateway.dialects.interface import Dialect
from guiju.gateway.dialects.messages import CountDialect, MessagesDialect
from guiju.gateway.dialects.moderations import ModerationsDialect
from guiju.gateway.dialects.responses import ResponsesDialect


class Answer(StrEnum):
    """What an endpoint answers with; each kind has its own last stage, behind the stages that all have."""

    CONVERSATION = "conversation"
    VECTORS = "vectors"
    VERDICT = "verdict"
    COUNT = "count"
    PICTURES = "pictures"
    SPEECH = "speech"
    TRANSCRIPT = "transcript"
    ANYTHING = "anything"


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


_whole = partial(Endpoint, streams=False)
_ALL = (
    Endpoint(f"/v1/{CHAT}", ChatDialect()),
    Endpoint("/v1/completions", CompletionsDialect()),
    Endpoint("/v1/messages", MessagesDialect()),
    _whole("/v1/messages/count_tokens", CountDialect(), Answer.COUNT, is_labelled=False, says=False),
    Endpoint("/v1/responses", ResponsesDialect()),
    _whole("/v1/embeddings", EmbeddingsDialect(), Answer.VECTORS, is_labelled=False, says=False),
    _whole(
        "/v1/moderations",
        ModerationsDialect(),
        Answer.VERDICT,
        is_labelled=False,
        says=False,
        gates_input=False,
    ),
    _whole("/v1/images/generations", GenerationsDialect(), Answer.PICTURES),
    _whole("/v1/images/edits", EditsDialect(), Answer.PICTURES),
    _whole("/v1/audio/speech", SpeechDialect(), Answer.SPEECH, says=False),
    _whole("/v1/audio/transcriptions", TranscriptDialect("/audio/transcriptions"), Answer.TRANSCRIPT),
    _whole("/v1/audio/translations", TranscriptDialect("/audio/translations"), Answer.TRANSCRIPT),
)
ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType({endpoint.path: endpoint for endpoint in _ALL})
"""Every endpoint by its path."""


def with_passed(paths: Iterable[str]) -> Mapping[str, Endpoint]:
    """Return every endpoint, and those that the operator lets pass though nobody here knows them."""
    passed = (_whole(path, AnythingDialect(path.removeprefix("/v1")), Answer.ANYTHING) for path in paths)
    return MappingProxyType({**{endpoint.path: endpoint for endpoint in passed}, **ENDPOINTS})
