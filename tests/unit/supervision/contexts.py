"""Contexts as a check sees them: plain words of state, counted entries, and the real numbers of the law."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from guiju.law.models import FactValue, Parameter, Profile
from guiju.law.service import Law, load_law
from guiju.supervision.models import CheckContext, EvidenceFacts
from guiju.supervision.state_names import StateName

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LAW: Law = load_law()

StateValue = bool | int | str | None

GOOD_STATE: Mapping[StateName, StateValue] = {
    StateName.LIBRARY_TERMS: 12000,
    StateName.LIBRARY_A1_SMALLEST: 240,
    StateName.LIBRARY_A2_SMALLEST: 120,
    StateName.LIBRARY_AGE_DAYS: 3,
    StateName.POLICY_KEYWORDS: True,
    StateName.POLICY_PERSONAL_INFORMATION: True,
    StateName.POLICY_INPUT_FAIL_CLOSED: True,
    StateName.POLICY_OUTPUT_FAIL_CLOSED: True,
    StateName.UPSTREAMS_HEALTHY: 2,
    StateName.UPSTREAMS_TOTAL: 2,
    StateName.PERSONS_PSEUDONYMOUS: True,
    StateName.LABEL_ON_EVERY_ANSWER: True,
    StateName.LABEL_PRODUCER_IS_VALID_CODE: True,
    StateName.PORTAL_CHAT_MARK: True,
    StateName.PORTAL_OBJECTION_LINK: True,
    StateName.LEDGER_INTEGRITY: "holds",
    StateName.LEDGER_COMPLETENESS: "holds",
    StateName.LEDGER_FRESHNESS: "holds",
    StateName.LEDGER_VERIFIED_AT: "2026-11-22T04:00:00.000000Z",
    StateName.LEDGER_BODIES_ENCRYPTED: True,
    StateName.LEDGER_EXPORT: True,
    StateName.STAFF_MEMBERS: 4,
    StateName.STAFF_VIEWING_RECORDED: True,
    StateName.STAFF_INSPECTOR_READ_ONLY: True,
}
GOOD_ENTRIES = {"exchange.closed": 90, "person.erased": 2, "objection.received": 1, "staff.body_viewed": 3}
GOOD_ENDINGS = {"answered": 80, "output_stopped": 6, "upstream_failed": 4}
GOOD_FACTS: Mapping[str, FactValue] = {"uses_user_input_for_training": False, "serves_public_in_mainland": True}


class State:
    """State as a table."""

    def __init__(self, values: Mapping[StateName, StateValue]) -> None:
        self.values = dict(values)
        self.asked: list[str] = []

    def value(self, name: str) -> StateValue:
        self.asked.append(name)
        return self.values.get(StateName(name))


class Entries:
    """Evidence as counts of entries."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def of(self, *actions: str, days: int | None = None) -> EvidenceFacts:
        del days
        return counted("-".join(actions), sum(self.counts.get(action, 0) for action in actions))


def counted(name: str, count: int) -> EvidenceFacts:
    if not count:
        return EvidenceFacts(0, (), None)
    return EvidenceFacts(count, (f"{name}-newest",), NOW - timedelta(hours=1))


def context(
    state: Mapping[StateName, StateValue] | None = None,
    entries: Mapping[str, int] | None = None,
    endings: Mapping[str, int] | None = GOOD_ENDINGS,
    facts: Mapping[str, FactValue] = GOOD_FACTS,
    *,
    is_today: bool = True,
    as_of: date = TODAY,
) -> CheckContext:
    """Make a context in which all is well, except for what is given."""

    def parameter(parameter_id: str) -> Parameter | None:
        return LAW.parameter(parameter_id, as_of)

    def ended(days: int | None) -> Mapping[str, EvidenceFacts] | None:
        del days
        return None if endings is None else {name: counted(name, count) for name, count in endings.items()}

    return CheckContext(
        as_of=as_of,
        is_today=is_today,
        evidence=Entries(GOOD_ENTRIES if entries is None else entries),
        state=State({**GOOD_STATE, **(state or {})}),
        profile=Profile(dict(facts)),
        endings=ended,
        parameter=parameter,
    )
