"""Both ways of moderation: what comes in as whole texts, what goes out as texts that grow."""

import asyncio
import hashlib
from dataclasses import replace

from guiju.gateway import rules
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.ports import Moderating, ReleaseStream, TextStream
from guiju.gateway.stages.calls import call_text
from guiju.gateway.stages.conversation import joined
from guiju.gateway.stages.judge import AnswerJudge, Cleared, guard_log
from guiju.gateway.wire.request import with_masked
from guiju.moderation.guards.interface import Question
from guiju.moderation.guards.panel import Panel
from guiju.moderation.models import ANYONE, Action, Context, Decision, Origin, Scope
from guiju.moderation.rules import MASK

# Above this many characters a text is looked at in a thread, so that others' streams go on meanwhile.
_LONG_CHARACTERS = 20_000
_REMEMBERED = 8192
# The fields of an answer that hold text; whatever else a server sends in a delta is dropped.
_ORIGINS = {
    "tool": Origin.TOOL,
    "function": Origin.TOOL,
    "system": Origin.SYSTEM,
    "developer": Origin.SYSTEM,
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
        self._known: dict[tuple[str, bytes] | tuple[str, bytes, Context], Decision] = {}

    async def decide_request(self, exchange: Exchange) -> Decision:
        """Decide about every text that would reach the model; the strictest decision governs.

        Where policy masks, the model gets the masked texts; the evidence keeps what was said.
        """
        exchange.panel = self._moderation.panel
        exchange.vault = self._moderation.open_vault()
        if exchange.vault is not None:
            exchange.vault.reserve(turn.text for turn in exchange.request.turns)
        plain = self._moderation.policy.relevant(exchange.context)
        decisions = [
            await self._decide(
                turn.text,
                exchange.policy_hash,
                self._context(exchange, turn.role) if turn.role in _ORIGINS else plain,
            )
            for turn in exchange.request.turns
            if turn.text
        ]
        governing = rules.strictest(decisions) or self._moderation.decide("", Scope.INPUT)
        if len(decisions) > 1 and rules.may_go_on(governing):
            governing = await self._of_conversation(exchange, decisions, plain) or governing
        if exchange.panel is not None and exchange.panel.judges_input and rules.may_go_on(governing):
            decisions = await self._judged(exchange, exchange.panel, decisions)
            governing = rules.strictest(decisions) or governing
        exchange.input_decision = governing
        exchange.apart = tuple(decisions)
        if governing.action is Action.REPLACE:
            self._mask(exchange, decisions)
        if exchange.vault is not None and exchange.vault.restores:
            vault = exchange.vault
            exchange.sent = with_masked(exchange.for_upstream, lambda text, _role: vault.masked(text))
        return governing

    async def _of_conversation(self, exchange: Exchange, decisions: list[Decision], plain: Context) -> Decision | None:
        """Decide about the user's last texts as if they were one; None where that shows nothing that stops them."""
        spoken = joined(exchange.request.turns, self._moderation.policy.conversation.turns)
        if spoken is None:
            return None
        decision = self._moderation.decide_by_words(spoken.text, Scope.INPUT, plain)
        shows_more = not rules.may_go_on(decision) and spoken.shows_more(decision)
        panel = exchange.panel
        if not shows_more and panel is not None and panel.judges_input and self._moderation.policy.conversation.guards:
            apart = rules.strictest(decisions)
            assert apart is not None  # noqa: S101 - there are several
            question = Question(exchange.told(spoken.text), Scope.INPUT)
            decision = await panel.judge(question, apart, guard_log(exchange), context=plain)
            shows_more = not rules.may_go_on(decision)
        return replace(decision, reason=f"多轮合并：{decision.reason}") if shows_more else None

    async def _judged(self, exchange: Exchange, panel: Panel, decisions: list[Decision]) -> list[Decision]:
        """Ask the guards about every turn."""
        turns = [turn for turn in exchange.request.turns if turn.text]
        return await asyncio.gather(
            *(
                panel.judge(
                    Question(exchange.told(turn.text), Scope.INPUT),
                    decision,
                    guard_log(exchange),
                    context=self._context(exchange, turn.role),
                )
                for turn, decision in zip(turns, decisions, strict=True)
            )
        )

    def _mask(self, exchange: Exchange, decisions: list[Decision]) -> None:
        """Mask what detectors found; a text that a guard wants masked is masked whole, for it names no place."""
        turns = [turn for turn in exchange.request.turns if turn.text]
        panel = exchange.panel
        whole = [
            turn.text
            for turn, decision in zip(turns, decisions, strict=True)
            if panel is not None and panel.replaces_whole(decision, self._context(exchange, turn.role))
        ]

        def mask(text: str, role: str) -> str:
            if any(text in turn for turn in whole):
                return MASK * len(text)
            return masked(self._moderation, text, Scope.INPUT, context=self._context(exchange, role))

        exchange.sent = with_masked(exchange.request, mask)

    def _context(self, exchange: Exchange, role: str) -> Context:
        if not self._moderation.policy.tells_contexts:
            return ANYONE
        origin = _ORIGINS.get(role)
        context = exchange.context if origin is None else replace(exchange.context, origin=origin)
        return self._moderation.policy.relevant(context)

    async def _decide(self, text: str, policy_hash: str, context: Context) -> Decision:
        digest = hashlib.sha256(text.encode()).digest()
        # Hashing a context costs more than looking a decision up, and most policies tell none apart.
        key = (policy_hash, digest) if context is ANYONE else (policy_hash, digest, context)
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
    """Moderates the growing answer of one exchange: one stream of text for each field of each choice.

    A text goes past the detectors, past the guards where policy has some, and then gets back the personal information
    that was put away.
    """

    def __init__(self, moderation: Moderating, exchange: Exchange) -> None:
        """Begin with nothing released."""
        self._moderation = moderation
        self._exchange = exchange
        self._streams: dict[tuple[int, str], ReleaseStream] = {}
        panel = exchange.panel
        self.judge = AnswerJudge(panel, exchange) if panel is not None and panel.judges_answers else None
        vault = exchange.vault
        self._vault = vault if vault is not None and vault.restores else None
        self._restoring: dict[tuple[int, str], TextStream] = {}
        self._is_plain = self.judge is None and self._vault is None

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
        if self._is_plain:
            return released.text
        return self._on(choice, field, released.text, stream=stream)

    def finish(self, choice: ChoiceOutput) -> list[tuple[str, str]]:
        """Take the end of a choice and return (field, text) for what was still held and may leave."""
        flushed: list[tuple[str, str]] = []
        for (index, field), stream in self._streams.items():
            if index != choice.index:
                continue
            released = stream.finish()
            text = released.text
            if not self._is_plain:
                text = self._on(choice, field, text, stream=stream)
                text += "" if self.judge is not None else self._rest(choice, field)
            if text:
                flushed.append((field, text))
            if released.decision is not None:
                self._exchange.output_decision = released.decision
                return flushed
            self._exchange.observe(stream.decision())
        return flushed

    async def cleared(self) -> list[Cleared]:
        """Return what the guards have cleared of what they were to be asked about."""
        cleared = await self.judge.cleared() if self.judge is not None else []
        return [(choice, field, self._restored(choice, field, text)) for choice, field, text in cleared]

    async def rest(self, choice: ChoiceOutput) -> list[Cleared]:
        """Return what the guards have cleared of the end of a choice, after `finish`."""
        cleared = await self.judge.rest(choice) if self.judge is not None else []
        done = [(one, field, self._restored(one, field, text)) for one, field, text in cleared]
        if self._exchange.output_decision is None:
            done += [(choice, field, text) for field in choice.generated if (text := self._rest(choice, field))]
        return done

    def decide_calls(self, choice: ChoiceOutput) -> Decision | None:
        """Decide about the held tool calls of a choice as about a text; None when they may not leave."""
        decision: Decision | None = None
        for call in choice.calls.values():
            decision = self._moderation.decide(call_text(call), Scope.OUTPUT, self._exchange.context)
            # Masking would break the arguments, so what should be masked does not leave either.
            if not decision.may_pass:
                self._exchange.output_decision = decision
                return None
        return decision

    async def may_call(self, choice: ChoiceOutput) -> bool:
        """Decide about the held tool calls of a choice; those that may leave get back what was put away."""
        decision = self.decide_calls(choice)
        if decision is None or (self.judge is not None and not await self.judge.may_call(choice, decision)):
            return False
        if self._vault is not None:
            for call in choice.calls.values():
                call["arguments"] = self._vault.restored_json(call["arguments"])
        return True

    def _on(self, choice: ChoiceOutput, field: str, text: str, *, stream: ReleaseStream) -> str:
        if self.judge is None:
            return self._restored(choice, field, text)
        if text:
            self.judge.hold(choice, field, text, stream=stream)
        return ""

    def _restored(self, choice: ChoiceOutput, field: str, text: str) -> str:
        if self._vault is None:
            return text
        key = (choice.index, field)
        if key not in self._restoring:
            self._restoring[key] = self._vault.open_restoring()
        return self._restoring[key].push(text)

    def _rest(self, choice: ChoiceOutput, field: str) -> str:
        restoring = self._restoring.get((choice.index, field))
        return restoring.finish() if restoring is not None else ""
