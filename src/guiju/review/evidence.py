"""What the entries of an exchange say: its texts, and what was decided about them. Reads the gateway's records.

An entry never changes, so the shapes that are read here stay what they are; a flow test holds them against the gateway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from guiju.kit.canonical_json import Json, JsonObject
from guiju.ledger.models import SYSTEM_PERSON, Draft, EntryQuery, Erased, Head, Receipt, Sift
from guiju.moderation.models import Scope
from guiju.review.models import RecordedFinding, Said

OPENED, CLOSED, INTERRUPTED, OBJECTED = (
    "exchange.opened",
    "exchange.closed",
    "exchange.interrupted",
    "objection.received",
)
ACTIONS = (OPENED, CLOSED, INTERRUPTED, OBJECTED)
# What the model said; a standard reply and a mark are the gateway's own words, which nobody needs to judge.
_FIELDS = ("reasoning_content", "reasoning", "content", "refusal", "tool_calls")

Body: TypeAlias = "JsonObject | Erased | None"


class LedgerPort(Protocol):
    """What this room asks of the ledger."""

    def find(self, query: EntryQuery) -> list[Head]:
        """Return the heads that `query` asks for, newest first."""
        ...

    def entry_by_id(self, entry_id: str) -> Head | None:
        """Return the head of an entry."""
        ...

    def body(self, entry_id: str) -> Body:
        """Return the body of an entry, that it was erased, or None."""
        ...

    def bodies(self, start: int, end: int) -> "dict[str, JsonObject | Erased | None]":
        """Return the bodies of a stretch of entries, by id; None: it should be readable and is not."""
        ...

    def sifted(self, start: int, end: int, wanted: Sift) -> "list[tuple[Head, JsonObject | Erased | None]]":
        """Return those entries of a stretch that `wanted` says, with their bodies; None where one is unreadable."""
        ...

    def append(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable."""
        ...

    def size(self) -> int:
        """Return how many entries there are."""
        ...


@dataclass(frozen=True, slots=True)
class RecordedText:
    """What one entry says of the texts of an exchange in one direction.

    Attributes:
        texts: all texts, in order; of an output first what was released, then what was withheld, choice by choice.
        action: what was decided, `allow` where nothing was found.
        risks: of all findings, sorted.
        findings: what was found, as far as it is kept.
        reason: why it was decided so.
        person: whose text it is.
    """

    scope: Scope
    texts: tuple[Said, ...]
    action: str
    risks: tuple[str, ...]
    findings: tuple[RecordedFinding, ...]
    reason: str
    person: str


def scope_of(action: str) -> Scope:
    """Return which way the text of an entry went."""
    return Scope.INPUT if action == OPENED else Scope.OUTPUT


def exchange_of(head: Head) -> str:
    """Return the exchange that an entry is about."""
    return head.subject.removeprefix("exchange:")


def read_text(action: str, body: JsonObject) -> RecordedText:
    """Read the body of an entry that opens or closes an exchange."""
    scope = scope_of(action)
    decision = body.get("decision")
    decided = decision if isinstance(decision, dict) and _is_about(decision, scope) else {}
    findings = tuple(_finding(one) for one in _objects(decided.get("findings")))
    return RecordedText(
        scope=scope,
        texts=_asked(body.get("input")) if scope is Scope.INPUT else _answered(body.get("output")),
        action=str(decided.get("action") or "allow"),
        risks=tuple(sorted({risk for finding in findings for risk in finding.risks})),
        findings=findings,
        reason=str(decided.get("reason") or ""),
        person=str(body.get("person") or SYSTEM_PERSON),
    )


def is_quiet(body: JsonObject) -> bool:
    """Tell whether nothing was found in the texts of an entry, without reading them."""
    decision = body.get("decision")
    return not isinstance(decision, dict) or (decision.get("action") == "allow" and not decision.get("findings"))


def _is_about(decision: JsonObject, scope: Scope) -> bool:
    return str(decision.get("scope") or scope.value) == scope.value


def _asked(turns: Json) -> tuple[Said, ...]:
    return tuple(Said(str(turn.get("role") or ""), str(turn.get("text") or "")) for turn in _objects(turns))


def _answered(choices: Json) -> tuple[Said, ...]:
    said: list[Said] = []
    for choice in _objects(choices):
        released, withheld = _joined(choice.get("released")), _joined(choice.get("withheld"))
        if released:
            said.append(Said("assistant", released))
        if withheld:
            said.append(Said("assistant", withheld, was_released=False))
    return tuple(said)


def _joined(fields: Json) -> str:
    return "".join(str(fields[name]) for name in _FIELDS if name in fields) if isinstance(fields, dict) else ""


def _finding(facts: JsonObject) -> RecordedFinding:
    start, end, risks = facts.get("start"), facts.get("end"), facts.get("risks")
    return RecordedFinding(
        detector=str(facts.get("detector") or ""),
        risks=tuple(str(risk) for risk in risks) if isinstance(risks, (list, tuple)) else (),
        level=str(facts.get("level") or ""),
        wish=str(facts.get("wish") or ""),
        start=start if isinstance(start, int) else 0,
        end=end if isinstance(end, int) else 0,
        term_id=str(facts.get("term_id") or ""),
        view=str(facts.get("view") or "base"),
        score=str(facts.get("score") or ""),
    )


def _objects(value: Json) -> Sequence[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, (list, tuple)) else []
