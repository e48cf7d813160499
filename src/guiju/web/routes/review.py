"""The review queue (articles 4, 14 and 15): what waits, one item of it, and how far people agree."""

import orjson
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.clock import BEIJING
from guiju.kit.errors import GuijuError
from guiju.review.models import OpenedItem
from guiju.web.badges import ACTION_TITLES
from guiju.web.door import Door, Visit, status_of
from guiju.web.routes.policy import LEVEL_TITLES, SCOPE_TITLES, WISH_TITLES
from guiju.web.tables import csv_response, link, plain
from guiju.web.views.review import (
    REASONS,
    STATES,
    TALLIES,
    agreement_chart,
    agreement_view,
    item_view,
    member_names,
    path_of,
    queue_view,
    quick_choices,
    was_stopped,
)

_FILTERS = ("state", "reason", "risk")
EXAMPLE_TITLES = {"training": "训练样例", "test": "测试条目"}


def review_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/review", show_queue, "view_review"),
        door.get("/console/review/next", show_next, "review_items"),
        door.get("/console/review/agreement", show_agreement, "view_review"),
        door.get("/console/review/{item_id}", show_item, "view_review"),
        door.post("/console/review/{item_id}/verdict", judge, "review_items"),
        door.post("/console/review/{item_id}/close", close, "review_items"),
        door.post("/console/review/{item_id}/reverse", reverse, "reverse_block"),
        door.post("/console/review/{item_id}/answer", answer, "reverse_block"),
        door.post("/console/review/{item_id}/example", mark_example, "review_items"),
        door.post("/console/exchanges/{exchange_id}/reverse", reverse_exchange, "reverse_block"),
    ]


def show_queue(visit: Visit) -> Response:
    """Show a page of what waits."""
    query = visit.query
    filters = {name: query[name] for name in _FILTERS if query.get(name)}
    view = queue_view(visit.house, visit.person, query)
    return visit.render(
        "review.html",
        view=view,
        filters=filters,
        reasons=REASONS,
        states=STATES,
        actions=ACTION_TITLES,
        scopes=SCOPE_TITLES,
        tallies=TALLIES,
        risks=visit.house.law.risks(),
        now=visit.house.clock.now(),
        earlier=link("/console/review", filters, page=str(view.paging.page - 1)),
        later=link("/console/review", filters, page=str(view.paging.page + 1)),
        flash=visit.t("没有等你判断的条目了。") if query.get("done") == "all" else "",
    )


def show_next(visit: Visit) -> Response:
    """Go to the most urgent item that waits for this person."""
    found = visit.house.review.queue.next_for(visit.person.id, after=plain(visit.query.get("after", ""), 64))
    return RedirectResponse(f"/console/review/{found.id}" if found else "/console/review?done=all", 303)


def show_item(visit: Visit) -> Response:
    """Show one item; its text only to who may read it, and that they do is an entry before anything is shown."""
    return _item_page(visit, plain(visit.request.path_params["item_id"], 64))


