"""For each control, contexts and what it must answer in them: at its best, failing, and not knowing."""

from dataclasses import dataclass

from tests.unit.supervision.contexts import context

from guiju.law.models import Outcome
from guiju.supervision.models import CheckContext
from guiju.supervision.state_names import StateName as S


@dataclass(frozen=True)
class Example:
    """One context; `passes` is the best that the control can give, a failure is something that is known to be wrong."""

    control: str
    name: str
    context: CheckContext
    outcome: Outcome
    passes: bool = False


def good(control: str, outcome: Outcome) -> Example:
    return Example(control, "all is well", context(), outcome, passes=True)


def no(control: str, name: S, outcome: Outcome = Outcome.NOT_MET) -> Example:
    return Example(control, f"not {name.value}", context({name: False}), outcome)


def state(control: str, name: S, value: int | str | None, outcome: Outcome) -> Example:
    return Example(control, f"{name.value} is {value}", context({name: value}), outcome)


MET, PARTIAL, NOT_MET = Outcome.MET, Outcome.PARTIAL, Outcome.NOT_MET
INSUFFICIENT, REVIEW, STALE = Outcome.INSUFFICIENT, Outcome.NEEDS_REVIEW, Outcome.STALE

EXAMPLES = (
    good("content.prohibited", MET),
    no("content.prohibited", S.POLICY_KEYWORDS),
    no("content.prohibited", S.POLICY_INPUT_FAIL_CLOSED, PARTIAL),
    no("content.prohibited", S.POLICY_OUTPUT_FAIL_CLOSED, PARTIAL),
    state("content.prohibited", S.LIBRARY_TERMS, 9999, PARTIAL),
    state("content.prohibited", S.LIBRARY_TERMS, 10000, MET),
    state("content.prohibited", S.LIBRARY_TERMS, None, INSUFFICIENT),
    state("content.prohibited", S.LIBRARY_A1_SMALLEST, 199, PARTIAL),
    state("content.prohibited", S.LIBRARY_AGE_DAYS, 8, STALE),
    state("content.prohibited", S.LIBRARY_AGE_DAYS, None, INSUFFICIENT),
    state("content.prohibited", S.LIBRARY_AGE_DAYS, 7, MET),
    Example("content.prohibited", "no exchange", context(entries={}), INSUFFICIENT),
    good("content.discrimination", PARTIAL),
    no("content.discrimination", S.POLICY_KEYWORDS),
    state("content.discrimination", S.LIBRARY_A2_SMALLEST, None, INSUFFICIENT),
    good("content.personal-rights", PARTIAL),
    no("content.personal-rights", S.POLICY_PERSONAL_INFORMATION),
    good("content.transparency", PARTIAL),
    no("content.transparency", S.PORTAL_CHAT_MARK),
    Example("content.transparency", "no exchange", context(entries={}), INSUFFICIENT),
    good("content.stop-generation", MET),
    no("content.stop-generation", S.POLICY_KEYWORDS),
    Example("content.stop-generation", "nothing found yet", context(endings={"answered": 5}), INSUFFICIENT),
    Example("content.stop-generation", "no index", context(endings=None), INSUFFICIENT),
    good("content.stop-transmission", MET),
    no("content.stop-transmission", S.POLICY_OUTPUT_FAIL_CLOSED),
    Example("content.stop-transmission", "nothing found yet", context(endings={"answered": 5}), INSUFFICIENT),
    good("service.label", MET),
    no("service.label", S.LABEL_ON_EVERY_ANSWER),
    no("service.label", S.LABEL_PRODUCER_IS_VALID_CODE, PARTIAL),
    no("service.label", S.PORTAL_CHAT_MARK),
    Example("service.label", "no exchange", context(entries={}), INSUFFICIENT),
    good("service.stable", MET),
    state("service.stable", S.UPSTREAMS_HEALTHY, 0, NOT_MET),
    state("service.stable", S.UPSTREAMS_HEALTHY, 1, PARTIAL),
    state("service.stable", S.UPSTREAMS_TOTAL, None, INSUFFICIENT),
    Example("service.stable", "only failures", context(endings={"upstream_failed": 1}), NOT_MET),
    Example("service.stable", "more fail", context(endings={"upstream_failed": 6, "answered": 5}), PARTIAL),
    Example("service.stable", "no index", context(endings=None), INSUFFICIENT),
    Example("service.stable", "nobody called", context(endings={}), INSUFFICIENT),
    good("service.complaint-channel", PARTIAL),
    no("service.complaint-channel", S.PORTAL_OBJECTION_LINK),
    Example("service.complaint-channel", "nobody objected", context(entries={}), PARTIAL),
    good("persons.protect-input", MET),
    no("persons.protect-input", S.LEDGER_BODIES_ENCRYPTED),
    no("persons.protect-input", S.STAFF_VIEWING_RECORDED),
    Example(
        "persons.protect-input", "trains with input", context(facts={"uses_user_input_for_training": True}), PARTIAL
    ),
    Example("persons.protect-input", "training not declared", context(facts={}), REVIEW),
    good("persons.no-unnecessary-collection", REVIEW),
    no("persons.no-unnecessary-collection", S.PERSONS_PSEUDONYMOUS),
    good("persons.no-unlawful-retention", PARTIAL),
    no("persons.no-unlawful-retention", S.LEDGER_BODIES_ENCRYPTED),
    good("persons.rights-requests", PARTIAL),
    no("persons.rights-requests", S.LEDGER_BODIES_ENCRYPTED),
    Example("persons.rights-requests", "nobody erased", context(entries={}), INSUFFICIENT),
    good("records.producer-duty", MET),
    state("records.producer-duty", S.LEDGER_INTEGRITY, "broken", NOT_MET),
    state("records.producer-duty", S.LEDGER_INTEGRITY, "unknown", INSUFFICIENT),
    state("records.producer-duty", S.LEDGER_VERIFIED_AT, "2026-01-01T00:00:00.000000Z", STALE),
    state("records.producer-duty", S.LEDGER_VERIFIED_AT, "yesterday", INSUFFICIENT),
    good("records.security", MET),
    state("records.security", S.STAFF_MEMBERS, 0, NOT_MET),
    state("records.security", S.STAFF_MEMBERS, None, INSUFFICIENT),
    good("records.keep", MET),
    state("records.keep", S.LEDGER_COMPLETENESS, "broken", NOT_MET),
    state("records.keep", S.LEDGER_FRESHNESS, "unknown", INSUFFICIENT),
    Example("records.keep", "no exchange", context(entries={}), INSUFFICIENT),
    good("records.explain", PARTIAL),
    no("records.explain", S.LEDGER_EXPORT),
    good("records.confidentiality", MET),
    no("records.confidentiality", S.STAFF_INSPECTOR_READ_ONLY),
    no("records.confidentiality", S.STAFF_VIEWING_RECORDED),
    Example("records.confidentiality", "nobody looked", context(entries={}), MET),
)
