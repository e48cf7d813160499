"""What a trace says of an exchange: names, times and attributes, as the GenAI semantic conventions have them.

No text of anybody is here, and no pseudonym: traces go to systems from which nothing can be erased for a person. Who
needs the words goes from the trace to the exchange by its id, and that look is itself recorded.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from guiju.gateway import rules
from guiju.gateway.exchange import Exchange

Attribute: TypeAlias = "str | int | float | bool | tuple[str, ...]"
_INT64 = 2**63
_OPERATIONS = {  # by endpoint, where the conventions have a word; all others make content from what they are sent
    "/v1/chat/completions": "chat",
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
    "/v1/messages": "chat",
    "/v1/responses": "chat",
}
_FAILED = frozenset((rules.UPSTREAM_FAILED, rules.EVIDENCE_FAILED, rules.INTERRUPTED))
_PARAMETERS = {  # fields of a request whose values are numbers → attributes
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
}


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """One span.

    Attributes:
        name: of the span.
        part: "" for the whole call, `call` for that of the model server, else the stage; its id follows from it.
        begin: on the monotonic clock, in seconds.
        end: likewise.
        error: what failed, a stable code; "" for nothing.
    """

    name: str
    part: str
    begin: float
    end: float
    attributes: dict[str, Attribute] = field(default_factory=dict)
    error: str = ""


def spans_of(exchange: Exchange, outcome: str, now: float) -> list[SpanFacts]:
    """Return the spans of an exchange that ended with `outcome` at `now`, the whole call first."""
    failed = (exchange.failure or outcome) if outcome in _FAILED else ""
    spans = [SpanFacts("exchange", "", exchange.started, now, _whole(exchange, outcome), failed)]
    for stage, begin, end in exchange.stages(now):
        if stage == "upstream":
            # A streamed answer comes from the model server until the exchange is over.
            last = now if exchange.request.is_stream and exchange.upstream_first_ms is not None else end
            is_theirs = outcome == rules.UPSTREAM_FAILED
            attributes = model_attributes(exchange)
            error = exchange.failure if is_theirs else ""
            spans.append(
                SpanFacts(f"{operation_of(exchange)} {exchange.answered_model}", "call", begin, last, attributes, error)
            )
        else:
            spans.append(SpanFacts(stage.replace("_", " "), stage, begin, end))
    return spans


def model_attributes(exchange: Exchange) -> dict[str, Attribute]:
    """Return what the conventions say of a call to a model."""
    request = exchange.request
    found: dict[str, Attribute] = {
        "gen_ai.operation.name": operation_of(exchange),
        "gen_ai.provider.name": exchange.upstream or "unknown",
        "gen_ai.request.model": exchange.answered_model,
        "gen_ai.request.stream": request.is_stream,
    }
    for name, attribute in _PARAMETERS.items():
        value = request.fields.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _INT64:
            found[attribute] = value
    reasons = tuple(choice.finish_reason for choice in exchange.choices.values() if choice.finish_reason)
    if reasons:
        found["gen_ai.response.finish_reasons"] = reasons
    for name, attribute in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")):
        tokens = exchange.usage.get(name)
        if isinstance(tokens, int):
            found[f"gen_ai.usage.{attribute}"] = tokens
    if request.is_stream and exchange.upstream_first_ms is not None:
        found["gen_ai.response.time_to_first_chunk"] = exchange.upstream_first_ms / 1000
    return found


def operation_of(exchange: Exchange) -> str:
    """Return what the conventions call that which the model was asked to do."""
    return _OPERATIONS.get(exchange.endpoint, "generate_content")


def _whole(exchange: Exchange, outcome: str) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {
        "guiju.exchange.id": exchange.id,
        "http.route": exchange.endpoint,
        "guiju.outcome": outcome,
        "guiju.app.id": exchange.app.id,
        "guiju.policy.hash": exchange.policy_hash,
        "guiju.held_characters": exchange.held_most,
    }
    if exchange.risks:
        found["guiju.risks"] = exchange.risks
    if exchange.input_decision is not None:
        found["guiju.decision.input"] = exchange.input_decision.action.value
    made = exchange.output_decision or exchange.observed
    if made is not None:
        found["guiju.decision.output"] = made.action.value
    if exchange.first_byte_ms is not None:
        found["guiju.first_byte_ms"] = exchange.first_byte_ms
    return found
