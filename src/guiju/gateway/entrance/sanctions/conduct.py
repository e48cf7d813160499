"""The automatic rule: so many illegal inputs in a row or in a day suspend their user (gb-t-45654, misuse by users).

It counts what the evidence says: exchanges whose input was refused for a risk. What could not be determined counts
neither for nor against anybody. It looks half a second after such an exchange ended, when the index has heard of the
exchanges of other processes, too.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from guiju.gateway import rules as outcomes
from guiju.gateway.entrance.sanctions import rules
from guiju.gateway.entrance.sanctions.interface import SanctionRegister
from guiju.gateway.entrance.sanctions.models import AbuseRule, Conduct, Sanction, SanctionQuery
from guiju.gateway.models import ExchangeQuery, ExchangeRecord
from guiju.kit.clock import Clock

_log = logging.getLogger(__name__)
SETTLED_SECONDS = 0.5
_WAITING_MOST = 10_000
_HISTORY = 200
# With these the input was let through, whatever became of the answer.
_LET_THROUGH = frozenset(
    (
        *(outcomes.ANSWERED, outcomes.OUTPUT_STOPPED, outcomes.CLIENT_LEFT, outcomes.UPSTREAM_FAILED),
        *(outcomes.INTERRUPTED, outcomes.EVIDENCE_FAILED),
    )
)

History = Callable[[ExchangeQuery], Sequence[ExchangeRecord]]


class ConductWatch:
    """Looks at users whose input was refused, and raises the sanction that the rule says."""

    def __init__(
        self, register: SanctionRegister, history: History, rule: Callable[[], AbuseRule | None], clock: Clock
    ) -> None:
        """Impose through `register` by what `history` says; `rule` is asked each time, None switches it off."""
        self._register = register
        self._history = history
        self._rule = rule
        self._clock = clock
        self._waiting: dict[str, tuple[float, str]] = {}

    def note(self, person: str, app_id: str) -> None:
        """Hear that an input of a known user was refused as illegal."""
        if person in self._waiting or len(self._waiting) < _WAITING_MOST:
            self._waiting[person] = (self._clock.monotonic() + SETTLED_SECONDS, app_id)
        else:
            _log.warning("too many users to look at; the next refused input of this one is looked at")

    async def keep_up(self) -> None:
        """Look at those whose time has come.

        Raises:
            GuijuError: a sanction cannot be imposed; its user is looked at again in the next round.
        """
        now = self._clock.monotonic()
        for person, (due, app_id) in list(self._waiting.items()):
            if due <= now:
                await asyncio.to_thread(self.look_at, person, app_id)
                if self._waiting.get(person) == (due, app_id):
                    del self._waiting[person]

    def look_at(self, person: str, app_id: str) -> Sanction | None:
        """Impose what the rule says about a user; None where it says nothing; blocks."""
        rule, now = self._rule(), self._clock.now()
        if rule is None:
            return None
        earlier = self._register.search(SanctionQuery(person=person, limit=_HISTORY))
        if rules.is_shut_out(earlier, now):
            return None
        counted_to = max((one.order.exchange_id for one in earlier if one.order.rule), default="")
        history = [
            conduct_of(record)
            for record in self._history(ExchangeQuery(person=person, limit=_HISTORY))
            if record.id > counted_to
        ]
        counted = rules.abuse(history, rule, now)
        if not counted:
            return None
        order = rules.automatic_order(person, app_id, counted, rule=rule, now=now)
        return self._register.impose(order, by="system", sanction_id=rules.automatic_id(counted[-1].exchange_id))


def conduct_of(record: ExchangeRecord) -> Conduct:
    """Return what an exchange says about its user's conduct."""
    is_illegal: bool | None = None
    if record.outcome == outcomes.INPUT_REFUSED and record.risks:
        is_illegal = True
    elif record.outcome in _LET_THROUGH:
        is_illegal = False
    return Conduct(record.id, record.opened_at, is_illegal)
