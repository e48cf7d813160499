"""Which sanctions hold, which one refuses a call, and when the automatic rule speaks; pure (article 14)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from guiju.gateway.entrance.sanctions.models import AbuseRule, Conduct, Sanction, SanctionKind, SanctionOrder

USERS_DUTY = "cn/genai-measures-2023/art-14/para-2"
_SEVERITY = (SanctionKind.WARN, SanctionKind.LIMIT, SanctionKind.SUSPEND, SanctionKind.TERMINATE)
_DAY = timedelta(days=1)
_SANCTION_MASK = 0xAAAAAAAAAAAA


def severity(sanction: Sanction) -> int:
    """Return how grave a sanction is, beside others."""
    return _SEVERITY.index(sanction.order.kind)


def in_force(sanctions: Iterable[Sanction], now: datetime) -> list[Sanction]:
    """Return those that hold at `now`, the gravest first, of equals the one that ends last."""
    holding = [sanction for sanction in sanctions if sanction.is_in_force(now)]
    endless = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(holding, key=lambda one: (severity(one), one.order.until or endless), reverse=True)


def refusing(sanctions: Iterable[Sanction], used: frozenset[str], now: datetime) -> Sanction | None:
    """Return the sanction that refuses a call which uses the functions `used`; None where none does.

    One more sanction never opens what was closed, and one less never closes what was open.
    """
    for sanction in in_force(sanctions, now):
        if sanction.order.kind in {SanctionKind.TERMINATE, SanctionKind.SUSPEND}:
            return sanction
        if sanction.order.kind is SanctionKind.LIMIT and used & set(sanction.order.functions):
            return sanction
    return None


def is_shut_out(sanctions: Iterable[Sanction], now: datetime) -> bool:
    """Tell whether a user may do nothing at all."""
    return refusing(sanctions, frozenset(), now) is not None


def runs_of_illegal(history: Iterable[Conduct]) -> Iterator[list[Conduct]]:
    """Give the illegal inputs in a row, newest rows and inputs first; what nobody knows is passed over."""
    run: list[Conduct] = []
    for conduct in history:
        if conduct.is_illegal:
            run.append(conduct)
        elif conduct.is_illegal is False and run:
            yield run
            run = []
    if run:
        yield run


def abuse(history: Sequence[Conduct], rule: AbuseRule, now: datetime) -> list[Conduct]:
    """Return the inputs by which the rule speaks, newest first; none where it does not.

    `history` is newest first and begins after the last sanction that the rule raised. A row counts when it was made, so
    that a harmless question after it takes nothing back.
    """
    if rule.consecutive is not None:
        for run in runs_of_illegal(history):
            if len(run) >= rule.consecutive and run[0].at > now - _DAY:
                return run
    recent = [conduct for conduct in history if conduct.is_illegal and conduct.at > now - _DAY]
    return recent if rule.per_day is not None and len(recent) >= rule.per_day else []


def automatic_order(
    person: str, app_id: str, counted: Sequence[Conduct], *, rule: AbuseRule, now: datetime
) -> SanctionOrder:
    """Return what the rule imposes for the inputs it counted: a suspension (gb-t-45654, misuse by users)."""
    count, hours = len(counted), rule.suspend_hours
    return SanctionOrder(
        person=person,
        kind=SanctionKind.SUSPEND,
        reason=f"短时间内有 {count} 次输入被拦截为违法不良信息，按规则自动暂停服务 {hours:g} 小时。",
        reason_en=f"{count} inputs were stopped as illegal or harmful in a short time; by rule, service is suspended "
        f"for {hours:g} hours.",
        app_id=app_id,
        until=now + timedelta(hours=hours),
        exchange_id=counted[0].exchange_id,
        rule=", ".join(rule.parameters),
        exchanges=tuple(conduct.exchange_id for conduct in counted),
    )


def automatic_id(first_exchange_id: str) -> str:
    """Return the id of the sanction that the rule raises over inputs that begin with this exchange.

    It follows from that id, so that two processes that count at the same time raise one sanction, not two.
    """
    return f"{first_exchange_id[:24]}{int(first_exchange_id[24:], 16) ^ _SANCTION_MASK:012x}"
