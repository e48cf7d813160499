"""Guard models on a growing answer: what they are asked about is held until they have answered."""

from dataclasses import dataclass, field

from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.ports import ReleaseStream
from guiju.gateway.stages.calls import call_text
from guiju.moderation.guards.interface import GuardLog, Question
from guiju.moderation.guards.panel import Panel
from guiju.moderation.guards.windows import Windows
from guiju.moderation.models import Decision, Finding, Scope
from guiju.moderation.rules import STOPPING

_CARRY_CHARACTERS = 1000
"""So much of what has left already stands before a window when a guard is asked about it."""

Cleared = tuple[ChoiceOutput, str, str]
"""A choice, a field of it, and text that may leave."""


@dataclass(slots=True)
class _Held:
    """One text of the answer.

    Attributes:
        stream: the detectors' side of it.
        windows: cuts it.
        ready: windows that are complete and not judged.
        tail: the end of what was judged.
        offset: where the next window begins in the text that the detectors let out.
        findings: the guards' so far.
    """

    stream: ReleaseStream
    windows: Windows
    ready: list[str] = field(default_factory=list)
    tail: str = ""
    offset: int = 0
    findings: list[Finding] = field(default_factory=list)


class AnswerJudge:
    """Holds what the detectors let out, and asks the guards about it window by window."""

    def __init__(self, panel: Panel, exchange: Exchange) -> None:
        """Judge the answer of `exchange` by the guards that were in force at its beginning."""
        self._panel = panel
        self._exchange = exchange
        self._held: dict[tuple[int, str], _Held] = {}

    def hold(self, choice: ChoiceOutput, name: str, text: str, *, stream: ReleaseStream) -> None:
        """Take text of the field `name` that the detectors let out."""
        held = self._held.get((choice.index, name))
        if held is None:
            held = self._held[choice.index, name] = _Held(stream, self._panel.windows())
        held.ready += held.windows.push(text)

    async def cleared(self) -> list[Cleared]:
        """Ask about every window that is complete; return what may leave. What stops it is left in the exchange."""
        return [
            (self._exchange.choices[index], name, text)
            for (index, name), held in self._held.items()
            if held.ready
            for text in await self._judge(held)
        ]

    async def rest(self, choice: ChoiceOutput) -> list[Cleared]:
        """Ask about what is left of a choice that is over."""
        done: list[Cleared] = []
        for (index, name), held in self._held.items():
            if index == choice.index and self._exchange.output_decision is None:
                held.ready += [rest] if (rest := held.windows.finish()) else []
                done += [(choice, name, text) for text in await self._judge(held)]
        return done

    async def judge_whole(self, text: str, decision: Decision) -> Decision:
        """Return the decision about a whole text of the answer with the guards heard."""
        question = Question(text, Scope.OUTPUT, self._prompt())
        return await self._panel.judge(question, decision, guard_log(self._exchange), context=self._exchange.context)

    def masked(self, text: str, decision: Decision) -> str:
        """Return a whole text with what policy replaces replaced."""
        return self._panel.masked(text, 0, decision.findings, context=self._exchange.context)

    async def may_call(self, choice: ChoiceOutput, decision: Decision) -> bool:
        """Ask about the tool calls of a choice; whether they may leave."""
        for call in choice.calls.values():
            judged = await self.judge_whole(call_text(call), decision)
            if not judged.may_pass:
                self._exchange.output_decision = judged
                return False
        return True

    async def _judge(self, held: _Held) -> list[str]:
        ready, held.ready = held.ready, []
        done: list[str] = []
        for window in ready:
            decision = held.stream.decision()
            span = (held.offset, held.offset + len(window))
            question = Question(held.tail + window, Scope.OUTPUT, self._prompt())
            context = self._exchange.context
            asked = await self._panel.ask(question, decision, guard_log(self._exchange), context=context, span=span)
            known = (*decision.findings, *held.findings)
            judged = self._panel.decide(known, decision, asked, context=context)
            if judged.action in STOPPING:
                self._exchange.output_decision = judged
                return done
            self._exchange.observe(judged)
            held.findings += asked.findings
            text = self._panel.masked(window, held.offset, asked.findings, context=context)
            held.offset = span[1]
            held.tail = (held.tail + text)[-_CARRY_CHARACTERS:]
            done.append(text)
        return done

    def _prompt(self) -> str:
        turns = self._exchange.request.turns
        return self._exchange.told(next((turn.text for turn in reversed(turns) if turn.role == "user"), ""))


def guard_log(exchange: Exchange) -> GuardLog:
    """Return what guards were asked on behalf of an exchange."""
    if exchange.guards is None:
        exchange.guards = GuardLog()
    return exchange.guards
