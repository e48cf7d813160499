"""Checking a text while it is written: what may leave leaves at once, what could still become a finding waits.

Everything here follows from the symbols so far, one after the other; how the text was cut into pieces never shows.
"""

import logging
import sys
from collections.abc import Sequence

from guiju.kit.clock import Clock
from guiju.moderation.detectors.interface import LOOK_BACK, Detector, DetectorStream, Tape
from guiju.moderation.models import ANYONE, Action, Context, Decision, Finding, Released, Scope
from guiju.moderation.policy import PolicyBundle
from guiju.moderation.rules import MAX_FINDINGS, STOPPING, Cover, covered, decide_from, order_of
from guiju.text.normalising import Normaliser

logger = logging.getLogger(__name__)

_TAPE_LIMIT = 4096
_NOTHING = Released("")


class ModeratedStream:
    """One text on its way out, or in. Made by `Moderation.open_stream`."""

    def __init__(  # noqa: PLR0913 - what it works with, told apart by name
        self,
        detectors: Sequence[Detector],
        policy: PolicyBundle,
        scope: Scope,
        *,
        normaliser: Normaliser,
        clock: Clock,
        context: Context = ANYONE,
    ) -> None:
        """Start with nothing released. The stream keeps this policy to its end, whatever is reloaded meanwhile."""
        self.policy = policy
        self.scope = scope
        self._context = context
        self._fails_open = policy.scopes[policy.where(scope, context)].fails_open
        self._normalise = normaliser.normalise
        self._clock = clock
        self._tape = Tape(context=context)
        self._names = [detector.name for detector in detectors]
        self._streams = [detector.open_stream(self._tape, scope) for detector in detectors]
        self._budget_ms = policy.strictest_budget_ms(scope)
        self._findings: list[Finding] = []
        self._failures: list[str] = []
        self._covers: list[Cover] = []
        self._treatments: dict[tuple[str | float | tuple[str, ...], ...], tuple[Action, str]] = {}
        self._waiting = ""
        self._length = self._released = self._symbols = 0
        self._stops_at = sys.maxsize
        self._stopped_by: Decision | None = None
        self._must_stop = self._is_over = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, in the order of the text."""
        return tuple(sorted(self._findings, key=order_of))

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more will leave."""
        return self._stopped_by is not None

    def decision(self) -> Decision:
        """Return the decision as it stands: the one that stopped the stream, or what the findings so far make."""
        return self._stopped_by or self._decided()

    def push(self, delta: str) -> Released:
        """Take the next piece of the text and return what may leave now.

        When the stream is stopped, the returned text is what may still leave before the finding, and later pushes
        return nothing.
        """
        if self._is_over or not delta:
            return _NOTHING
        began = self._clock.monotonic()
        view = self._normalise(delta, self._length)
        self._tape.extend(delta, view, self._length)
        self._length += len(delta)
        self._waiting += delta
        self._walk(view.symbols)
        if (self._clock.monotonic() - began) * 1000 > self._budget_ms:
            self._overrun()
        if not self._must_stop:
            return self._release()
        held = self._held()
        self._settle()
        return self._stop(held)

    def finish(self) -> Released:
        """Say that no more text comes; return the rest, or what may still leave before a finding."""
        if self._is_over:
            return _NOTHING
        self._settle()
        if self._must_stop:
            return self._stop(self._length)
        self._is_over = True
        return Released(self._cut(self._length))

    def _walk(self, symbols: str) -> None:
        """Show every symbol to every detector; end at the first symbol that stops the stream."""
        for symbol in symbols:
            self._symbols += 1
            for stream in self._streams:
                try:
                    found = stream.step(symbol)
                except Exception as error:  # noqa: BLE001 - whatever a detector dies of, it has not seen the text
                    self._fail(stream, error)
                    continue
                if found:
                    self._take(found)
            if self._must_stop:
                return

    def _take(self, found: Sequence[Finding]) -> None:
        for finding in found:
            action, put = self._treatment(finding)
            if action in STOPPING:
                self._stops_at = min(self._stops_at, finding.start)
                self._must_stop = True
            elif action is Action.REPLACE:
                self._covers.append((finding.start, finding.end, put))
            if len(self._findings) < MAX_FINDINGS or action in STOPPING:
                self._findings.append(finding)

    def _treatment(self, finding: Finding) -> tuple[Action, str]:
        key = (finding.term_id, finding.wish, finding.level, finding.score, finding.risks)
        known = self._treatments.get(key)
        if known is None:
            known = self.policy.treatment_of(finding, self.scope, self._context)
            if len(self._treatments) < MAX_FINDINGS:
                self._treatments[key] = known
        return known

    def _decided(self) -> Decision:
        return decide_from(self._findings, self.policy, self.scope, failures=self._failures, context=self._context)

    def _fail(self, stream: DetectorStream, error: Exception) -> None:
        at = self._streams.index(stream)
        name = self._names[at]
        logger.error("detector %s failed on a stream: %s", name, type(error).__name__, exc_info=error)
        self._failures.append(f"{name} 出错（{type(error).__name__}）")
        self._streams = [other for other in self._streams if other is not stream]
        self._names = [*self._names[:at], *self._names[at + 1 :]]
        self._must_stop = self._must_stop or not self._fails_open

    def _overrun(self) -> None:
        names = "、".join(self._names)
        logger.error("detectors %s overran %d ms on one piece of a stream", names, self._budget_ms)
        self._failures.append(f"{names} 超时（{self._budget_ms} 毫秒）")
        self._must_stop = self._must_stop or not self._fails_open

    def _settle(self) -> None:
        """Let every detector judge what it waited with, as if the text ended here."""
        for stream in tuple(self._streams):
            try:
                self._take(stream.finish())
            except Exception as error:  # noqa: BLE001 - as in _walk
                self._fail(stream, error)

    def _stop(self, held: int) -> Released:
        """End the stream; `held` is where the text that nobody has cleared begins, which stays inside."""
        self._is_over = True
        self._stopped_by = self._decided()
        # A failure has no place in the text: then nobody knows what may leave, and nothing does.
        until = self._released if self._failures else min(self._stops_at, held)
        return Released(self._cut(max(until, self._released)), self._stopped_by)

    def _held(self) -> int:
        """Return the offset of the first code point that must not leave yet; the length when all may."""
        symbols, tape = self._symbols, self._tape
        held = symbols
        for stream in self._streams:
            first = stream.held_from()
            if first < held:  # noqa: PLR1730 - min() costs more than the comparison, and this runs for every piece
                held = first
        until = tape.starts[held - tape.base] if held < symbols else self._length
        if len(tape.symbols) > _TAPE_LIMIT:
            tape.forget_before(max(tape.base, min(held, symbols - LOOK_BACK)))
        return until

    def _release(self) -> Released:
        until = self._held()
        return Released(self._cut(until)) if until > self._released else _NOTHING

    def _cut(self, until: int) -> str:
        """Take what stands before `until` out of the waiting text, masked where it must be."""
        count = until - self._released
        text = self._waiting[:count]
        self._waiting = self._waiting[count:]
        if self._covers:
            text = covered(text, self._released, self._covers)
            self._covers = [cover for cover in self._covers if cover[1] > until]
        self._released = until
        return text
