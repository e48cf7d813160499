"""Changes of the keyword library (articles 4 and 14): proposed, looked at by another person, staged, taken back."""

from collections.abc import Callable
from pathlib import Path  # noqa: TC003 - stands in an annotation

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.errors import GuijuError, InputError
from guiju.review.models import Change, ChangeState, Op
from guiju.web.door import Door, Visit, status_of
from guiju.web.routes.policy import LEVEL_TITLES, SCOPE_TITLES, WISH_TITLES
from guiju.web.tables import csv_response, link, plain
from guiju.web.views.changes import (
    CAUTION_TITLES,
    CHANGE_STATES,
    OPS,
    SKIPPED_TITLES,
    STAGE_TITLES,
    blank_entry,
    change_view,
    changes_view,
    read_proposal,
    shown_terms,
    term_in_force,
)

LIST_TITLES = {"open": "进行中", "in_force": "正式生效", "ended": "已结束"}
DONE = {
    "proposed": "已提出，等另一位有权限的人批准。",
    "previewed": "预览已更新。",
    "approved": "已批准，尚未启用。下一步是试行。",
    "rejected": "已结束。",
    "staged": "已启用，运行中的服务立即按新词库判断。",
    "reverted": "已撤回，词库回到此前的状态。",
}


def changes_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/changes", show_changes, "view_policy"),
        door.post("/console/changes", propose, "propose_keywords"),
        door.get("/console/changes/new", show_form, "propose_keywords"),
        door.get("/console/changes/{change_id}", show_change, "view_policy"),
        door.post("/console/changes/{change_id}/preview", preview, "propose_keywords"),
        door.post("/console/changes/{change_id}/approve", approve, "manage_keywords"),
        door.post("/console/changes/{change_id}/reject", reject, "propose_keywords"),
        door.post("/console/changes/{change_id}/stage", stage, "manage_keywords"),
        door.post("/console/changes/{change_id}/revert", revert, "manage_keywords"),
    ]


def show_changes(visit: Visit) -> Response:
    """Show a page of changes."""
    query = visit.query
    view = changes_view(visit.house, query)
    filters = {"list": query["list"]} if query.get("list") else {}
    return visit.render(
        "changes.html",
        view=view,
        lists=LIST_TITLES,
        wanted=query.get("list", "open"),
        states=CHANGE_STATES,
        earlier=link("/console/changes", filters, page=str(view.paging.page - 1)),
        later=link("/console/changes", filters, page=str(view.paging.page + 1)),
    )


def show_form(visit: Visit) -> Response:
    """Show the form for a proposal, filled in from where the person comes."""
    return _form_page(visit, visit.query)


def propose(visit: Visit) -> Response:
    """Take a proposal, work out its preview, and show what could not be taken."""
    desk = visit.house.review.changes
    try:
        done = desk.propose(read_proposal(visit.house, visit.form), visit.person.id)
    except GuijuError as error:
        return _form_page(visit, dict(visit.form), problem=error.text(visit.language), status=status_of(error))
    desk.preview(done.change.id, visit.person.id)
    if done.refusals:
        return _change_page(visit, done.change.id, refusals=done.refusals)
    return RedirectResponse(f"/console/changes/{done.change.id}?done=proposed", 303)


def show_change(visit: Visit) -> Response:
    """Show one change, or its terms as CSV."""
    change_id = plain(visit.request.path_params["change_id"], 64)
    if visit.query.get("format") == "csv":
        return _csv(visit, visit.house.review.changes.change(change_id))
    return _change_page(visit, change_id)


def preview(visit: Visit) -> Response:
    """Work the preview out again: on recorded exchanges, or on the operator's folder of samples."""
    desk, person = visit.house.review.changes, visit.person.id
    folder: Path | None = visit.house.settings.var / "samples" if visit.form.get("source") == "samples" else None
    return _step(visit, "previewed", lambda change_id: desk.preview(change_id, person, folder=folder))


