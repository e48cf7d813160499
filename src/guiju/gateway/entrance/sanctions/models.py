"""The nouns of sanctions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SanctionKind(StrEnum):
    """What article 14 names, from the mildest: 警示, 限制功能, 暂停服务, 终止服务."""

    WARN = "warn"
    LIMIT = "limit"
    SUSPEND = "suspend"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class SanctionOrder:
    """What is to be imposed.

    Attributes:
        person: the user's pseudonym.
        kind: which measure.
        reason: why, for the user to read; `reason_en` in English, "" for none.
        app_id: through which app the user came; "" where that says nothing.
        functions: what is closed, for `limit`: endpoints, `stream`, `tools`, `media`, or `model:NAME`.
        until: when it ends by itself; a suspension needs one, a termination has none.
        exchange_id: the exchange it rests on, or "".
        rule: the rule that raised it, by the ids of its parameters; "" where a person did.
        exchanges: those that were counted by the rule.
    """

    person: str
    kind: SanctionKind
    reason: str
    reason_en: str = ""
    app_id: str = ""
    functions: tuple[str, ...] = ()
    until: datetime | None = None
    exchange_id: str = ""
    rule: str = ""
    exchanges: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Sanction:
    """A measure that was imposed, and lifted where `lifted_at` says so."""

    id: str
    order: SanctionOrder
    by: str
    imposed_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_reason: str = ""

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether it holds at `now`."""
        return self.lifted_at is None and (self.order.until is None or now < self.order.until)


@dataclass(frozen=True, slots=True)
class SanctionQuery:
    """Which sanctions are wanted, newest first."""

    person: str = ""
    only_in_force: bool = False
    before_id: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a register: the mark to ask with next time, and every sanction that is new or lifted."""

    mark: int
    sanctions: tuple[Sanction, ...]


@dataclass(frozen=True, slots=True)
class AbuseRule:
    """When a user is suspended without anybody's doing; None where the law names no number on the day.

    Attributes:
        consecutive: illegal inputs in a row.
        per_day: illegal inputs in twenty-four hours.
        suspend_hours: for how long; our choice, or the operator's.
        parameters: the ids of the two numbers.
    """

    consecutive: int | None
    per_day: int | None
    suspend_hours: float
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conduct:
    """One exchange of a user, as the automatic rule sees it: was its input illegal (None: nobody knows)?"""

    exchange_id: str
    at: datetime
    is_illegal: bool | None
