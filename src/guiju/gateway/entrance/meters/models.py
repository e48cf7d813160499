"""The nouns of the meters."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """Something of which so much may be used.

    Attributes:
        key: unique, the same in every process.
        name: of the limit, as in `LimitRules`.
        owner: `app` or `user`.
        capacity: how much may be used at once, or in the period.
        per_second: how fast a bucket empties; 0 for the count of a period.
        period: the day or month that is counted, such as `2026-11-26`; "" for a bucket.
        ends_at: when the period ends, in seconds since 1970; 0 for a bucket.
    """

    key: str
    name: str
    owner: str
    capacity: float
    per_second: float = 0.0
    period: str = ""
    ends_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """How a meter stands: how much is used, when that was true (seconds since 1970), in which period."""

    used: float = 0.0
    at: float = 0.0
    period: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """What a process asks of a meter.

    Attributes:
        charge: what was used already and must be counted, whatever the level; negative for what was taken and not used.
        want: how much it would like to have after that.
        least: with less than this it takes nothing.
    """

    meter: Meter
    charge: float = 0.0
    want: float = 0.0
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What it got, what is left (negative where more was used than may be), and when `least` will be there.

    `wait_seconds` is 0 where it got something, and infinite where the meter never holds so much.
    """

    granted: float
    remaining: float
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class SlotWish:
    """A process wants `by` more slots of `key`, of which there are `limit` in all; negative gives back."""

    key: str
    by: int
    limit: int
