"""What the writers write, whole and as events: however the text is cut, a client adds it up to the same answer."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.endpoints import ENDPOINTS, Answer
from guiju.gateway.wire.interface import AnswerWriting
from guiju.gateway.wire.request import ChatRequest

CONVERSING = [path for path, endpoint in ENDPOINTS.items() if endpoint.answer is Answer.CONVERSATION]
FIELDS = st.sampled_from(["content", "reasoning_content"])
USAGE: dict[str, object] = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
EXTENSION: dict[str, object] = {"decision": "allow", "risks": [], "exchange_id": "e", "label": "{}"}
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": "值"}'}}


def writer_of(path: str) -> AnswerWriting:
    request = ChatRequest({"model": "m"}, "m", "", (), is_stream=True, wants_usage=False, is_structured=False)
    return ENDPOINTS[path].dialect.writer("e", request, 1)


def events_in(raw: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in raw.split(b"\n") if line.startswith(b"data: ")]
    return [orjson.loads(line) for line in lines if line != b"[DONE]"]


def content_in(path: str, events: list[dict[str, Any]]) -> str:
    if path == "/v1/messages":
        return "".join(e["delta"].get("text", "") for e in events if e["type"] == "content_block_delta")
    if path == "/v1/responses":
        return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    choices = [choice for event in events for choice in event["choices"]]
    return "".join(choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in choices)


@pytest.mark.parametrize("path", CONVERSING)
@given(pieces=st.lists(st.tuples(FIELDS, st.text(min_size=1, max_size=5)), max_size=8), calls=st.booleans())
def test_blocks_are_opened_and_closed_around_their_texts(path: str, pieces: list[tuple[str, str]], calls: bool) -> None:  # noqa: FBT001 - drawn
    writer = writer_of(path)
    raw = writer.delta(0, {"role": "assistant", "content": ""})
    for field, text in pieces:
        if path != "/v1/completions" or field == "content":
            raw += writer.text(0, field, text)
    if calls and path != "/v1/completions":
        raw += writer.delta(0, {"tool_calls": [CALL]})
    raw += writer.finish(0, "tool_calls" if calls else "stop", EXTENSION) + writer.end(USAGE, is_wanted=True)
    events = events_in(raw)
    assert content_in(path, events) == "".join(text for field, text in pieces if field == "content")
    kinds = [str(event.get("type")) for event in events]
    for begun, ended in (
        ("content_block_start", "content_block_stop"),
        ("response.output_item.added", "response.output_item.done"),
    ):
        assert kinds.count(begun) == kinds.count(ended)
        depth = 0
        for kind in kinds:
            depth += (kind == begun) - (kind == ended)
            assert depth in {0, 1}
    if path == "/v1/responses":
        final = events[-1]["response"]
        assert [event["item"] for event in events if event["type"] == "response.output_item.done"] == final["output"]
        assert final["usage"]["total_tokens"] == 8


@pytest.mark.parametrize("path", CONVERSING)
@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter"])
def test_a_whole_answer_says_the_same_as_its_stream(path: str, reason: str) -> None:
    writer, streaming = writer_of(path), writer_of(path)
    message: dict[str, object] = {"role": "assistant", "content": "答", "reasoning_content": "想", "tool_calls": [CALL]}
    if path == "/v1/completions":
        message = {"role": "assistant", "content": "答"}
    choice: dict[str, object] = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    whole = orjson.loads(writer.whole([choice], USAGE, EXTENSION))
    raw = streaming.delta(0, {"role": "assistant", "content": ""})
    for field in ("reasoning_content", "content"):
        raw += streaming.text(0, field, str(message[field])) if field in message else b""
    raw += streaming.delta(0, {"tool_calls": [CALL]}) if "tool_calls" in message else b""
    raw += streaming.finish(0, reason, EXTENSION) + streaming.end(USAGE, is_wanted=True)
    events = events_in(raw)
    assert whole["guiju"] == EXTENSION
    if path == "/v1/responses":
        assert events[-1]["response"] == whole
    elif path == "/v1/messages":
        told = next(event for event in events if event["type"] == "message_delta")
        assert told["delta"]["stop_reason"] == whole["stop_reason"]
        assert (told["usage"], told["guiju"]) == (whole["usage"], EXTENSION)
        begun = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
        assert begun == [block["type"] for block in whole["content"]] == ["thinking", "text", "tool_use"]
    else:
        reasons = [c["finish_reason"] for event in events for c in event["choices"] if c["finish_reason"]]
        assert reasons == [whole["choices"][0]["finish_reason"]] == [reason]
        assert events[-1]["usage"] == whole["usage"] == USAGE


@pytest.mark.parametrize("path", CONVERSING)
def test_taking_text_back_is_one_event_that_adds_nothing(path: str) -> None:
    writer = writer_of(path)
    raw = writer.delta(0, {"role": "assistant", "content": ""}) + writer.text(0, "content", "旧")
    event = writer.retract(0, {"content": 1})
    (told,) = events_in(event)
    assert told["guiju"] == {"event": "retract", "choice": 0, "characters": {"content": 1}}
    raw += event + writer.text(0, "content", "新") + writer.finish(0, "content_filter", EXTENSION)
    events = events_in(raw + writer.end(USAGE, is_wanted=False))
    assert content_in(path, events) == "旧新"


@pytest.mark.parametrize("arguments", ["", "{", "[1]", '"x"', "{}", '{"a": 1}'])
def test_arguments_that_are_no_object_still_stand_in_one(arguments: str) -> None:
    call = {**CALL, "function": {"name": "f", "arguments": arguments}}
    choice: dict[str, object] = {"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    (block,) = orjson.loads(writer_of("/v1/messages").whole([choice], USAGE, EXTENSION))["content"]
    assert isinstance(block["input"], dict)
    if arguments.startswith("{") and arguments.endswith("}"):
        assert block["input"] == orjson.loads(arguments)
