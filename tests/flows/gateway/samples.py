"""One good request for each endpoint, and how its answer is read: what the test of every route goes through."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tests.factories.labeller import label_of
from tests.factories.pictures import encoded, scene
from tests.flows.gateway.house import events_of

from guiju.gateway.wire.forms import Part, write_form

PASSED = "/v1/rerank"
"""An endpoint that nobody knows, which an operator lets pass."""
ANSWER = "你好，这是一个回答。"
PNG = encoded(scene(1))
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
BOUNDARY = b"guiju-test-boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
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


def _count_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    answer = orjson.loads(raw)
    assert answer["input_tokens"] > 0
    assert answer["guiju"]["is_estimated"] is True
    return ANSWER


def _responses(text: str) -> Body:
    return {"model": "m", "input": text}


def _responses_said(raw: bytes, is_stream: bool) -> str:  # noqa: FBT001 - a table
    if is_stream:
        events = events_of(raw)
        said = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
        assert [e["text"] for e in events if e["type"] == "response.output_text.done"] == [said]
        return said
    return "".join(part["text"] for item in orjson.loads(raw)["output"] for part in item["content"])


def form(text: str, *files: Part, name: str = "prompt", **fields: str) -> bytes:
    """Return a form in which `text` stands under `name`."""
    values = {"model": "m", name: text, **fields}
    parts = [Part(key, value.encode()) for key, value in values.items()]
    body, kind = write_form([*parts, *files])
    return body.replace(kind.partition("boundary=")[2].encode(), BOUNDARY)


def _pictures(text: str) -> Body:
    return {"model": "m", "prompt": text, "response_format": "b64_json"}


def _pictures_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    answer = orjson.loads(raw)
    (row,) = answer["data"]
    assert label_of(base64.b64decode(row["b64_json"]))["ProduceID"] == answer["guiju"]["exchange_id"]
    return str(row["revised_prompt"])


def _speech_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    assert raw.startswith(WAV)
    assert label_of(raw)["Label"] == "1"
    return ANSWER


def _vectors_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    assert [row["embedding"] for row in orjson.loads(raw)["data"]] == [[0.25, -1.0]]
    return ANSWER


def _verdict_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    assert [row["flagged"] for row in orjson.loads(raw)["results"]] == [False]
    return ANSWER


def _text_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    return str(orjson.loads(raw)["text"])


def _ranked_said(raw: bytes, is_stream: bool) -> str:  # noqa: ARG001, FBT001 - a table
    return str(orjson.loads(raw)["results"][0]["text"])


SAMPLES: dict[str, Sample] = {
    "/v1/chat/completions": Sample(_chat, _chat_said),
    "/v1/completions": Sample(_legacy, _legacy_said, upstream="/v1/completions"),
    "/v1/messages": Sample(_messages, _messages_said),
    "/v1/messages/count_tokens": Sample(_messages, _count_said, upstream=""),
    "/v1/responses": Sample(_responses, _responses_said),
    "/v1/embeddings": Sample(lambda text: {"model": "m", "input": text}, _vectors_said, upstream="/v1/embeddings"),
    "/v1/moderations": Sample(lambda text: {"input": text}, _verdict_said, upstream=""),
    "/v1/images/generations": Sample(_pictures, _pictures_said, upstream="/v1/images/generations"),
    "/v1/images/edits": Sample(
        lambda text: form(text, Part("image", PNG, "a.png", "image/png")), _pictures_said, FORM, "/v1/images/edits"
    ),
    "/v1/audio/speech": Sample(
        lambda text: {"model": "m", "input": text, "voice": "v", "response_format": "wav"},
        _speech_said,
        upstream="/v1/audio/speech",
    ),
    **{
        f"/v1/audio/{name}": Sample(
            lambda text: form(text, Part("file", WAV, "a.wav", "audio/wav")), _text_said, FORM, f"/v1/audio/{name}"
        )
        for name in ("transcriptions", "translations")
    },
    PASSED: Sample(lambda text: {"model": "m", "query": text}, _ranked_said, upstream=PASSED),
}
