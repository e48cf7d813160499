"""Sanctions as the console lists them and as the user is told."""

from dataclasses import dataclass
from datetime import timedelta

from guiju.gateway.entrance.sanctions.models import Sanction, SanctionKind, SanctionOrder, SanctionQuery
from guiju.kit.errors import InputError
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, plain
from guiju.web.views.apps import admission_of

KIND_TITLES = {
    SanctionKind.WARN.value: "警示",
    SanctionKind.LIMIT.value: "限制功能",
    SanctionKind.SUSPEND.value: "暂停服务",
    SanctionKind.TERMINATE.value: "终止服务",
}
_HOURS_MOST = 24 * 365


@dataclass(frozen=True, slots=True)
class SanctionRow:
    """A sanction, whether it holds now, and whether its user waits for an answer."""

    sanction: Sanction
    is_in_force: bool
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class SanctionsView:
    """A page of sanctions, newest first; `next_before` asks for the next page, empty on the last."""

    rows: tuple[SanctionRow, ...]
    next_before: str
    waiting: int


def sanctions_view(house: WebHouse, values: dict[str, str]) -> SanctionsView:
    """Return the page of sanctions that `values` ask for."""
    desk = admission_of(house).sanctions
    query = SanctionQuery(
        person=plain(values.get("person", ""), 128),
        only_in_force=values.get("state", "") == "in_force",
        before_id=plain(values.get("before", ""), 36),
        limit=PAGE_ROWS + 1,
    )
    waiting, now = desk.waiting(), house.clock.now()
    found = [desk.get(one) for one in waiting] if values.get("state", "") == "waiting" else desk.search(query)
    rows = tuple(SanctionRow(one, one.is_in_force(now), one.id in waiting) for one in found[:PAGE_ROWS])
    return SanctionsView(rows, rows[-1].sanction.id if len(found) > PAGE_ROWS else "", len(waiting))


def order_of_form(house: WebHouse, form: dict[str, str]) -> SanctionOrder:
    """Read what is to be imposed from a form.

    Raises:
        InputError: a field cannot be read.
    """
    kind, hours = form.get("kind", ""), form.get("hours", "").strip()
    if kind not in KIND_TITLES:
        raise InputError("请选择处置种类。", "Choose a measure.", where="kind")
    if hours and not (hours.isascii() and hours.isdigit() and 0 < int(hours[:6]) <= _HOURS_MOST):
        raise InputError(
            f"时长应为 1 到 {_HOURS_MOST} 小时。", f"The hours must be from 1 to {_HOURS_MOST}.", where="hours"
        )
    return SanctionOrder(
        person=plain(form.get("person", ""), 128),
        kind=SanctionKind(kind),
        reason=form.get("reason", ""),
        reason_en=plain(form.get("reason_en", "").strip(), 1000),
        functions=tuple(form.get("functions", "").replace("，", " ").replace(",", " ").split()),
        until=house.clock.now() + timedelta(hours=int(hours)) if hours else None,
        exchange_id=plain(form.get("exchange", "").strip(), 36),
    )
