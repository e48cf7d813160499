"""Exchanges (articles 4, 11 and 14): searched by everybody who may see them, read only by those who may read bodies."""

from starlette.responses import Response
from starlette.routing import Route

from guiju.gateway.models import ExchangeRecord, Transcript
from guiju.kit.clock import to_iso
from guiju.web.door import Door, Visit
from guiju.web.tables import csv_response, link
from guiju.web.views.exchanges import (
    EXCHANGE_OUTCOMES,
    exchange_query,
    exchange_view,
    exchanges_view,
    newest_exchanges,
)
from guiju.web.views.review import STATES

_EXPORT_ROWS = 5000
_STOPPED = frozenset(("input_refused", "output_stopped", "undetermined"))
_FILTERS = ("outcome", "risk", "app", "since", "until")


def exchanges_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/exchanges", show_exchanges, "view_exchanges"),
        door.get("/console/exchanges/{exchange_id}", show_exchange, "view_exchanges"),
        door.post("/console/exchanges/{exchange_id}/transcript", show_transcript, "view_bodies"),
    ]


def show_exchanges(visit: Visit) -> Response:
    """Show a page of exchanges, filtered."""
    query = visit.query
    apps = {app.id: app.name for app in visit.house.gateway.apps()}
    if query.get("format") == "csv":
        return _csv(visit, apps)
    view = exchanges_view(visit.house, query)
    filters = {name: query[name] for name in _FILTERS if query.get(name)}
    return visit.render(
        "exchanges.html",
        view=view,
        apps=apps,
        outcomes=EXCHANGE_OUTCOMES,
        risks=visit.house.law.risks(),
        filters=filters,
        csv_link=link("/console/exchanges", filters, format="csv"),
        next_link=link("/console/exchanges", filters, before=view.next_before) if view.next_before else "",
        is_first="before" not in query,
    )


def show_exchange(visit: Visit) -> Response:
    """Show one exchange as a timeline, without what was said."""
    return _exchange_page(visit, None)


def show_transcript(visit: Visit) -> Response:
    """Show what was said; that this person looks is itself an entry, made before anything is shown."""
    exchange_id = exchange_view(visit.house, visit.request.path_params["exchange_id"]).exchange.id
    visit.house.staff.note_viewing(visit.person, f"exchange:{exchange_id}", "transcript")
    return _exchange_page(visit, visit.house.gateway.transcript(exchange_id))


def _exchange_page(visit: Visit, transcript: Transcript | None) -> Response:
    view = exchange_view(visit.house, visit.request.path_params["exchange_id"])
    apps = {app.id: app.name for app in visit.house.gateway.apps()}
    reviews = visit.house.review.queue.of_exchange(view.exchange.id) if visit.may("view_review") else []
    return visit.render(
        "exchange.html",
        view=view,
        transcript=transcript,
        apps=apps,
        outcomes=EXCHANGE_OUTCOMES,
        actions=ENTRY_TITLES,
        reviews=reviews,
        states=STATES,
        may_reverse=view.exchange.outcome in _STOPPED
        and visit.may("reverse_block")
        and not any(item.reversed_by for item in reviews),
    )


def _csv(visit: Visit, apps: dict[str, str]) -> Response:
    t = visit.t
    titles = (
        "编号",
        "开始（UTC）",
        "结束（UTC）",
        "应用",
        "模型",
        "上游",
        "结果",
        "风险",
        "首字毫秒",
        "总毫秒",
        "开启证据",
        "关闭证据",
    )
    records = newest_exchanges(visit.house, exchange_query(visit.query), _EXPORT_ROWS)

    def row(record: ExchangeRecord) -> tuple[object, ...]:
        return (
            record.id,
            to_iso(record.opened_at),
            to_iso(record.closed_at) if record.closed_at else "",
            apps.get(record.app_id, record.app_id),
            record.model,
            record.upstream,
            t(EXCHANGE_OUTCOMES[record.outcome][0]),
            " ".join(record.risks),
            record.first_byte_ms,
            record.total_ms,
            record.opened_entry,
            record.closed_entry,
        )

    return csv_response("exchanges", [t(title) for title in titles], map(row, records))


# What an entry's action is called on a timeline; an action without a title is shown as it is written.
ENTRY_TITLES = {
    "exchange.opened": "收到提问，先写下证据",
    "exchange.closed": "结束，结果写入证据",
    "exchange.interrupted": "中断，由暂存记录补写",
    "exchange.rejected": "请求有误，未受理",
    "exchange.shed": "过载或停机，未受理",
    "objection.received": "用户提出异议",
    "objection.answered": "异议已答复",
    "review.judged": "复核人作出判断",
    "review.settled": "复核有了结论",
    "review.reversed": "改判：不该拦",
    "review.example_marked": "标为样例",
    "staff.body_viewed": "工作人员查看正文",
}
