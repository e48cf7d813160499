"""The policy bundle: what is done about findings, for whom and where; its reading, its test cases, its hash."""

from guiju.moderation.policy.bundle import (
    ANYWHERE,
    DETECTORS,
    KINDS,
    PASSING,
    SEVERITY,
    DetectorPolicy,
    PolicyBundle,
    PolicyRule,
    Reply,
    ScopePolicy,
)
from guiju.moderation.policy.reading import MAX_POLICY_BYTES, parse_policy, read_policy

__all__ = [
    "ANYWHERE",
    "DETECTORS",
    "KINDS",
    "MAX_POLICY_BYTES",
    "PASSING",
    "SEVERITY",
    "DetectorPolicy",
    "PolicyBundle",
    "PolicyRule",
    "Reply",
    "ScopePolicy",
    "parse_policy",
    "read_policy",
]
