"""Hostile bytes become a typed request, or a clear error; never anything else."""

import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.errors import CallError, MalformedRequestError, UnsupportedContentError
from guiju.gateway.models import Limits, Turn
from guiju.gateway.wire.fields import is_nested_deeper
from guiju.gateway.wire.media import MediaPart, inline_bytes, with_media
from guiju.gateway.wire.request import read_request, with_masked
from guiju.moderation.media.models import MediaKind

LIMITS = Limits()


def body(**fields: object) -> bytes:
    return orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "你好"}], **fields})


def test_a_plain_request_is_read() -> None:
    request = read_request(body(stream=True, user="u1", stream_options={"include_usage": True}), LIMITS)
    assert (request.model, request.user, request.is_stream, request.wants_usage) == ("m", "u1", True, True)
    assert request.turns == (Turn("user", "你好"),)
    assert not request.is_structured


def test_the_upstream_does_not_learn_who_the_end_user_is() -> None:
    request = read_request(body(user="张三", safety_identifier="s", metadata={"name": "张三"}, temperature=0.5), LIMITS)
    payload = request.upstream_payload("other")
    assert payload["model"] == "other"
    assert payload["temperature"] == 0.5
    assert "张三" not in json.dumps(payload, ensure_ascii=False)


def test_the_text_parts_of_one_message_are_one_text() -> None:
    parts = [{"type": "text", "text": "半个"}, {"type": "text", "text": "词"}]
    request = read_request(body(messages=[{"role": "user", "content": parts}]), LIMITS)
    assert request.turns == (Turn("user", "半个词"),)


def test_every_text_that_reaches_the_model_is_a_turn() -> None:
    request = read_request(
        body(
            messages=[
                {"role": "system", "content": "一"},
                {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "二"}}]},
                {"role": "tool", "tool_call_id": "x", "content": "三"},
                {"role": "user", "name": "四", "content": "五"},
            ],
            tools=[{"function": {"description": "六"}}],
            response_format={"type": "json_schema", "json_schema": {"七": 1}},
            documents=[{"text": "八"}],
            chat_template="九",
        ),
        LIMITS,
    )
    said = "".join(turn.text for turn in request.turns)
    assert all(word in said for word in "一二三四五六七八九")
    assert request.is_structured


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "messages[0].content[0].text"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"model": None}, "model"),
        ({"model": "x" * 300}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 10**9}, "n"),
        ({"n": "2"}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": {}}}, "stream_options.include_usage"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stop": 1}, "stop"),
        ({"user": ["u"]}, "user"),
        ({"user": "u" * 600}, "user"),
        ({"response_format": "json"}, "response_format"),
    ],
)
def test_a_wrong_type_is_named(fields: dict[str, object], where: str) -> None:
    with pytest.raises(MalformedRequestError) as caught:
        read_request(body(**fields), LIMITS)
    assert caught.value.where == where
    assert caught.value.zh
    assert caught.value.en


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image_url", "image_url": {"url": "data:,"}}],
        [{"type": "input_audio", "input_audio": {}}],
        [{"type": "file", "file": {}}],
        [{"type": "text", "text": "x", "image_url": "smuggled"}],
    ],
)
def test_what_nobody_can_moderate_is_refused(content: list[object]) -> None:
    with pytest.raises(UnsupportedContentError):
        read_request(body(messages=[{"role": "user", "content": content}]), LIMITS)


def test_other_modalities_of_the_answer_are_refused() -> None:
    with pytest.raises(UnsupportedContentError):
        read_request(body(modalities=["text", "audio"]), LIMITS)
    assert read_request(body(modalities=["text"]), LIMITS).model == "m"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "JSON"),
        (b"null", "JSON"),
        (b'{"a": NaN}', "JSON"),
        (b'{"a": "\\ud800"}', "JSON"),
        (b'{"model": "\xff\xfe"}', "UTF-8"),
        ("中文".encode("gbk"), "UTF-8"),
        (b"\x00" * 1000, "JSON"),
    ],
)
def test_what_is_no_json_is_said_to_be_none(raw: bytes, said: str) -> None:
    with pytest.raises(MalformedRequestError) as caught:
        read_request(raw, LIMITS)
    assert said in caught.value.zh
    assert said in caught.value.en