def approve(visit: Visit) -> Response:
    """Approve, as the second person."""
    desk, reason = visit.house.review.changes, visit.form.get("reason", "")
    return _step(visit, "approved", lambda change_id: desk.approve(change_id, visit.person.id, reason))


def reject(visit: Visit) -> Response:
    """Turn down; the author withdraws, everybody else needs the right to manage."""
    desk, reason = visit.house.review.changes, visit.form.get("reason", "")

    def act(change_id: str) -> object:
        if desk.change(change_id).author != visit.person.id and not visit.may("manage_keywords"):
            raise InputError("只能收回自己提出的变更。", "You can withdraw only what you proposed yourself.")
        return desk.reject(change_id, visit.person.id, reason)

    return _step(visit, "rejected", act)


def stage(visit: Visit) -> Response:
    """Put in force in a stage."""
    desk, form = visit.house.review.changes, visit.form
    to, is_sure, reason = form.get("to", ""), form.get("is_sure") == "1", form.get("reason", "")

    def act(change_id: str) -> object:
        if to not in set(ChangeState):
            raise InputError("没有这个阶段。", "There is no such stage.", where="to")
        return desk.stage(change_id, ChangeState(to), visit.person.id, reason=reason, is_sure=is_sure)

    return _step(visit, "staged", act)


def revert(visit: Visit) -> Response:
    """Take back."""
    desk, reason = visit.house.review.changes, visit.form.get("reason", "")
    return _step(visit, "reverted", lambda change_id: desk.revert(change_id, visit.person.id, reason))


def _step(visit: Visit, done: str, act: Callable[[str], object]) -> Response:
    change_id = plain(visit.request.path_params["change_id"], 64)
    visit.house.review.changes.change(change_id)
    try:
        act(change_id)
    except GuijuError as error:
        return _change_page(visit, change_id, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse(f"/console/changes/{change_id}?done={done}", 303)


def _change_page(
    visit: Visit, change_id: str, *, problem: str = "", status: int = 200, refusals: tuple[object, ...] = ()
) -> Response:
    view = change_view(visit.house, change_id)
    done = DONE.get(visit.query.get("done", ""), "")
    return visit.render(
        "change.html",
        status,
        view=view,
        change=view.change,
        terms=shown_terms(view.change),
        refusals=refusals,
        states=CHANGE_STATES,
        stages=STAGE_TITLES,
        ops=OPS,
        skipped=SKIPPED_TITLES,
        cautions=CAUTION_TITLES,
        levels=LEVEL_TITLES,
        wishes=WISH_TITLES,
        scopes=SCOPE_TITLES,
        risks={risk.id: risk for risk in visit.house.law.risks()},
        has_samples=(visit.house.settings.var / "samples").is_dir(),
        problem=problem,
        flash=visit.t(done) if done else "",
    )


def _form_page(visit: Visit, values: dict[str, str], *, problem: str = "", status: int = 200) -> Response:
    entry = blank_entry(visit.house, values)
    op = values.get("op", "")
    return visit.render(
        "change_new.html",
        status,
        values=values,
        entry=entry,
        term=term_in_force(visit.house, values.get("term", "")),
        op=op if op in set(Op) else Op.ADD.value,
        ops=OPS,
        risks=visit.house.law.risks(),
        levels=LEVEL_TITLES,
        wishes=WISH_TITLES,
        scopes=SCOPE_TITLES,
        problem=problem,
    )


def _csv(visit: Visit, change: Change) -> Response:
    t = visit.t
    titles = ("操作", "词", "编号", "风险", "级别", "处置", "方向", "放行短语", "理由")
    rows = (
        (
            t(OPS[term.op]),
            term.entry.term,
            term.term_id,
            term.entry.risk,
            term.entry.level,
            term.entry.action,
            " ".join(term.entry.scope),
            term.phrase,
            term.entry.reason,
        )
        for term in change.terms
    )
    return csv_response("keyword-change", [t(title) for title in titles], rows)
