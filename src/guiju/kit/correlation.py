"""The one id under which a call is known everywhere: in its answer's header, its log lines, its entries, its trace.

The door begins a correlation for each call. Whoever makes the exchange (or the entry that says the call was refused)
takes the id, once: a second exchange in the same call gets an id of its own, because two may never share one.
"""

import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass

from guiju.kit.ids import new_id

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_TRACESTATE_CHARACTERS = 512
_SAMPLED = 1
_RANDOM_DIGITS = 12


@dataclass(slots=True)
class Correlation:
    """What one call is known by.

    Attributes:
        id: the exchange's id, a UUIDv7.
        trace_id: 32 hexadecimal digits: the caller's trace, or the id itself where the caller has none.
        parent_id: the caller's span; "" where it has none.
        is_sampled: whether the caller's trace is recorded; None where it does not say.
        state: the caller's `tracestate`, handed on as it came.
        is_traced: whether we record spans of our own, which then stand between the caller's and the model server's.
    """

    id: str
    trace_id: str
    parent_id: str = ""
    is_sampled: bool | None = None
    state: str = ""
    is_traced: bool = False
    is_taken: bool = False

    @property
    def span_id(self) -> str:
        """Our span of the whole call; it follows from the id, so nobody needs to keep it."""
        return self.id.replace("-", "")[16:]

    @property
    def call_span_id(self) -> str:
        """Our span of the call to the model server."""
        return derived_span(self.id, "call")

    @property
    def outgoing(self) -> str:
        """The header lines for a model server: the caller's trace, or ours; "" where there is none."""
        if not self.is_traced and not self.parent_id:
            return ""
        parent = self.call_span_id if self.is_traced else self.parent_id
        flags = "00" if self.is_sampled is False else "01"
        state = f"tracestate: {self.state}\r\n" if self.state else ""
        return f"traceparent: 00-{self.trace_id}-{parent}-{flags}\r\n{state}"


CURRENT: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def begin(traceparent: bytes = b"", tracestate: bytes = b"", *, traced_share: float | None = None) -> Correlation:
    """Begin the correlation of one call; what cannot be read of the caller's trace is left out, as W3C asks.

    Args:
        traceparent: the caller's header, hostile as all input.
        tracestate: the caller's header.
        traced_share: of the calls that bring no decision, how many are traced, from 0 to 1; None traces nothing.
    """
    call_id = new_id()
    correlation = Correlation(call_id, "")
    if traceparent:
        _read_trace(correlation, traceparent, tracestate)
    if not correlation.trace_id and traced_share is not None:
        correlation.trace_id = call_id.replace("-", "")
    if traced_share is not None:
        if correlation.is_sampled is None:
            correlation.is_sampled = int(call_id[-_RANDOM_DIGITS:], 16) < traced_share * 16**_RANDOM_DIGITS
        correlation.is_traced = correlation.is_sampled
    CURRENT.set(correlation)
    return correlation


def take_id() -> str:
    """Return the id for an exchange: the call's, once; a new one outside of a call and ever after."""
    correlation = CURRENT.get()
    if correlation is None or correlation.is_taken:
        return new_id()
    correlation.is_taken = True
    return correlation.id


def outgoing_headers() -> bytes:
    """Return the header lines of the running call's trace; nothing where there is none."""
    correlation = CURRENT.get()
    return b"" if correlation is None else correlation.outgoing.encode("ascii")


def derived_span(call_id: str, name: str) -> str:
    """Return the id of the span `name` of a call: 16 hexadecimal digits that follow from both."""
    return hashlib.blake2b(f"{call_id}/{name}".encode(), digest_size=8).hexdigest()


def _read_trace(correlation: Correlation, traceparent: bytes, tracestate: bytes) -> None:
    found = _TRACEPARENT.fullmatch(traceparent.decode("latin-1").strip(" \t"))
    if found is None or (traceparent.startswith(b"00") and len(found[0]) != 55):  # noqa: PLR2004 - version 00 ends there
        return
    correlation.trace_id, correlation.parent_id = found[1], found[2]
    correlation.is_sampled = bool(int(found[3], 16) & _SAMPLED)
    state = tracestate.decode("latin-1").strip(" \t")
    if len(state) <= _TRACESTATE_CHARACTERS and state.isascii() and state.isprintable():
        correlation.state = state
