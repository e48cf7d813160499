"""The trace of a caller is read as W3C writes it, whatever bytes come; ids of spans follow from the call's."""

import re

from hypothesis import given
from hypothesis import strategies as st

from guiju.kit.correlation import begin, derived_span

_OUTGOING = re.compile(r"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\r\n(tracestate: [ -~]{1,512}\r\n)?")
_HEX = st.integers(1, 2**64 - 1)


@given(st.binary(max_size=200), st.binary(max_size=600), st.sampled_from([None, 0.0, 0.5, 1.0]))
def test_whatever_comes_what_goes_out_is_whole_header_lines(parent: bytes, state: bytes, share: float | None) -> None:
    outgoing = begin(parent, state, traced_share=share).outgoing
    assert outgoing == "" or _OUTGOING.fullmatch(outgoing)


@given(
    _HEX,
    _HEX,
    st.booleans(),
    st.sampled_from([None, 0.0, 1.0]),
    st.from_regex(r"[a-z]{1,9}=[!-+]{1,9}", fullmatch=True),
)
def test_a_callers_trace_goes_on_with_its_decision(
    trace: int,
    span: int,
    is_sampled: bool,  # noqa: FBT001 - drawn by hypothesis
    share: float | None,
    state: str,
) -> None:
    flags = "01" if is_sampled else "00"
    correlation = begin(f"00-{trace:032x}-{span:016x}-{flags}".encode(), state.encode(), traced_share=share)
    kept = f"{span:016x}" if share is None or not is_sampled else correlation.call_span_id
    assert correlation.outgoing == f"traceparent: 00-{trace:032x}-{kept}-{flags}\r\ntracestate: {state}\r\n"
    assert correlation.is_traced == (share is not None and is_sampled)


def test_a_share_is_kept_over_many_calls_and_the_rest_sends_nothing() -> None:
    calls = [begin(traced_share=0.25) for _ in range(4000)]
    traced = [call for call in calls if call.is_traced]
    assert 800 < len(traced) < 1200
    assert all(call.outgoing == "" for call in calls if not call.is_traced)
    assert len({call.span_id for call in calls}) == 4000
    assert derived_span(calls[0].id, "call") != derived_span(calls[1].id, "call")
