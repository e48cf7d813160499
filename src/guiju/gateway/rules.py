"""Which provision each piece of evidence serves, and the pure decisions of the gateway."""

from collections.abc import Iterable

from guiju.gateway.models import App
from guiju.kit.canonical_json import JsonObject
from guiju.moderation.models import Action, Decision, Finding

CONTENT_DUTY = "cn/genai-measures-2023/art-4"
PRODUCER_DUTY = "cn/genai-measures-2023/art-9"
PERSONAL_INFORMATION = "cn/genai-measures-2023/art-11"
LABELLING = "cn/genai-measures-2023/art-12"
STEADY_SERVICE = "cn/genai-measures-2023/art-13"
DISPOSAL = "cn/genai-measures-2023/art-14"
COMPLAINTS = "cn/genai-measures-2023/art-15"

ANSWERED = "answered"
INPUT_REFUSED = "input_refused"
OUTPUT_STOPPED = "output_stopped"
UNDETERMINED = "undetermined"
CLIENT_LEFT = "client_left"
UPSTREAM_FAILED = "upstream_failed"
BAD_REQUEST = "bad_request"
INTERRUPTED = "interrupted"
EVIDENCE_FAILED = "evidence_failed"
OPEN = "open"
UNKNOWN = "unknown"

FINDINGS_KEPT = 100
_CLOSING_MASK = 0xFFFFFFFFFFFF
_STRICTNESS = (Action.REFUSE, Action.UNDETERMINED, Action.HOLD, Action.REPLACE, Action.OBSERVE, Action.ALLOW)


def closing_id(exchange_id: str) -> str:
    """Return the id of an exchange's closing entry: a UUIDv7 of the same instant, one for each exchange.

    Because it follows from the exchange's id, an exchange has at most one closing entry, whoever writes it and however
    often. Within a process no other id has the same time and counter; between processes 48 random bits keep them apart.
    """
    return f"{exchange_id[:24]}{int(exchange_id[24:], 16) ^ _CLOSING_MASK:012x}"


def may_go_on(decision: Decision) -> bool:
    """Tell whether a text goes on: as it is, or with the findings masked."""
    return decision.may_pass or decision.action is Action.REPLACE


def strictest(decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision that governs when several texts were decided on; a finding outweighs not knowing."""
    return min(decisions, key=lambda decision: _STRICTNESS.index(decision.action), default=None)


def refusal_outcome(decision: Decision) -> str:
    """Say what an exchange that `decision` ended was: not knowing is recorded as not knowing (design: fail closed)."""
    if decision.action is Action.UNDETERMINED:
        return UNDETERMINED
    return INPUT_REFUSED if decision.scope.value == "input" else OUTPUT_STOPPED


def closing_provisions(outcome: str, *, has_left: bool) -> tuple[str, ...]:
    """Return the provisions that a closing entry is evidence for; `has_left`: whether any generated text left."""
    provisions = [CONTENT_DUTY]
    if has_left:
        provisions.append(LABELLING)
    if outcome in {INPUT_REFUSED, OUTPUT_STOPPED, UNDETERMINED}:
        provisions.append(DISPOSAL)
    if outcome in {UPSTREAM_FAILED, INTERRUPTED, EVIDENCE_FAILED}:
        provisions.append(STEADY_SERVICE)
    return tuple(provisions)


def text_mark_for(app: App, *, is_structured: bool, has_tool_calls: bool, has_text: bool) -> str:
    """Return the mark to put at the end of an answer: never into data, tool calls or an empty answer (article 12)."""
    if not app.text_mark or is_structured or has_tool_calls or not has_text:
        return ""
    return app.text_mark if app.text_mark.startswith("\n") else f"\n\n{app.text_mark}"


def decision_facts(decision: Decision) -> JsonObject:
    """Write a decision as the ledger keeps it; the first hundred findings stand for all, and all are counted."""
    if not decision.findings and not decision.failures and decision.action is Action.ALLOW:
        return {"action": "allow", "findings_count": 0}
    facts: JsonObject = {
        "action": decision.action.value,
        "scope": decision.scope.value,
        "risks": list(decision.risks),
        "reason": decision.reason,
        "findings": [_finding_facts(finding) for finding in decision.findings[:FINDINGS_KEPT]],
        "findings_count": len(decision.findings),
    }
    if decision.failures:
        facts["failures"] = list(decision.failures)
    return facts


def _finding_facts(finding: Finding) -> JsonObject:
    facts: JsonObject = {
        "detector": finding.detector,
        "risks": list(finding.risks),
        "level": finding.level,
        "wish": finding.wish,
        "start": finding.start,
        "end": finding.end,
        "term_id": finding.term_id,
        "view": finding.view,
    }
    if finding.score < 1.0:
        facts["score"] = f"{finding.score:.4f}"
    return facts
