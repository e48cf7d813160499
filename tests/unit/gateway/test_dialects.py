"""Whatever bytes come to an endpoint, its dialect makes a request of them or an error that names the place."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.gateway.samples import PASSED, SAMPLES

from guiju.gateway.dialects.interface import Reading
from guiju.gateway.endpoints import with_passed
from guiju.gateway.errors import CallError
from guiju.gateway.models import ChatCall, Limits
from guiju.gateway.wire.request import ChatRequest
from guiju.moderation.media.models import MediaKind

EVERY = with_passed((PASSED,))
READING = Reading(Limits(), lambda _kind: None)
WORDS = st.sampled_from(
    [
        *("role", "user", "assistant", "system", "tool", "content", "type", "text", "input_text", "image", "source"),
        *("tool_use", "tool_result", "function_call", "function_call_output", "message", "input", "name", "url"),
        *("image_url", "data", "base64", "tools", "function", "parameters", "input_schema", "tool_choice", "format"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=4) | WORDS
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=20
)
FIELDS = st.sampled_from(
    [
        *("model", "messages", "input", "prompt", "system", "tools", "tool_choice", "text", "max_tokens", "n"),
        *("stream", "metadata", "instructions", "include", "output_config", "logprobs", "store", "reasoning", "user"),
    ]
)
JSON_ENDPOINTS = [path for path, sample in SAMPLES.items() if isinstance(sample.asking(""), dict)]


def read(path: str, body: dict[str, Any]) -> ChatRequest:
    return EVERY[path].dialect.read(ChatCall(orjson.dumps(body), endpoint=path.removeprefix("/v1/")), READING)


def attempt(path: str, body: dict[str, Any]) -> ChatRequest | CallError:
    try:
        return read(path, body)
    except CallError as error:
        return error


@pytest.mark.parametrize("path", JSON_ENDPOINTS)
@settings(max_examples=120, deadline=None)
@given(changes=st.dictionaries(FIELDS, TREES, min_size=1, max_size=3))
def test_hostile_fields_are_read_or_refused(path: str, changes: dict[str, Any]) -> None:
    body = SAMPLES[path].asking("你好")
    assert isinstance(body, dict)
    got = attempt(path, {**body, **changes})
    if isinstance(got, CallError):
        assert got.status in {400, 422}
        assert got.zh
        assert got.en
    else:
        assert isinstance(got.upstream_payload("m"), dict)


@pytest.mark.parametrize("path", [path for path in JSON_ENDPOINTS if path != PASSED])
@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b'{"model": "m"}', b"[" * 200 + b"]" * 200])
def test_what_is_no_request_is_refused(path: str, raw: bytes) -> None:
    with pytest.raises(CallError):
        EVERY[path].dialect.read(ChatCall(raw, endpoint=path.removeprefix("/v1/")), READING)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
def test_every_text_that_reaches_the_model_is_moderated(path: str) -> None:
    texts = [f"文{at}甲" for at in range(10)]
    if path == "/v1/messages":
        body: dict[str, Any] = {
            "model": "m",
            "max_tokens": 1,
            "system": [{"type": "text", "text": texts[0]}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": texts[1]}]},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "c", "name": texts[2], "input": {"a": texts[3]}}],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": texts[4]}]},
            ],
            "tools": [
                {
                    "name": texts[5],
                    "description": texts[6],
                    "input_schema": {"properties": {"x": {"description": texts[7]}}},
                }
            ],
            "stop_sequences": [texts[8]],
            "documents": [{"text": texts[9]}],
        }
    else:
        body = {
            "model": "m",
            "instructions": texts[0],
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": texts[1]}]},
                {"type": "function_call", "call_id": "c", "name": texts[2], "arguments": f'{{"a": "{texts[3]}"}}'},
                {"type": "function_call_output", "call_id": "c", "output": texts[4]},
            ],
            "tools": [{"type": "function", "name": texts[5], "description": texts[6], "parameters": {"x": texts[7]}}],
            "documents": [texts[8], {"text": texts[9]}],
        }
    request = read(path, body)
    for text in texts:
        assert any(text in turn.text for turn in request.turns), text
        assert text in orjson.dumps(request.upstream_payload("m")).decode()
    assert {turn.role for turn in request.turns} >= {"system", "user", "tool", "assistant", "documents"}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
def test_pictures_keep_their_place_in_the_clients_own_body(path: str) -> None:
    if path == "/v1/messages":
        source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
        content: list[Any] = [{"type": "text", "text": "看"}, {"type": "image", "source": source}]
        body: dict[str, Any] = {
            "model": "m",
            "max_tokens": 1,
            "system": "s",
            "messages": [{"role": "user", "content": content}],
        }
        place = "messages[0].content[1].source.data"
    else:
        content = [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]
        body = {"model": "m", "instructions": "s", "input": [{"role": "user", "content": content}]}
        place = "input[0].content[0].image_url"
    (part,) = read(path, body).media
    assert (part.kind, part.where, part.source) == (MediaKind.IMAGE, place, "data:image/png;base64,AAAA")
