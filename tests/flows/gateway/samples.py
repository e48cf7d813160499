"""One good request for each endpoint, and how its answer is read: what the test of every route goes through."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tests.flows.gateway.house import events_of

Body = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """How a test speaks to an endpoint.

    Attributes:
        asking: makes a body that says a text.
        said: returns the text that a client has got, of a whole answer and of a stream.
        headers: sent with it.
        upstream: the path on which the model server is asked; empty where none is.
    """

    asking: Callable[[str], Body | bytes]
    said: Callable[[bytes, bool], str]
    headers: dict[str, str] = field(default_factory=dict)
    upstream: str = "/v1/chat/completions"


def _chat(text: str) -> Body:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def _chat_said(raw: bytes, is_stream: bool) -> str:  # noqa: FBT001 - a table
    if is_stream:
        return "".join(c["delta"].get("content") or "" for e in events_of(raw) for c in e.get("choices", ()))
    return str(orjson.loads(raw)["choices"][0]["message"]["content"])


SAMPLES: dict[str, Sample] = {"/v1/chat/completions": Sample(_chat, _chat_said)}