@pytest.mark.parametrize("count", [65, 1100, 100_000, 900_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_found_before_parsing(count: int, opening: bytes) -> None:
    raw = opening * count
    assert is_nested_deeper(raw, 64)
    with pytest.raises(MalformedRequestError) as caught:
        read_request(raw, LIMITS)
    assert "64" in caught.value.zh


@given(st.recursive(st.none() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=4), max_leaves=60))
def test_the_depth_that_is_counted_is_the_depth_that_is(value: object) -> None:
    def depth(item: object) -> int:
        return 1 + max((depth(part) for part in item), default=0) if isinstance(item, list) else 0

    raw = orjson.dumps(value)
    real = depth(value)
    assert not is_nested_deeper(raw, real)
    assert real == 0 or is_nested_deeper(raw, real - 1)


def test_brackets_in_strings_do_not_nest() -> None:
    assert not is_nested_deeper(orjson.dumps({"a": '[{"\\' * 1000}), 64)


@pytest.mark.parametrize(
    "raw", [b'"' * 1_000_000, b'\\"' * 500_000, b"{" * 65 + b'"\\' * 500_000, b'["' + b"\\" * 10**6]
)
def test_looking_for_depth_takes_linear_time(raw: bytes) -> None:
    began = time.process_time()
    is_nested_deeper(b"[" * 64 + raw, 64)
    assert time.process_time() - began < 5  # a quadratic search would take hours


@given(st.binary(max_size=300))
def test_any_bytes_give_a_request_or_a_clear_error(raw: bytes) -> None:
    try:
        read_request(raw, LIMITS)
    except CallError as error:
        assert error.payload()["error"]  # noqa: PT017 - either outcome is right


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)
KNOWN = st.sampled_from(
    ["model", "messages", "n", "user", "stream", "stop", "tools", "response_format", "stream_options", "modalities"]
)


@given(st.dictionaries(KNOWN, JSON | st.lists(st.dictionaries(st.sampled_from(["role", "content", "type"]), JSON))))
def test_any_json_gives_a_request_or_a_clear_error(fields: dict[str, object]) -> None:
    try:
        read_request(orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}), LIMITS)
    except CallError as error:
        assert orjson.loads(error.body())["error"]["code"]  # noqa: PT017 - either outcome is right


def test_masking_reaches_every_text_and_no_name_of_a_field() -> None:
    parts = [{"type": "text", "text": "电话1"}, {"type": "text", "text": "3800"}]
    request = read_request(
        body(
            messages=[{"role": "user", "content": parts, "name": "13800"}, {"role": "user", "content": "x"}],
            tools=[{"function": {"description": "13800"}}],
        ),
        LIMITS,
    )
    masked = with_masked(request, lambda text, _role: text.replace("13800", "*****")).upstream_payload("m")
    assert "13800" not in json.dumps(masked)
    messages = masked["messages"]
    assert isinstance(messages, list)
    assert messages[0]["content"] == "电话*****"
    assert messages[1] == {"role": "user", "content": "x"}


def _with_pictures() -> list[dict[str, object]]:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
    parts = [{"type": "text", "text": "甲"}, picture, {"type": "text", "text": "乙"}, picture]
    return [{"role": "user", "content": "丙"}, {"role": "user", "content": parts}]


def test_the_media_of_a_request_are_found_in_order_with_their_place() -> None:
    request = read_request(body(messages=_with_pictures()), LIMITS, lambda _kind: None)
    assert [part.where for part in request.media] == [
        "messages[1].content[1].image_url",
        "messages[1].content[3].image_url",
    ]
    assert request.turns == (Turn("user", "丙"), Turn("user", "甲乙"))
    assert inline_bytes(request.media[0]) == (b"\0\0\0", "image/png")


def test_masking_a_text_keeps_the_pictures_beside_it() -> None:
    request = read_request(body(messages=_with_pictures()), LIMITS, lambda _kind: None)
    masked = with_masked(request, lambda text, _role: "＊" * len(text))
    sent = with_media(masked.fields, iter([("image/gif", b"one"), ("image/webp", b"two")]))["messages"]
    assert isinstance(sent, list)
    assert sent[0] == {"role": "user", "content": "＊"}
    text, first, second = sent[1]["content"]
    assert text == {"type": "text", "text": "＊＊"}
    assert first["image_url"] == {"url": "data:image/gif;base64,b25l", "detail": "low"}
    assert second["image_url"]["url"] == "data:image/webp;base64,dHdv"


@given(st.text(max_size=40), st.sampled_from(list(MediaKind)))
def test_whatever_stands_for_a_medium_is_bytes_or_a_clear_error(text: str, kind: MediaKind) -> None:
    for source in (text, f"data:{text}", f"data:image/png;base64,{text}"):
        try:
            content, mime = inline_bytes(MediaPart(kind, "messages[0].content[0]", source))
        except MalformedRequestError:
            continue
        assert content
        assert len(mime) <= 100
