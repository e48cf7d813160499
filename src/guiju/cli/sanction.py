"""`guiju sanction`: measures against users, listed, imposed, lifted."""

from datetime import timedelta
from typing import Annotated

import typer

from guiju.bootstrap import House
from guiju.cli.key import By, Why
from guiju.cli.people import house_as, opened_house
from guiju.cli.terminal import beijing, say, table
from guiju.gateway.entrance.sanctions.desk import SanctionDesk
from guiju.gateway.entrance.sanctions.models import SanctionKind, SanctionOrder, SanctionQuery
from guiju.kit.errors import NotFoundError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_SHOWN = 200


@app.command("list")
def list_sanctions(
    *,
    person: Annotated[str, typer.Option(help="只看这名用户（假名） / of this user only (pseudonym)")] = "",
    every: Annotated[bool, typer.Option("--all", help="也列出已结束的 / those that ended, too")] = False,
) -> None:
    """列出处置。/ List sanctions."""
    with opened_house() as house:
        query = SanctionQuery(person=person, only_in_force=not every, limit=_SHOWN)
        found, now = _desk(house).search(query), house.clock.now()
    table(
        ("编号 / id", "处置 / kind", "用户 / user", "作出 / imposed", "结束 / ends", "状态 / state", "理由 / why"),
        [
            (
                one.id,
                one.order.kind.value,
                one.order.person,
                beijing(one.imposed_at),
                "—" if one.order.until is None else beijing(one.order.until),
                "生效 / in force" if one.is_in_force(now) else "已结束 / ended",
                one.order.reason,
            )
            for one in found
        ],
    )


@app.command()
def impose(  # noqa: PLR0913 - one option a field
    person: Annotated[str, typer.Argument(help="用户的假名，见对话记录 / the user's pseudonym, as exchanges show it")],
    kind: Annotated[SanctionKind, typer.Argument(help="warn 警示，limit 限制功能，suspend 暂停，terminate 终止")],
    by: By,
    *,
    reason: Why,
    hours: Annotated[float, typer.Option(min=0.0, help="时长，终止时不填 / for so long; not for terminate")] = 0.0,
    function: Annotated[list[str] | None, typer.Option(help="限制的功能 / what limit closes")] = None,
    exchange: Annotated[str, typer.Option(help="依据的对话 / the exchange it rests on")] = "",
) -> None:
    """作出处置，一秒之内在所有进程生效。/ Impose a measure; every process follows within a second."""
    with house_as(by, "manage_sanctions") as (house, member):
        order = SanctionOrder(
            person,
            kind,
            reason,
            functions=tuple(function or ()),
            until=house.clock.now() + timedelta(hours=hours) if hours else None,
            exchange_id=exchange,
        )
        imposed = _desk(house).impose(order, by=f"staff:{member.id}")
    say(imposed.id)


@app.command()
def lift(sanction: Annotated[str, typer.Argument(help="编号 / id")], by: By, *, reason: Why) -> None:
    """解除处置，一秒之内在所有进程生效。/ Lift a measure; every process follows within a second."""
    with house_as(by, "manage_sanctions") as (house, member):
        _desk(house).lift(sanction, by=f"staff:{member.id}", reason=reason)
    say("已解除。 / Lifted.")


def _desk(house: House) -> SanctionDesk:
    if house.gateway.admission is None:
        raise NotFoundError("本系统没有开启准入管理。", "Admission is not part of this system.")
    return house.gateway.admission.sanctions