def judge(visit: Visit) -> Response:
    """Take a verdict and go on to the next item."""
    item_id, form = plain(visit.request.path_params["item_id"], 64), visit.form
    verdict = form.get("verdict", "")
    if not verdict:
        return _item_page(visit, item_id, problem=visit.t("请先选择：无害，或一种风险。"), status=400)
    chosen = form.get("other", "") if verdict == "other" else verdict
    if verdict == "other" and not chosen:
        return _item_page(visit, item_id, problem=visit.t("请从列表中选择一种风险。"), status=400)
    risks = () if chosen == "harmless" else tuple(risk for risk in (chosen, form.get("also", "")) if risk)
    try:
        visit.house.review.queue.judge(item_id, visit.person.id, risks, note=form.get("note", ""))
    except GuijuError as error:
        return _item_page(visit, item_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/review/next?after={item_id}", 303)


def close(visit: Visit) -> Response:
    """Close an item whose text was erased, and go on."""
    item_id = plain(visit.request.path_params["item_id"], 64)
    try:
        visit.house.review.queue.close_erased(item_id, visit.person.id)
    except GuijuError as error:
        return _item_page(visit, item_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/review/next?after={item_id}", 303)


def reverse(visit: Visit) -> Response:
    """Turn a wrong block round."""
    item_id = plain(visit.request.path_params["item_id"], 64)
    try:
        visit.house.review.queue.reverse(item_id, visit.person.id, visit.form.get("reason", ""))
    except GuijuError as error:
        return _item_page(visit, item_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/review/{item_id}?done=reversed", 303)


def answer(visit: Visit) -> Response:
    """Answer an objection that does not hold."""
    item_id = plain(visit.request.path_params["item_id"], 64)
    try:
        visit.house.review.queue.answer(item_id, visit.person.id, visit.form.get("reason", ""), is_upheld=False)
    except GuijuError as error:
        return _item_page(visit, item_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/review/{item_id}?done=answered", 303)


def mark_example(visit: Visit) -> Response:
    """Mark a settled item as a training example or a test item."""
    item_id = plain(visit.request.path_params["item_id"], 64)
    try:
        visit.house.review.queue.mark_example(item_id, visit.form.get("kind", ""), visit.person.id)
    except GuijuError as error:
        return _item_page(visit, item_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/review/{item_id}?done=marked", 303)


def reverse_exchange(visit: Visit) -> Response:
    """Turn the block of an exchange round, queued or not."""
    exchange_id = plain(visit.request.path_params["exchange_id"], 64)
    queue = visit.house.review.queue
    item = queue.reverse_exchange(exchange_id, visit.person.id, visit.form.get("reason", ""))
    return RedirectResponse(f"/console/review/{item.id}?done=reversed", 303)


def show_agreement(visit: Visit) -> Response:
    """Show how far people agree, or the pairs as CSV."""
    report = agreement_view(visit.house, visit.query)
    names, t = member_names(visit.house), visit.t
    if visit.query.get("format") == "csv":
        titles = ("第一人", "第二人", "条数", "一致", "一致率", "kappa", "kappa 下限", "kappa 上限")
        rows = (
            (
                names.get(pair.one, pair.one),
                names.get(pair.other, pair.other),
                pair.agreement.items,
                pair.agreement.agreed,
                pair.agreement.raw,
                pair.agreement.kappa.value,
                pair.agreement.kappa.low,
                pair.agreement.kappa.high,
            )
            for pair in report.pairs
        )
        return csv_response("agreement", [t(title) for title in titles], rows)
    return visit.render(
        "agreement.html",
        report=report,
        names=names,
        chart=orjson.dumps(agreement_chart(report, (t("判断一致"), t("判断不一致")))).decode(),
        today=visit.house.clock.now().astimezone(BEIJING).date().isoformat(),
    )


DONE = {
    "reversed": "已改判。若用户提出过异议，答复已写入证据账本。",
    "answered": "已答复异议，答复已写入证据账本。",
    "marked": "已标记，可用 guiju review export 导出。",
}


def _item_page(visit: Visit, item_id: str, *, problem: str = "", status: int = 200) -> Response:
    house, t = visit.house, visit.t
    view = item_view(house, visit.person, item_id)
    opened = _opened(visit, item_id)
    explanation = opened.explanation if opened is not None else None
    done = DONE.get(visit.query.get("done", ""), "")
    return visit.render(
        "review_item.html",
        status,
        view=view,
        item=view.item,
        opened=opened,
        choices=quick_choices(house.law.risks(), opened, view.item),
        risks={risk.id: risk for risk in house.law.risks()},
        paths=[path_of(house.moderation.policy, found, view.item) for found in explanation.findings]
        if explanation
        else [],
        policy=house.moderation.policy,
        reasons=REASONS,
        states=STATES,
        actions=ACTION_TITLES,
        scopes=SCOPE_TITLES,
        levels=LEVEL_TITLES,
        wishes=WISH_TITLES,
        kinds=EXAMPLE_TITLES,
        now=house.clock.now(),
        was_stopped=was_stopped(view.item),
        waiting=house.review.queue.counts().waiting,
        names=member_names(house),
        problem=problem,
        flash=t(done) if done else "",
    )


def _opened(visit: Visit, item_id: str) -> OpenedItem | None:
    """Return the item with its text for who may read it, after writing down that they do."""
    if not (visit.may("view_bodies") and visit.may("review_items")):
        return None
    item = visit.house.review.queue.item(item_id)
    visit.house.staff.note_viewing(visit.person, f"exchange:{item.exchange_id}", "review")
    return visit.house.review.queue.opened(item_id)
