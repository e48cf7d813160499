"""What the last stages of answers that are no conversation share: a text decided about, an exchange closed."""

from dataclasses import dataclass

from guiju.gateway import rules
from guiju.gateway.errors import OutputRefusedError
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.moderate import OutputGuard, decide, masked
from guiju.moderation.models import Scope

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that may leave: its bytes and their type."""

    body: bytes
    content_type: str = JSON


async def let_text(desk: Desk, exchange: Exchange, choice: ChoiceOutput, *, name: str, text: str) -> str:
    """Return a text of the answer as it may leave, and remember what was made and what leaves.

    Raises:
        OutputRefusedError: it may not; the exchange is closed.
        EvidenceUnavailableError: it may not, and that cannot be evidenced.
    """
    choice.generated.setdefault(name, []).append(text)
    decision = await decide(desk.moderation, text, Scope.OUTPUT, context=exchange.context)
    judge = OutputGuard(desk.moderation, exchange).judge
    if judge is not None:
        decision = await judge.judge_whole(text, decision)
    if not rules.may_go_on(decision):
        exchange.output_decision = decision
        await refuse(desk, exchange)
    exchange.observe(decision)
    if decision.may_pass:
        left = text
    elif judge is not None:
        left = judge.masked(text, decision)
    else:
        left = masked(desk.moderation, text, Scope.OUTPUT, context=exchange.context)
    left = exchange.restored(left)
    choice.released.setdefault(name, []).append(left)
    return left


async def refuse(desk: Desk, exchange: Exchange) -> None:
    """Close an exchange whose answer may not leave.

    Raises:
        OutputRefusedError: always, once that is evidenced.
        EvidenceUnavailableError: it cannot be.
    """
    decision = exchange.output_decision
    assert decision is not None  # noqa: S101 - only called on a finding
    for choice in exchange.choices.values():
        choice.released.clear()
        choice.finish_reason = "content_filter"
    await desk.evidence.close(exchange, rules.refusal_outcome(decision))
    raise OutputRefusedError(decision.reply, decision.reply_en or decision.reply)


async def close(desk: Desk, exchange: Exchange) -> None:
    """Close an exchange whose answer leaves next.

    Raises:
        EvidenceUnavailableError: it cannot be evidenced, so nothing leaves.
    """
    for choice in exchange.choices.values():
        choice.finish_reason = choice.finish_reason or "stop"
    await desk.evidence.close(exchange, rules.ANSWERED)


def told(exchange: Exchange, *, is_labelled: bool = True) -> dict[str, object]:
    """Return the `guiju` object of an answer that leaves."""
    extension = exchange.extension(None)
    if not is_labelled:
        del extension["label"]
    return extension
