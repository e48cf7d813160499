"""The state of one exchange while it runs: what the stages learn, and what the evidence is made of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from guiju.gateway.app_rules import CHAT
from guiju.gateway.models import App
from guiju.gateway.wire.interface import AnswerWriting
from guiju.gateway.wire.request import ChatRequest
from guiju.moderation.guards.interface import GuardLog
from guiju.moderation.guards.panel import Panel
from guiju.moderation.media.models import MediaReport
from guiju.moderation.models import ANYONE, Context, Decision
from guiju.moderation.policy import SEVERITY
from guiju.moderation.vault import Vault

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from guiju.ledger.models import Receipt


def _nothing() -> None:
    """Hear that an exchange is over where nobody waits for that."""


def _nothing_to_do(_exchange: "Exchange") -> None:
    """Hear that an exchange was closed, likewise."""


@dataclass(slots=True)
class ChoiceOutput:
    """What one choice of the answer was: by field, what the model made and what may leave.

    Attributes:
        generated: field → the pieces as the upstream sent them.
        released: field → the pieces that the client may have got; fields `reply` and `mark` are the gateway's own.
        calls: the tool calls by their index, held until they are whole.
        finish_reason: as the client gets it; "" while the choice runs.
        has_text: whether any of the model's text was let out.
        retracted: field → how many characters of it the client was told to take back.
    """

    index: int
    generated: dict[str, list[str]] = field(default_factory=dict)
    released: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish_reason: str = ""
    has_text: bool = False
    retracted: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Exchange:
    """One request and its answer.

    Attributes:
        sent: what goes to the upstream where that differs from `request`: with texts masked.
        media: what was found about pictures, sound and video in the request.
        output_decision: the decision that stopped the answer.
        context: for whom the answer is, and through which app.
        panel: the guards that are asked; None where policy has none.
        vault: what was put away of personal information; None where policy lets it pass.
        guards: what the guards were asked; None where none was.
        on_closed: hears once when the closing entry stands.
        on_over: hears when nothing more will leave.
        observed: on an answer that was let out, the gravest decision that only observed or masked.
        endpoint: the path that was called.
        apart: what was decided about each text of the request, in order, those without a character left out.
        made: what was found about the media of the answer.
        moderated_at: when the decision on the input stood, on the monotonic clock.
        held_most: the most characters of a streamed answer that were held back at one time.
    """

    id: str
    closing_id: str
    app: App
    person: str
    request: ChatRequest
    policy_hash: str
    opened_at: datetime
    opened_iso: str
    started: float
    label: str
    writer: AnswerWriting
    input_decision: Decision | None = None
    context: Context = ANYONE
    panel: Panel | None = None
    vault: Vault | None = None
    guards: GuardLog | None = None
    sent: ChatRequest | None = None
    media: tuple[MediaReport, ...] = ()
    output_decision: Decision | None = None
    observed: Decision | None = None
    upstream: str = ""
    opened: "asyncio.Future[Receipt] | None" = None
    choices: dict[int, ChoiceOutput] = field(default_factory=dict)
    usage: dict[str, object] = field(default_factory=dict)
    upstream_first_ms: int | None = None
    first_byte_ms: int | None = None
    moderated_at: float | None = None
    held_most: int = 0
    failure: str = ""
    outcome: str = ""
    endpoint: str = f"/v1/{CHAT}"
    apart: tuple[Decision, ...] = ()
    made: tuple[MediaReport, ...] = ()
    on_closed: "Callable[[Exchange], None]" = _nothing_to_do
    on_over: "Callable[[], None]" = _nothing

    @property
    def risks(self) -> tuple[str, ...]:
        """The risks of the decisions so far, sorted."""
        decisions = (self.input_decision, self.output_decision, self.observed)
        return tuple(sorted({risk for decision in decisions if decision is not None for risk in decision.risks}))

    @property
    def released_characters(self) -> int:
        """How many characters may have left."""
        return sum(sum(map(len, parts)) for one in self.choices.values() for parts in one.released.values())

    @property
    def answered_model(self) -> str:
        """The model as metrics and traces may name it: a name that nobody serves is a caller's text like any other."""
        return self.request.model if self.upstream else "unknown"

    @property
    def for_upstream(self) -> ChatRequest:
        """The request as the upstream gets it."""
        return self.sent or self.request

    def stages(self, now: float) -> list[tuple[str, float, float]]:
        """Return the stages that it went through by `now`: (name, begin, end) on the monotonic clock."""
        if self.moderated_at is None:
            return []
        found = [("moderate_input", self.started, self.moderated_at)]
        if self.upstream_first_ms is not None:
            # Kept in milliseconds, so it may seem to lie before the stage that it ends.
            first = min(max(self.moderated_at, self.started + self.upstream_first_ms / 1000), now)
            found += [("upstream", self.moderated_at, first), ("release", first, now)]
        elif self.failure:
            found.append(("upstream", self.moderated_at, now))
        return found

    def observe(self, decision: Decision) -> None:
        """Remember a decision that let a text out but saw something, or whose detector had failed."""
        if (decision.findings or decision.failures) and (
            self.observed is None or _weight(decision) > _weight(self.observed)
        ):
            self.observed = decision

    def restored(self, text: str) -> str:
        """Return a text of the answer with what was put away in the place of its placeholders."""
        return self.vault.restored(text) if self.vault is not None and self.vault.restores else text

    def logged(self, text: str) -> str:
        """Return a text as the evidence keeps it."""
        return self.vault.masked(text) if self.vault is not None and self.vault.masks_logs else text

    def told(self, text: str) -> str:
        """Return a text of the request as others than the user may see it: the model server, the guards."""
        return self.vault.masked(text) if self.vault is not None and self.vault.restores else text

    def choice(self, index: int) -> ChoiceOutput:
        """Return the choice with `index`, made at its first word."""
        found = self.choices.get(index)
        if found is None:
            found = self.choices[index] = ChoiceOutput(index)
        return found

    def extension(self, decision: Decision | None) -> dict[str, object]:
        """Return the `guiju` object of an answer on which `decision` was the last word."""
        return {
            "decision": decision.action.value if decision is not None else "allow",
            "risks": list(decision.risks) if decision is not None else [],
            "exchange_id": self.id,
            "label": self.label,
        }


def _weight(decision: Decision) -> tuple[int, int]:
    return SEVERITY[decision.action], len(decision.findings) + len(decision.failures)
