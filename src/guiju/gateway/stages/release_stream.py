"""A streamed answer on its way out: moderated, spooled, released; the end only leaves when the closing entry stands."""

import asyncio
from collections.abc import Callable
from typing import Final

from guiju.gateway import rules
from guiju.gateway.draining import stopping
from guiju.gateway.errors import CallError, EvidenceUnavailableError, UpstreamDiedError, UpstreamError
from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.spool import Piece
from guiju.gateway.stages.calls import calls_as_sent, hold_call
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.judge import Cleared
from guiju.gateway.stages.moderate import TEXT_FIELDS, OutputGuard
from guiju.gateway.upstreams.interface import Event
from guiju.gateway.upstreams.pool import Opened
from guiju.gateway.wire.answer import plain_usage
from guiju.gateway.wire.events import event_choices, garbage
from guiju.gateway.wire.logprobs import TokenProbabilities, take_tokens

_CONTENT: Final = "content"


class StreamRelease:
    """The bytes of one streamed answer, one piece for each network read of the upstream; close it with `aclose`."""

    def __init__(self, desk: Desk, exchange: Exchange, opened: Opened, *, on_over: Callable[[], None]) -> None:
        """Release what `opened` brings; `on_over` hears once when nothing more will leave."""
        self._desk = desk
        self._exchange = exchange
        self._source = opened.source
        self._first: list[Event] | None = opened.first
        self._guard = OutputGuard(desk.moderation, exchange)
        self._choices_most = desk.limits.choices
        self._retracts = desk.moderation.policy.retracts
        self._tokens: dict[int, TokenProbabilities] | None = {} if exchange.request.wants_logprobs else None
        self._on_over = on_over
        self._failure: UpstreamError | None = None
        self._has_ended = False
        self._is_over = False
        self._held = 0

    def __aiter__(self) -> "StreamRelease":
        """Be the iterator."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes that may leave; they stand in the spool already.

        Raises:
            StopAsyncIteration: all have left.
        """
        while not self._is_over:
            is_sound = False
            try:
                data = await self._step()
                is_sound = True
            except asyncio.CancelledError:
                if not self._desk.drain.takes_back_cancelling():
                    self._abandon(rules.CLIENT_LEFT)
                    raise
                data = await self._cut_short()
                is_sound = True
            finally:
                if not is_sound:
                    self._abandon(rules.INTERRUPTED)  # a fault of our own; nothing happens when it is over already
            if data:
                if self._exchange.first_byte_ms is None:
                    elapsed = self._desk.clock.monotonic() - self._exchange.started
                    self._exchange.first_byte_ms = round(elapsed * 1000)
                return data
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop: the client is gone. The upstream is stopped, and the exchange closed with what left."""
        self._abandon(rules.INTERRUPTED if self._desk.drain.is_cut else rules.CLIENT_LEFT)

    async def _cut_short(self) -> bytes:
        """End because the gateway closes."""
        if not self._exchange.outcome:
            return await self._fail(stopping(), rules.INTERRUPTED)
        self._over()  # the closing entry is on its way already
        await self._source.close()
        return self._exchange.writer.error(stopping(), self._exchange.id)

    async def _step(self) -> bytes:
        try:
            if self._has_ended:
                return await self._close_answer()
            if self._failure is not None:
                raise self._failure
            events, self._first = self._first, None
            if events is None:
                events = await self._source.read()
            if events is None:
                return await self._end()
            return await self._take(events)
        except UpstreamError as error:
            if self._is_finished():
                self._has_ended = True  # the answer was whole; only the farewell is missing
                return b""
            self._desk.pool.note_failure(self._exchange.upstream, error)
            return await self._fail(error, rules.UPSTREAM_FAILED)
        except EvidenceUnavailableError as error:
            return await self._fail(error, rules.EVIDENCE_FAILED)

    async def _take(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        pieces: list[Piece] = []
        try:
            for event in events:
                await self._take_event(event, out, pieces)
                if self._has_ended:
                    break
        except UpstreamError as error:
            self._failure = error  # what came before it leaves first
        return self._leave(out, pieces)

    async def _take_event(self, event: Event, out: list[bytes], pieces: list[Piece]) -> None:
        usage = event.get("usage")
        if usage is not None:
            self._exchange.usage = plain_usage(usage) or self._exchange.usage
        if self._tokens is not None:
            take_tokens(event, self._tokens)
        for index, delta, finish_reason in event_choices(event, self._choices_most):
            choice = self._take_choice(index, delta, out=out, pieces=pieces)
            if self._guard.judge is not None:
                await self._hear_guards(out, pieces)
            if finish_reason and not choice.finish_reason and self._exchange.output_decision is None:
                await self._finish(choice, finish_reason, out=out, pieces=pieces)
            if self._exchange.output_decision is not None:
                await self._source.close()  # stop generating (article 14)
                self._stop(out, pieces)
                self._has_ended = True
                return

    def _take_choice(
        self, index: int, delta: dict[str, object], *, out: list[bytes], pieces: list[Piece]
    ) -> ChoiceOutput:
        choice = self._exchange.choices.get(index) or self._begin(index, out)
        if choice.finish_reason:
            return choice
        for field, value in delta.items():
            if not value:
                continue
            if field in TEXT_FIELDS and type(value) is str:
                self._held += len(value)
                if text := self._guard.push(choice, field, value):
                    self._add(choice, field, text, out=out, pieces=pieces)
            elif field != "role":
                self._take_other(choice, field, value)
        return choice

    async def _hear_guards(self, out: list[bytes], pieces: list[Piece]) -> None:
        """Let out what the guards clear of what was held for them; the rest of the answer waits meanwhile."""
        if self._exchange.output_decision is None:
            self._add_all(await self._guard.cleared(), out, pieces)

    def _add_all(self, cleared: list[Cleared], out: list[bytes], pieces: list[Piece]) -> None:
        for choice, field, text in cleared:
            if text:
                self._add(choice, field, text, out=out, pieces=pieces)

    def _begin(self, index: int, out: list[bytes]) -> ChoiceOutput:
        out.append(self._exchange.writer.delta(index, {"role": "assistant", "content": ""}))
        return self._exchange.choice(index)

    def _take_other(self, choice: ChoiceOutput, field: str, value: object) -> None:
        """Hold tool calls; drop what nobody knows, which also means that nobody moderated it."""
        if field in TEXT_FIELDS or field == "function_call" or (field == "tool_calls" and not isinstance(value, list)):
            raise garbage()
        if field == "tool_calls" and isinstance(value, list):
            for call in value:
                hold_call(choice, call)

    async def _finish(self, choice: ChoiceOutput, reason: str, *, out: list[bytes], pieces: list[Piece]) -> None:
        for field, text in self._guard.finish(choice):
            self._add(choice, field, text, out=out, pieces=pieces)
        if self._guard.judge is not None and self._exchange.output_decision is None:
            self._add_all(await self._guard.rest(choice), out, pieces)
        if self._exchange.output_decision is not None:
            return
        if choice.calls:
            if not await self._guard.may_call(choice):
                return
            self._add_calls(choice, out, pieces)
        choice.finish_reason = reason
        self._mark(choice, out, pieces)

    def _add_calls(self, choice: ChoiceOutput, out: list[bytes], pieces: list[Piece]) -> None:
        calls = calls_as_sent(choice, is_stream=True)
        out.append(self._exchange.writer.delta(choice.index, {"tool_calls": calls}))
        for call in choice.calls.values():
            said = f"{call['name']}({call['arguments']})"
            pieces.append((choice.index, "tool_calls", said))

    def _mark(self, choice: ChoiceOutput, out: list[bytes], pieces: list[Piece]) -> None:
        request = self._exchange.request
        mark = rules.text_mark_for(
            self._exchange.app,
            is_structured=request.is_structured,
            has_tool_calls=bool(choice.calls),
            has_text=choice.has_text,
        )
        if mark:
            self._own(choice, "mark", mark, out=out, pieces=pieces)

    def _stop(self, out: list[bytes], pieces: list[Piece]) -> None:
        """Give every unfinished choice the standard reply and end it."""
        decision = self._exchange.output_decision
        assert decision is not None  # noqa: S101 - only called on a finding
        for choice in self._exchange.choices.values():
            if choice.finish_reason:
                continue
            choice.finish_reason = "content_filter"
            if self._retracts:
                self._retract(choice, out, pieces)
            reply = f"\n\n{decision.reply}" if choice.has_text else decision.reply
            self._own(choice, "reply", reply, out=out, pieces=pieces)
            choice.calls.clear()
            self._mark(choice, out, pieces)

    def _retract(self, choice: ChoiceOutput, out: list[bytes], pieces: list[Piece]) -> None:
        """Tell the client to take back what it has of a choice, that of this very step included."""
        for name in TEXT_FIELDS:
            parts = [text for index, field, text in pieces if (index, field) == (choice.index, name)]
            if count := sum(map(len, (*choice.released.get(name, ()), *parts))):
                choice.retracted[name] = count
        if choice.retracted:
            out.append(self._exchange.writer.retract(choice.index, choice.retracted))
            choice.has_text = False

    def _add(self, choice: ChoiceOutput, field: str, text: str, *, out: list[bytes], pieces: list[Piece]) -> None:
        if self._tokens is not None and field == _CONTENT:
            tokens = self._tokens.setdefault(choice.index, TokenProbabilities()).leave(text)
            out.append(self._exchange.writer.probable(choice.index, text, tokens))
        else:
            out.append(self._exchange.writer.text(choice.index, field, text))
        pieces.append((choice.index, field, text))
        if field == _CONTENT:
            choice.has_text = True

    def _own(self, choice: ChoiceOutput, name: str, text: str, *, out: list[bytes], pieces: list[Piece]) -> None:
        """Add a text of the gateway's own, told apart from the model's in the evidence."""
        out.append(self._exchange.writer.text(choice.index, _CONTENT, text))
        pieces.append((choice.index, name, text))

    def _leave(self, out: list[bytes], pieces: list[Piece]) -> bytes:
        if pieces:
            self._held -= sum(len(text) for _, field, text in pieces if field in TEXT_FIELDS)
            self._desk.evidence.release(self._exchange, pieces)
            for index, field, text in pieces:
                self._exchange.choices[index].released.setdefault(field, []).append(text)
        self._exchange.held_most = max(self._exchange.held_most, self._held)
        return b"".join(out)

    def _is_finished(self) -> bool:
        choices = self._exchange.choices.values()
        return bool(choices) and all(choice.finish_reason for choice in choices)

    async def _end(self) -> bytes:
        """Take the upstream's end: whole when it said so or every choice is finished."""
        if not self._is_finished() and not self._source.is_done:
            raise UpstreamDiedError(
                f"模型服务 {self._exchange.upstream} 在回答完成之前结束了；请重试。",
                f"The model server {self._exchange.upstream} ended before its answer was whole; try again.",
            )
        out: list[bytes] = []
        pieces: list[Piece] = []
        for choice in self._exchange.choices.values():
            if not choice.finish_reason:
                await self._finish(choice, "stop", out=out, pieces=pieces)
                if self._exchange.output_decision is not None:
                    self._stop(out, pieces)
        self._has_ended = True
        return self._leave(out, pieces)

    async def _close_answer(self) -> bytes:
        decision = self._exchange.output_decision
        outcome = rules.ANSWERED if decision is None else rules.refusal_outcome(decision)
        await self._desk.evidence.close(self._exchange, outcome)
        self._over()
        await self._source.close()
        writer, extension = self._exchange.writer, self._exchange.extension(decision)
        tail = [
            writer.finish(choice.index, choice.finish_reason, extension) for choice in self._exchange.choices.values()
        ]
        tail.append(writer.end(self._exchange.usage, is_wanted=self._exchange.request.wants_usage))
        return b"".join(tail)

    async def _fail(self, error: CallError, outcome: str) -> bytes:
        """End a stream that had begun: an error event, and no [DONE]."""
        exchange = self._exchange
        exchange.failure = error.code
        self._over()
        await self._source.close()
        if outcome == rules.EVIDENCE_FAILED and exchange.outcome:
            return exchange.writer.error(error, exchange.id)  # the closing entry is being tried again already
        try:
            await self._desk.evidence.close(exchange, outcome)
        except EvidenceUnavailableError as worse:
            return exchange.writer.error(worse, exchange.id)
        return exchange.writer.error(error, exchange.id)

    def _abandon(self, outcome: str) -> None:
        if self._is_over:
            return
        self._over()
        if self._exchange.outcome:
            self._desk.evidence.later(self._source.close())  # the closing entry is on its way already
        else:
            self._desk.evidence.close_later(self._exchange, outcome, after=self._source.close())

    def _over(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_over()
