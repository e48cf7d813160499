"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a thing stands. A check that could not look says `warn` or `fail`, never `ok`."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and how to mend it; all in both languages."""

    health: Health
    what: str
    found: str
    mend: str = ""
