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


def _legacy(text: str) -> Body:
    return {"model": "m", "prompt": text}


def _legacy_said(raw: bytes, is_stream: bool) -> str:  # noqa: FBT001 - a table
    answers = events_of(raw) if is_stream else [orjson.loads(raw)]
    return "".join(choice["text"] for answer in answers for choice in answer["choices"])


def _messages(text: str) -> Body:
    return {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}


def _messages_said(raw: bytes, is_stream: bool) -> str:  # noqa: FBT001 - a table
    if is_stream:
        return "".join(e["delta"].get("text", "") for e in events_of(raw) if e["type"] == "content_block_delta")
    return "".join(block["text"] for block in orjson.loads(raw)["content"])


def _responses(text: str) -> Body:
    return {"model": "m", "input": text}


def _responses_said(raw: bytes, is_stream: bool) -> str:  # noqa: FBT001 - a table
    if is_stream:
        events = events_of(raw)
        said = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
        assert [e["text"] for e in events if e["type"] == "response.output_text.done"] == [said]
        return said
    return "".join(part["text"] for item in orjson.loads(raw)["output"] for part in item["content"])


SAMPLES: dict[str, Sample] = {
    "/v1/chat/completions": Sample(_chat, _chat_said),
    "/v1/completions": Sample(_legacy, _legacy_said, upstream="/v1/completions"),
    "/v1/messages": Sample(_messages, _messages_said),
    "/v1/responses": Sample(_responses, _responses_said),
}
