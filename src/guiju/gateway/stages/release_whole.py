"""An answer that is not streamed: every choice moderated whole, then evidenced, then sent."""

from guiju.gateway import rules
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.stages.calls import calls_as_sent, hold_call
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.moderate import TEXT_FIELDS, OutputGuard, decide, masked
from guiju.gateway.upstreams.interface import Event
from guiju.gateway.wire.answer import plain_usage
from guiju.gateway.wire.events import garbage, known_reason
from guiju.gateway.wire.logprobs import TokenProbabilities
from guiju.moderation.models import Decision, Scope


async def release_whole(desk: Desk, exchange: Exchange, answer: Event) -> bytes:
    """Return the body that may leave; both entries are durable by then.

    Raises:
        UpstreamGarbageError: the answer has not the OpenAI shape.
        EvidenceUnavailableError: it cannot be evidenced, so nothing leaves.
    """
    choices = answer.get("choices")
    if not isinstance(choices, list) or not 0 < len(choices) <= desk.limits.choices:
        raise garbage()
    exchange.usage = plain_usage(answer.get("usage"))
    sent = [await _release_choice(desk, exchange, raw, place=place) for place, raw in enumerate(choices)]
    decision = exchange.output_decision
    outcome = rules.ANSWERED if decision is None else rules.refusal_outcome(decision)
    body = exchange.writer.whole(sent, exchange.usage, exchange.extension(decision))
    await desk.evidence.close(exchange, outcome)
    return body


async def _release_choice(desk: Desk, exchange: Exchange, raw: object, *, place: int) -> dict[str, object]:
    message = raw.get("message") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(message, dict) or message.get("function_call"):
        raise garbage()
    choice = exchange.choice(place)
    choice.finish_reason = known_reason(raw.get("finish_reason") or "stop")
    texts: dict[str, object] = {}
    guard = OutputGuard(desk.moderation, exchange)
    for field in TEXT_FIELDS:
        text = message.get(field)
        if not text:
            continue
        if not isinstance(text, str):
            raise garbage()
        choice.generated[field] = [text]
        decision = await decide(desk.moderation, text, Scope.OUTPUT, context=exchange.context)
        if guard.judge is not None:
            decision = await guard.judge.judge_whole(text, decision)
        if not rules.may_go_on(decision):
            exchange.output_decision = decision
            return _replaced(choice, decision.reply)
        exchange.observe(decision)
        texts[field] = exchange.restored(_as_decided(desk, exchange, guard, text=text, decision=decision))
    calls = message.get("tool_calls")
    may_call = not calls or await _may_call(guard, choice, calls)
    sent = _passed(exchange, choice, texts=texts, may_call=may_call)
    if exchange.request.wants_logprobs and may_call and "content" in texts:
        tokens = TokenProbabilities()
        tokens.take(raw.get("logprobs"))
        sent["logprobs"] = {"content": tokens.leave(str(texts["content"])), "refusal": None}
    return sent


def _as_decided(desk: Desk, exchange: Exchange, guard: OutputGuard, *, text: str, decision: Decision) -> str:
    if decision.may_pass:
        return text
    if guard.judge is not None:
        return guard.judge.masked(text, decision)
    return masked(desk.moderation, text, Scope.OUTPUT, context=exchange.context)


def _passed(exchange: Exchange, choice: ChoiceOutput, *, texts: dict[str, object], may_call: bool) -> dict[str, object]:
    if not may_call:
        decision = exchange.output_decision
        choice.calls.clear()
        return _replaced(choice, decision.reply if decision is not None else "")
    for field, text in texts.items():
        choice.released[field] = [str(text)]
    mark = rules.text_mark_for(
        exchange.app,
        is_structured=exchange.request.is_structured,
        has_tool_calls=bool(choice.calls),
        has_text="content" in texts,
    )
    sent: dict[str, object] = {"role": "assistant", "content": None, **texts}
    if mark:
        choice.released["mark"] = [mark]
        sent["content"] = f"{texts['content']}{mark}"
    if choice.calls:
        sent["tool_calls"] = calls_as_sent(choice, is_stream=False)
        choice.released["tool_calls"] = [f"{call['name']}({call['arguments']})" for call in choice.calls.values()]
    return _as_sent(choice, sent)


async def _may_call(guard: OutputGuard, choice: ChoiceOutput, calls: object) -> bool:
    if not isinstance(calls, list):
        raise garbage()
    for call in calls:
        hold_call(choice, call)
    return await guard.may_call(choice)


def _replaced(choice: ChoiceOutput, reply: str) -> dict[str, object]:
    choice.finish_reason = "content_filter"
    choice.released = {"reply": [reply]}
    return _as_sent(choice, {"role": "assistant", "content": reply})


def _as_sent(choice: ChoiceOutput, message: dict[str, object]) -> dict[str, object]:
    return {"index": choice.index, "message": message, "logprobs": None, "finish_reason": choice.finish_reason}


async def refuse_input(desk: Desk, exchange: Exchange) -> bytes:
    """Answer a refused input with the standard reply, whole or as a stream; no upstream is asked.

    Raises:
        EvidenceUnavailableError: the refusal cannot be evidenced.
    """
    decision = exchange.input_decision
    assert decision is not None  # noqa: S101 - only called on a finding
    choice = exchange.choice(0)
    choice.finish_reason = "content_filter"
    choice.released["reply"] = [decision.reply]
    desk.evidence.release(exchange, [(0, "reply", decision.reply)])
    await desk.evidence.close(exchange, rules.refusal_outcome(decision))
    extension = exchange.extension(decision)
    writer = exchange.writer
    if exchange.request.is_stream:
        start = writer.delta(0, {"role": "assistant", "content": decision.reply})
        return start + writer.finish(0, "content_filter", extension) + writer.end({}, is_wanted=False)
    sent = _as_sent(choice, {"role": "assistant", "content": decision.reply})
    return writer.whole([sent], {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, extension)
