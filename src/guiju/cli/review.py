"""`guiju review`: what waits for people, and the examples that they marked."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guiju.cli.people import house_as, opened_house
from guiju.cli.terminal import beijing, say, table
from guiju.review.models import ItemQuery, ItemState, ReviewItem

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

By = Annotated[str, typer.Option("--by", help="控制台账号名；口令另问，或取自 GUIJU_STAFF_PASSWORD / console account")]


class Wanted(StrEnum):
    """Which items are listed."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    ARBITRATION = "arbitration"
    SETTLED = "settled"


class Kind(StrEnum):
    """Which examples are exported."""

    TRAINING = "training"
    TEST = "test"


@app.command("list")
def list_items(
    state: Annotated[Wanted, typer.Option(help="waiting、overdue、arbitration、settled")] = Wanted.WAITING,
    limit: Annotated[int, typer.Option(min=1, max=500, help="最多几条 / at most")] = 50,
) -> None:
    """列出复核条目，不含正文。/ List what waits for review; nothing that anybody said is shown."""
    with opened_house() as house:
        now = house.clock.now()
        wanted = {Wanted.ARBITRATION: ItemState.ARBITRATION, Wanted.SETTLED: ItemState.SETTLED}.get(state)
        overdue = now if state is Wanted.OVERDUE else None
        items = house.review.queue.items(ItemQuery(state=wanted, overdue_at=overdue, limit=limit))
        counts = house.review.queue.counts()
    table(
        ("编号 / id", "来由 / why", "方向 / way", "当时 / then", "风险 / risks", "期限 / due", "结论 / outcome"),
        [_row(item, now) for item in items],
    )
    say(
        f"等待 / waiting {counts.waiting}，逾期 / late {counts.overdue}，待第三人 / for a third {counts.arbitration}，"
        f"异议待答复 / objections {counts.objections}，账本未看 / entries not looked at {counts.behind}"
    )


@app.command("export")
def export_examples(
    path: Annotated[Path, typer.Argument(help="写到哪里（JSONL）/ where to, as JSON lines")],
    by: By,
    *,
    licence: Annotated[str, typer.Option(help="使用条款 / under what terms the lines may be used")],
    consent: Annotated[str, typer.Option(help="同意或其他合法依据 / consent or another lawful basis")],
    kind: Annotated[Kind, typer.Option(help="training 训练样例，test 测试条目")] = Kind.TRAINING,
) -> None:
    """导出已标记的样例：遮盖个人信息，不含化名；留下证据。/ Export marked examples; recorded in the ledger."""
    with house_as(by, "view_bodies") as (house, member):
        done = house.review.examples.write(path, kind.value, person=member.id, licence=licence, consent=consent)
    left_out = "，".join(f"{name} {count}" for name, count in done.left_out.items()) or "0"
    say(f"已写入 / written: {path} · {done.lines} 条 / lines · 未导出 / left out: {left_out}")


def _row(item: ReviewItem, now: datetime) -> tuple[str, ...]:
    late = " ⚠" if item.state is not ItemState.SETTLED and item.due_at < now else ""
    outcome = "—" if item.outcome is None else " ".join(item.outcome) or "无害 / harmless"
    risks = " ".join(item.proposed) or "—"
    return item.id, item.reason.value, item.scope.value, item.action, risks, beijing(item.due_at) + late, outcome
