"""The nouns of the staff room."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StaffAction:
    """Something that a person may do in the console; `changes` says whether it leaves the house different."""

    id: str
    title: str
    title_en: str
    changes: bool


@dataclass(frozen=True, slots=True)
class Role:
    """What a person is in the console.

    Attributes:
        id: its name in data.
        title: in Chinese; title_en in English.
        actions: ids of what it may do.
        read_only: whether it may change nothing.
        longest_days: for a time-boxed role, how long an account may live; None for one that does not end by itself.
    """

    id: str
    title: str
    title_en: str
    actions: frozenset[str]
    read_only: bool = False
    longest_days: int | None = None


@dataclass(frozen=True, slots=True)
class RoleMatrix:
    """Every role and every action, as the data says."""

    roles: Mapping[str, Role]
    actions: Mapping[str, StaffAction]


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One person's account. It ends at `expires_at`, and cannot be used once `disabled_at` is set."""

    id: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; `token` is its secret, kept in the database as a hash only."""

    token: str
    member: StaffMember
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lives: without use, and at all. `touch_seconds` is how rarely its last use is written."""

    idle_seconds: int = 1800
    absolute_seconds: int = 43200
    touch_seconds: int = 60


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How many failed sign-ins are borne in `window_seconds`, by account and by address; `capacity` bounds memory."""

    per_account: int = 5
    per_address: int = 20
    window_seconds: int = 900
    capacity: int = 10_000


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """How sessions live and how failures are borne."""

    times: SessionTimes = SessionTimes()
    limits: ThrottleLimits = ThrottleLimits()
