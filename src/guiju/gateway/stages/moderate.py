"""Both ways of moderation: what comes in as whole texts, what goes out as texts that grow."""

import asyncio
import hashlib
from dataclasses import replace

import orjson

from guiju.gateway import rules
from guiju.gateway.errors import UpstreamGarbageError
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.ports import Moderating, ReleaseStream
from guiju.gateway.wire.request import strings_in, with_masked
from guiju.moderation.models import ANYONE, Action, Context, Decision, Origin, Scope

# Above this many characters a text is looked at in a thread, so that others' streams go on meanwhile.
_LONG_CHARACTERS = 20_000
_REMEMBERED = 8192
# The fields of an answer that hold text; whatever else a server sends in a delta is dropped.
_ORIGINS = {
    "tool": Origin.TOOL,
    "function": Origin.TOOL,
    **dict.fromkeys(("documents", "context", "retrieved", "search_results"), Origin.RETRIEVED),
}
TEXT_FIELDS = ("content", "reasoning_content", "reasoning", "refusal")


class InputModeration:
    """Decides about what comes in, and remembers its decisions for a while.

    A conversation is sent anew with each of its turns, and a system prompt with every call: most texts that come in
    were decided on before. A decision is remembered under the policy's hash and the SHA-256 of the text, never the text
    itself; one that could not be made is not remembered.
    """

    def __init__(self, moderation: Moderating) -> None:
        """Decide with `moderation`."""
        self._moderation = moderation
        self._known: dict[tuple[str, bytes, Context], Decision] = {}

    async def decide_request(self, exchange: Exchange) -> Decision:
        """Decide about every text that would reach the model; the strictest decision governs.

        Where policy masks, the model gets the masked texts; the evidence keeps what was said.
        """
        decisions = [
            await self._decide(turn.text, exchange.policy_hash, self._context(exchange, turn.role))
            for turn in exchange.request.turns
            if turn.text
        ]
        governing = rules.strictest(decisions) or self._moderation.decide("", Scope.INPUT)
        exchange.input_decision = governing
        if governing.action is Action.REPLACE:
            exchange.sent = with_masked(
                exchange.request,
                lambda text, role: masked(self._moderation, text, Scope.INPUT, context=self._context(exchange, role)),
            )
        return governing

    def _context(self, exchange: Exchange, role: str) -> Context:
        origin = _ORIGINS.get(role)
        context = exchange.context if origin is None else replace(exchange.context, origin=origin)
        return self._moderation.policy.relevant(context)

    async def _decide(self, text: str, policy_hash: str, context: Context) -> Decision:
        key = (policy_hash, hashlib.sha256(text.encode()).digest(), context)
        known = self._known.get(key)
        if known is not None:
            return known
        decision = await decide(self._moderation, text, Scope.INPUT, context=context)
        if decision.action is not Action.UNDETERMINED and decision.policy_hash == policy_hash:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = decision
        return decision


async def decide(moderation: Moderating, text: str, scope: Scope, *, context: Context = ANYONE) -> Decision:
    """Decide about one whole text."""
    if len(text) <= _LONG_CHARACTERS:
        return moderation.decide(text, scope, context)
    return await asyncio.to_thread(moderation.decide, text, scope, context)


def masked(moderation: Moderating, text: str, scope: Scope, *, context: Context = ANYONE) -> str:
    """Return a text that may go on, with what policy masks masked."""
    stream = moderation.open_stream(scope, context)
    return stream.push(text).text + stream.finish().text


class OutputGuard:
    """Moderates the growing answer of one exchange: one stream of text for each field of each choice."""

    def __init__(self, moderation: Moderating, exchange: Exchange) -> None:
        """Begin with nothing released."""
        self._moderation = moderation
        self._exchange = exchange
        self._streams: dict[tuple[int, str], ReleaseStream] = {}

    def push(self, choice: ChoiceOutput, field: str, text: str) -> str:
        """Take what the model said and return what may leave now; a finding is left in `exchange.output_decision`."""
        key = (choice.index, field)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = self._moderation.open_stream(Scope.OUTPUT, self._exchange.context)
            choice.generated[field] = []
        choice.generated[field].append(text)
        released = stream.push(text)
        if released.decision is not None:
            self._exchange.output_decision = released.decision
        return released.text

    def finish(self, choice: ChoiceOutput) -> list[tuple[str, str]]:
        """Take the end of a choice and return (field, text) for what was still held and may leave."""
        flushed: list[tuple[str, str]] = []
        for (index, field), stream in self._streams.items():
            if index != choice.index:
                continue
            released = stream.finish()
            if released.text:
                flushed.append((field, released.text))
            if released.decision is not None:
                self._exchange.output_decision = released.decision
                return flushed
            self._exchange.observe(stream.decision())
        return flushed

    def hold_call(self, choice: ChoiceOutput, call: object) -> None:
        """Hold a piece of a tool call until the choice is whole.

        Raises:
            UpstreamGarbageError: it is no tool call.
        """
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise _no_call()
        index = call.get("index", len(choice.calls))
        if type(index) is not int or not 0 <= index < 128:  # noqa: PLR2004 - more parallel calls than any model makes
            raise _no_call()
        held = choice.calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        for name, value in (("id", call.get("id")), *((key, function.get(key)) for key in ("name", "arguments"))):
            if isinstance(value, str):
                held[name] += value
            elif value is not None:
                raise _no_call()

    def decide_calls(self, choice: ChoiceOutput) -> bool:
        """Decide about the held tool calls of a choice as about a text; whether they may leave."""
        for call in choice.calls.values():
            decision = self._moderation.decide(call_text(call), Scope.OUTPUT, self._exchange.context)
            # Masking would break the arguments, so what should be masked does not leave either.
            if not decision.may_pass:
                self._exchange.output_decision = decision
                return False
        return True


def call_text(call: dict[str, str]) -> str:
    r"""Return everything a tool call says, escapes like `\\u6bd2` resolved, which would hide a term."""
    try:
        inside = strings_in(orjson.loads(call["arguments"]))
    except orjson.JSONDecodeError:
        inside = []
    return "\n".join((call["name"], call["arguments"], *inside))


def calls_as_sent(choice: ChoiceOutput, *, is_stream: bool) -> list[dict[str, object]]:
    """Return the tool calls of a choice in the OpenAI shape."""
    sent: list[dict[str, object]] = []
    for index, call in sorted(choice.calls.items()):
        function = {"name": call["name"], "arguments": call["arguments"]}
        entry: dict[str, object] = {"id": call["id"], "type": "function", "function": function}
        sent.append({"index": index, **entry} if is_stream else entry)
    return sent


def _no_call() -> UpstreamGarbageError:
    return UpstreamGarbageError(
        "模型服务发送的工具调用格式不正确；请运营方检查该服务。",
        "The model server sent a tool call that is none; the operator should check it.",
    )
