"""All guards of one policy: who is asked about a text, and what comes of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guiju.kit.clock import Clock
from guiju.moderation.guards.guard import Guard
from guiju.moderation.guards.interface import GuardError, GuardLog, Question, Transport
from guiju.moderation.guards.windows import Windows
from guiju.moderation.models import ANYONE, Action, Context, Decision, Finding, Scope
from guiju.moderation.policy import PolicyBundle
from guiju.moderation.policy.streams import Release, strictest
from guiju.moderation.rules import STOPPING, Cover, Failure, covered, decide_from


@dataclass(frozen=True, slots=True)
class Asked:
    """What the guards said of a text: their findings, and who has not judged it."""

    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]


class Panel:
    """The guards of one policy; immutable but for what they remember. Exchanges keep the one that they began with."""

    def __init__(
        self, policy: PolicyBundle, transport: Transport, *, clock: Clock, environment: Mapping[str, str]
    ) -> None:
        """Speak to every guard of `policy`.

        Raises:
            PolicyError: a key is missing.
        """
        self.policy = policy
        self._guards = [
            Guard(guard, policy.hash, transport, clock=clock, environment=environment) for guard in policy.guards
        ]
        answers = [guard.policy for guard in self._guards if "output" in guard.policy.scopes]
        release = strictest(policy.streams.release, (guard.window for guard in answers))
        self.judges_answers = release is not Release.EXACT
        self.judges_input = any(set(guard.policy.scopes) - {"output"} for guard in self._guards)
        self._is_whole = release is Release.WHOLE
        limits = [guard.window_chars for guard in answers]
        if policy.streams.release is Release.SENTENCES or not limits:
            limits.append(policy.streams.window_chars)
        self._window_chars = min(limits)

    def windows(self) -> Windows:
        """Begin to cut an answer: by the strictest that policy and its guards want."""
        return Windows(self._window_chars, is_whole=self._is_whole)

    async def judge(
        self, question: Question, decision: Decision, log: GuardLog, *, context: Context = ANYONE
    ) -> Decision:
        """Return the decision about a whole text, which detectors have made as `decision`, with the guards heard."""
        asked = await self.ask(question, decision, log, context=context)
        return self.decide(decision.findings, decision, asked, context=context)

    async def ask(
        self,
        question: Question,
        decision: Decision,
        log: GuardLog,
        *,
        context: Context = ANYONE,
        span: tuple[int, int] | None = None,
    ) -> Asked:
        """Ask every guard that policy wants asked; none about a text that goes nowhere anyway.

        Args:
            question: the text.
            decision: what the detectors made of it.
            log: hears what was asked.
            context: for whom and from where it is.
            span: where what is judged stands in the whole text; all of it unless said.
        """
        if decision.action in STOPPING or not question.text.strip():
            return Asked((), ())
        where = self.policy.where(question.scope, self.policy.relevant(context))
        chosen = [guard for guard in self._guards if where in guard.policy.scopes and guard.wants(question, decision)]
        if not chosen:
            return Asked((), ())
        place = span or (0, len(question.text))
        heard = await asyncio.gather(*(_hear(guard, question, log, span=place) for guard in chosen))
        findings = tuple(finding for found, _ in heard for finding in found)
        return Asked(findings, tuple(failure for _, failure in heard if failure is not None))

    def decide(
        self, findings: Sequence[Finding], decision: Decision, asked: Asked, *, context: Context = ANYONE
    ) -> Decision:
        """Return the decision with the guards heard; the same one where they had nothing to say.

        What a detector failed at stays with the decision, whatever it came to.
        """
        if not asked.findings and not asked.failures:
            return decision
        failed = [Failure(said, Action.ALLOW) for said in decision.failures]  # it let the text pass, or none was asked
        return decide_from(
            (*findings, *asked.findings),
            self.policy,
            decision.scope,
            failures=(*failed, *asked.failures),
            context=self.policy.relevant(context),
        )

    def replaces_whole(self, decision: Decision, context: Context = ANYONE) -> bool:
        """Tell whether policy replaces a text because of what a guard said of all of it."""
        return any(
            finding.view == "guard"
            and self.policy.action_for(finding, decision.scope, self.policy.relevant(context)) is Action.REPLACE
            for finding in decision.findings
        )

    def masked(self, text: str, offset: int, findings: Sequence[Finding], *, context: Context = ANYONE) -> str:
        """Return a stretch of an answer, which stands at `offset`, with what policy replaces in it replaced."""
        covers: list[Cover] = []
        for finding in findings:
            action, put = self.policy.treatment_of(finding, Scope.OUTPUT, self.policy.relevant(context))
            if action is Action.REPLACE:
                covers.append((finding.start, finding.end, put))
        return covered(text, offset, covers) if covers else text


async def _hear(
    guard: Guard, question: Question, log: GuardLog, *, span: tuple[int, int]
) -> tuple[list[Finding], Failure | None]:
    try:
        verdict = await guard.ask(question, log.of(guard.policy.name))
    except GuardError as error:
        return [], Failure(f"审核模型 {guard.policy.name} 未作判断（{error}）", guard.policy.on_failure)
    return guard.findings(verdict, span), None
