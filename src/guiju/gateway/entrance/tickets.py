"""The ticket of an exchange that was let in: what it may use, and what it used when it is over."""

from dataclasses import dataclass

from guiju.gateway import rules
from guiju.gateway.entrance.limits import Allowance, Limits
from guiju.gateway.entrance.sanctions.conduct import ConductWatch
from guiju.gateway.entrance.sanctions.errors import object_path
from guiju.gateway.entrance.sanctions.models import Sanction
from guiju.gateway.entrance.usage import Tally, Usage
from guiju.gateway.exchange import Exchange
from guiju.gateway.models import App
from guiju.gateway.prices import estimated_tokens

_STOPPED = frozenset((rules.INPUT_REFUSED, rules.OUTPUT_STOPPED, rules.UNDETERMINED))


@dataclass(frozen=True, slots=True)
class Guest:
    """Who was let in for something that is no exchange, and the ticket, which ends with `over`."""

    app: App
    ticket: "Admitted"


@dataclass(slots=True)
class Admitted:
    """The ticket.

    Attributes:
        person: the user's pseudonym.
        is_known: whether the app named its user, or a token did.
        octets: of the question.
        warning: a sanction that holds and does not refuse this call.
    """

    person: str
    is_known: bool = False
    octets: int = 0
    allowance: Allowance | None = None
    limits: Limits | None = None
    warning: Sanction | None = None
    conduct: ConductWatch | None = None
    usage: Usage | None = None
    app_id: str = ""

    @property
    def counts_tokens(self) -> bool:
        """Whether anything depends on how many tokens the answer has."""
        return self.allowance is not None and self.allowance.counts_tokens

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the answer says about limits, and about a sanction that holds."""
        said = () if self.warning is None else (_warning(self.warning),)
        if self.limits is None or self.allowance is None:
            return said
        return (*self.limits.headers(self.allowance), *said)

    def leave(self) -> None:
        """The exchange is over: its place is free."""
        if self.limits is not None and self.allowance is not None:
            self.limits.leave(self.allowance)

    def over(self) -> None:
        """A call that was no exchange is over: its place is free, and it is counted; a second time is a mistake."""
        self.leave()
        if self.usage is not None:
            self.usage.note(self.app_id, Tally(requests=1))

    def closed(self, exchange: Exchange) -> None:
        """Count what the exchange used; it has ended, and that is evidenced."""
        if self.limits is not None and self.allowance is not None:
            tokens_in, tokens_out, is_counted = used_tokens(exchange, self.octets)
            self.limits.count(self.allowance, tokens_in, tokens_out)
            if self.usage is not None:
                cost = self.limits.cost(exchange.request.model, tokens_in, tokens_out) or 0
                tally = Tally(1, int(exchange.outcome in _STOPPED), 0, tokens_in, tokens_out)
                tally.estimated, tally.cost = 0 if is_counted else tokens_in + tokens_out, round(cost)
                self.usage.note(self.app_id, tally)
        if self.conduct is not None and self.is_known and _is_illegal_input(exchange):
            self.conduct.note(self.person, self.app_id)


def _warning(sanction: Sanction) -> tuple[str, str]:
    return "x-guiju-sanction", f"{sanction.order.kind.value}; id={sanction.id}; object={object_path(sanction)}"


def _is_illegal_input(exchange: Exchange) -> bool:
    """Tell whether the input was refused for a risk; what could not be determined is not held against anybody."""
    return exchange.outcome == rules.INPUT_REFUSED and bool(exchange.risks)


def used_tokens(exchange: Exchange, octets: int) -> tuple[int, int, bool]:
    """Return the tokens of question and answer, and whether the model server counted them.

    Where it did not, they are estimated from the length of what was said; a question that never reached it has none.
    """
    counted_in, counted_out = exchange.usage.get("prompt_tokens"), exchange.usage.get("completion_tokens")
    if isinstance(counted_in, int) and isinstance(counted_out, int):
        return max(0, counted_in), max(0, counted_out), True
    if not exchange.upstream:
        return 0, 0, True
    made = sum(
        len(part.encode(errors="replace"))
        for choice in exchange.choices.values()
        for parts in choice.generated.values()
        for part in parts
    )
    return estimated_tokens(octets), estimated_tokens(made), False
