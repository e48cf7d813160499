"""Server-sent events are the same however the network cuts them."""

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.errors import UpstreamGarbageError, UpstreamTooLargeError
from guiju.gateway.upstreams.sse import EventParser

EVENTS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=6)


def parser(most_bytes: int = 10_000) -> EventParser:
    return EventParser("u", most_bytes=most_bytes)


@given(EVENTS, st.lists(st.integers(0, 400), max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_cut_gives_the_same_events(
    events: list[dict[str, str]],
    cuts: list[int],
    line_end: str,
    has_blank: bool,  # noqa: FBT001 - Hypothesis
) -> None:
    lead = "data: " if has_blank else "data:"
    raw = "".join(
        f": ping{line_end}event: x{line_end}{lead}{orjson.dumps(event).decode()}{line_end}{line_end}"
        for event in events
    )
    whole = (raw + f"{lead}[DONE]{line_end}{line_end}").encode()
    reader = parser()
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    got = [event for low, high in itertools.pairwise(edges) for event in reader.feed(whole[low:high])]
    assert got == events
    assert reader.is_done


def test_what_follows_done_is_not_read() -> None:
    reader = parser()
    assert reader.feed(b'data: {"a":1}\n\ndata: [DONE]\n\ndata: {"b":2}\n\n') == [{"a": 1}]


@pytest.mark.parametrize(
    "line", [b"data: {x\n", b"data: [1]\n", b"data: 5\n", b"<html>\n", b'{"error": {}}\n', b"\xff\xff\n"]
)
def test_garbage_is_named_and_not_quoted(line: bytes) -> None:
    reader = parser()
    assert reader.feed(b'data: {"a":1}\n\n' + line + b'data: {"b":1}\n\n') == [{"a": 1}]
    assert isinstance(reader.failure, UpstreamGarbageError)
    assert "html" not in str(reader.failure)
    assert reader.feed(b'data: {"b":1}\n\n') == []


def test_a_line_without_end_is_cut_off() -> None:
    reader = parser(most_bytes=1000)
    assert reader.feed(b"data: " + b"x" * 900) == []
    assert reader.feed(b"x" * 200) == []
    assert isinstance(reader.failure, UpstreamTooLargeError)


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_bytes_give_events_or_a_failure(chunks: list[bytes]) -> None:
    reader = parser()
    for chunk in chunks:
        assert all(isinstance(event, dict) for event in reader.feed(chunk))
    assert reader.failure is None or reader.failure.status == 502
