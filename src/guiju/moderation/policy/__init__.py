"""The policy bundle: what is done about findings, for whom and where; its reading, its test cases, its hash."""

from guiju.moderation.policy.bundle import (
    ANYWHERE,
    DEFAULT_KINDS,
    DETECTORS,
    KINDS,
    PASSING,
    SEVERITY,
    DetectorPolicy,
    PersonalPolicy,
    PolicyBundle,
    PolicyRule,
    Reply,
    ScopePolicy,
    Upstream,
)
from guiju.moderation.policy.categories import load_categories
from guiju.moderation.policy.conversation import ConversationPolicy
from guiju.moderation.policy.guards import GuardKind
from guiju.moderation.policy.reading import MAX_POLICY_BYTES, parse_policy, read_policy

__all__ = [
    "ANYWHERE",
    "DEFAULT_KINDS",
    "DETECTORS",
    "KINDS",
    "MAX_POLICY_BYTES",
    "PASSING",
    "SEVERITY",
    "ConversationPolicy",
    "DetectorPolicy",
    "GuardKind",
    "PersonalPolicy",
    "PolicyBundle",
    "PolicyRule",
    "Reply",
    "ScopePolicy",
    "Upstream",
    "load_categories",
    "parse_policy",
    "read_policy",
]
