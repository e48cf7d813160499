"""The entries that an exchange leaves in the ledger: its opening, its closing, and its interruption."""

from collections.abc import Callable
from dataclasses import asdict

from guiju.gateway import rules
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.spool import Piece
from guiju.kit.canonical_json import Json, JsonObject
from guiju.ledger.models import SYSTEM_PERSON, Draft
from guiju.moderation.models import Audience


def opening_draft(exchange: Exchange) -> Draft:
    """Make the entry that commits to who asked what, under which policy, and what was decided about it."""
    turns: list[Json] = [{"role": turn.role, "text": exchange.logged(turn.text)} for turn in exchange.request.turns]
    body: JsonObject = {
        "person": exchange.person,
        "endpoint": exchange.endpoint,
        "stream": exchange.request.is_stream,
        "input": turns,
    }
    if exchange.context.audience is not Audience.ADULT:
        body["audience"] = exchange.context.audience.value
    if exchange.input_decision is not None:
        body["decision"] = rules.decision_facts(exchange.input_decision)
    if exchange.media:
        body["media"] = [report.facts() for report in exchange.media]
    return Draft(
        id=exchange.id,
        action="exchange.opened",
        actor=f"app:{exchange.app.id}",
        subject=f"exchange:{exchange.id}",
        person=exchange.person,
        provisions=(rules.CONTENT_DUTY, rules.PRODUCER_DUTY),
        policy_hash=exchange.policy_hash,
        model=exchange.request.model,
        occurred_at=exchange.opened_at,
        body=body,
    )


def closing_draft(exchange: Exchange, outcome: str, *, total_ms: int) -> Draft:
    """Make the entry that says how an exchange ended and what left."""
    has_left = any(choice.released for choice in exchange.choices.values())
    body: JsonObject = {
        "outcome": outcome,
        "person": exchange.person,
        "opened_at": exchange.opened_iso,
        "upstream": exchange.upstream,
        "output": [
            _choice_facts(choice, exchange.restored, exchange.logged) for _, choice in sorted(exchange.choices.items())
        ],
        "total_ms": total_ms,
        "tokens": {key: value for key, value in exchange.usage.items() if isinstance(value, int)},
        "risks": list(exchange.risks),
    }
    decision = exchange.output_decision or exchange.observed
    if decision is not None:
        body["decision"] = rules.decision_facts(decision)
    if exchange.guards is not None and exchange.guards.tallies:
        body["guards"] = {name: dict(asdict(tally)) for name, tally in exchange.guards.tallies.items()}
    if exchange.made:
        body["media"] = [report.facts() for report in exchange.made]
    if exchange.failure:
        body["failure"] = exchange.failure
    if has_left:
        body["label"] = exchange.label
    for name in ("upstream_first_ms", "first_byte_ms"):
        if (value := getattr(exchange, name)) is not None:
            body[name] = value
    return Draft(
        id=exchange.closing_id,
        action="exchange.closed",
        actor=f"app:{exchange.app.id}",
        subject=f"exchange:{exchange.id}",
        person=exchange.person,
        provisions=rules.closing_provisions(outcome, has_left=has_left),
        policy_hash=exchange.policy_hash,
        model=exchange.request.model,
        body=body,
    )


def _choice_facts(choice: ChoiceOutput, restored: Callable[[str], str], logged: Callable[[str], str]) -> JsonObject:
    facts: JsonObject = {"index": choice.index, "finish_reason": choice.finish_reason}
    released = {name: "".join(parts) for name, parts in choice.released.items()}
    facts["released"] = {name: logged(text) for name, text in released.items()}
    withheld: JsonObject = {}
    for name, parts in choice.generated.items():
        made, left = restored("".join(parts)), released.get(name, "")
        if made != left:
            # What never left; the whole text where some of it left masked.
            withheld[name] = logged(made.removeprefix(left))
    if withheld:
        facts["withheld"] = withheld
    if choice.retracted:
        facts["retracted"] = {**choice.retracted}
    return facts


def _as_it_is(text: str) -> str:
    return text


def interrupted_draft(
    exchange_id: str, context: JsonObject, pieces: list[Piece], *, masked: Callable[[str], str]
) -> Draft:
    """Make the closing entry of an exchange whose process died: what had left by then, from the spool.

    `masked` puts placeholders in the place of personal information, for an exchange whose policy wanted that.
    """
    logged = masked if context.get("masks_logs") else _as_it_is
    choices: dict[int, ChoiceOutput] = {}
    for index, name, text in pieces:
        choice = choices.setdefault(index, ChoiceOutput(index))
        choice.released.setdefault(name, []).append(text)
    output: list[Json] = [_choice_facts(choice, _as_it_is, logged) for _, choice in sorted(choices.items())]
    return Draft(
        id=rules.closing_id(exchange_id),
        action="exchange.interrupted",
        actor="system",
        subject=f"exchange:{exchange_id}",
        person=str(context.get("person") or SYSTEM_PERSON),
        provisions=rules.closing_provisions(rules.INTERRUPTED, has_left=bool(pieces)),
        policy_hash=str(context.get("policy_hash", "")),
        model=str(context.get("model", "")),
        body={
            "outcome": rules.INTERRUPTED,
            "app": context.get("app"),
            "person": context.get("person"),
            "opened_at": context.get("opened_at"),
            "output": output,
            "risks": [],
        },
    )
