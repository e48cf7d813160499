"""The facts about other rooms that controls may ask for by name, and of which kind each is.

A room that cannot tell answers None, and an answer of another kind counts as None: what is not known meets nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

HOLDS, BROKEN, UNKNOWN = "holds", "broken", "unknown"


class StateName(StrEnum):
    """One fact; the comment says what it must be."""

    # Moderation.
    LIBRARY_TERMS = "library.terms"  # int: keywords in force
    LIBRARY_A1_SMALLEST = "library.a1_smallest"  # int: keywords of that risk of Appendix A.1 which has the fewest
    LIBRARY_A2_SMALLEST = "library.a2_smallest"  # int: the same for Appendix A.2
    LIBRARY_AGE_DAYS = "library.age_days"  # int: days since the newest update of the keyword files
    POLICY_KEYWORDS = "policy.keywords"  # bool: the keyword detector looks at input and at output
    POLICY_PERSONAL_INFORMATION = "policy.personal_information"  # bool: so does the personal information detector
    POLICY_INPUT_FAIL_CLOSED = "policy.input_fail_closed"  # bool: input that could not be checked does not go on
    POLICY_OUTPUT_FAIL_CLOSED = "policy.output_fail_closed"  # bool: the same for output
    # Gateway and labelling.
    UPSTREAMS_HEALTHY = "upstreams.healthy"  # int: upstreams that calls go to
    UPSTREAMS_TOTAL = "upstreams.total"  # int: upstreams that are configured
    PERSONS_PSEUDONYMOUS = "gateway.persons_pseudonymous"  # bool: end users are kept by pseudonym only
    LABEL_ON_EVERY_ANSWER = "label.on_every_answer"  # bool: every answer carries the implicit label
    LABEL_PRODUCER_IS_VALID_CODE = "label.producer_is_valid_code"  # bool: the producer's code has the standard's form
    # Web.
    PORTAL_CHAT_MARK = "portal.chat_mark"  # bool: the chat page says, always in sight, that its answers are AI-made
    PORTAL_OBJECTION_LINK = "portal.objection_link"  # bool: a user can object to an answer where it is shown
    # Ledger; a verdict is the str holds, broken or unknown, from the newest verification.
    LEDGER_INTEGRITY = "ledger.integrity"
    LEDGER_COMPLETENESS = "ledger.completeness"
    LEDGER_FRESHNESS = "ledger.freshness"
    LEDGER_VERIFIED_AT = "ledger.verified_at"  # str: when that verification was made, ISO with time zone
    LEDGER_BODIES_ENCRYPTED = "ledger.bodies_encrypted"  # bool: bodies lie encrypted under the key of their person
    LEDGER_EXPORT = "ledger.export"  # bool: a bundle can be exported that verifies without this house
    # Staff.
    STAFF_MEMBERS = "staff.members"  # int: people who may sign in to the console
    STAFF_VIEWING_RECORDED = "staff.viewing_recorded"  # bool: reading a body is refused unless it is recorded first
    STAFF_INSPECTOR_READ_ONLY = "staff.inspector_read_only"  # bool: inspectors change nothing, for limited days


_INT = (
    StateName.LIBRARY_TERMS,
    StateName.LIBRARY_A1_SMALLEST,
    StateName.LIBRARY_A2_SMALLEST,
    StateName.LIBRARY_AGE_DAYS,
    StateName.UPSTREAMS_HEALTHY,
    StateName.UPSTREAMS_TOTAL,
    StateName.STAFF_MEMBERS,
)
_STR = (
    StateName.LEDGER_INTEGRITY,
    StateName.LEDGER_COMPLETENESS,
    StateName.LEDGER_FRESHNESS,
    StateName.LEDGER_VERIFIED_AT,
)
STATE_KINDS: Mapping[StateName, type] = MappingProxyType(
    {name: int if name in _INT else str if name in _STR else bool for name in StateName}
)
