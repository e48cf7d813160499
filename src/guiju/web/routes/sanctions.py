"""Measures against users (article 14, second paragraph): imposed and lifted here; told and objected to by the user."""

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.gateway.entrance.sanctions.models import Sanction
from guiju.kit.errors import GuijuError, InputError, NotFoundError, RefusedError
from guiju.staff.throttle import Throttle
from guiju.web.door import Door, Visit, status_of
from guiju.web.security import person_of
from guiju.web.tables import link, plain
from guiju.web.views.apps import admission_of
from guiju.web.views.sanctions import KIND_TITLES, order_of_form, sanctions_view

DONE = {"lifted": "处置已解除，一秒之内在所有进程生效。", "answered": "答复已记入证据账本，用户可在其处置页看到。"}
STATE_TITLES = {"in_force": "生效中", "waiting": "有异议待答复"}
_OBJECTIONS_AN_HOUR = 10
_FILTERS = ("state", "person")


def sanctions_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    objections = Throttle(door.house.clock, _OBJECTIONS_AN_HOUR, window_seconds=3600, capacity=10_000)

    def object_here(visit: Visit) -> Response:
        return object_to(visit, objections)

    return [
        door.get("/sanctions/{sanction_id}", show_own),
        door.post("/sanctions/{sanction_id}", object_here),
        door.get("/console/sanctions", show_sanctions, "view_sanctions"),
        door.post("/console/sanctions", impose, "manage_sanctions"),
        door.get("/console/sanctions/{sanction_id}", show_sanction, "manage_sanctions"),
        door.post("/console/sanctions/{sanction_id}/lift", lift, "manage_sanctions"),
        door.post("/console/sanctions/{sanction_id}/answer", answer, "manage_sanctions"),
    ]


def show_own(visit: Visit) -> Response:
    """Show a user what was done, why, and how to object."""
    return _own_page(visit, _sanction(visit))


def object_to(visit: Visit, throttle: Throttle) -> Response:
    """Put an objection into the ledger and show the number under which it stands."""
    sanction, visitor = _sanction(visit), person_of(visit.secret)
    try:
        if throttle.wait_seconds(visitor):
            raise RefusedError(
                "你在一小时内提交的异议过多，请稍后再提交；已提交的都已受理。",
                "You sent many objections within an hour; try again later. Those you sent are recorded.",
            )
        entry_id = admission_of(visit.house).sanctions.object_to(
            sanction.id, visit.form.get("text", ""), contact=visit.form.get("contact", "")
        )
    except GuijuError as error:
        return _own_page(visit, sanction, problem=error.text(visit.language), status=status_of(error))
    throttle.count(visitor)
    return _own_page(visit, sanction, entry_id=entry_id)


def show_sanctions(visit: Visit) -> Response:
    """Show a page of sanctions."""
    query = visit.query
    view = sanctions_view(visit.house, query)
    filters = {name: query[name] for name in _FILTERS if query.get(name)}
    return visit.render(
        "sanctions.html",
        view=view,
        apps={app.id: app.name for app in visit.house.gateway.apps()},
        names={member.id: member.name for member in visit.house.staff.members()},
        kinds=KIND_TITLES,
        states=STATE_TITLES,
        filters=filters,
        next_link=link("/console/sanctions", filters, before=view.next_before) if view.next_before else "",
        flash=visit.t(DONE[query["done"]]) if query.get("done") in DONE else "",
    )


def impose(visit: Visit) -> Response:
    """Impose a measure."""
    order = order_of_form(visit.house, dict(visit.form))
    imposed = admission_of(visit.house).sanctions.impose(order, by=_actor(visit))
    return RedirectResponse(f"/console/sanctions/{imposed.id}", 303)


def show_sanction(visit: Visit) -> Response:
    """Show one sanction with what its user wrote; that this person reads it is itself an entry, made first."""
    sanction = _sanction(visit)
    desk = admission_of(visit.house).sanctions
    visit.house.staff.note_viewing(visit.person, f"sanction:{sanction.id}", "letters")
    return visit.render(
        "sanction.html",
        sanction=sanction,
        is_in_force=sanction.is_in_force(visit.house.clock.now()),
        letters=desk.letters(sanction.id),
        apps={app.id: app.name for app in visit.house.gateway.apps()},
        names={member.id: member.name for member in visit.house.staff.members()},
        kinds=KIND_TITLES,
    )


def lift(visit: Visit) -> Response:
    """End a measure."""
    reason = visit.form.get("reason", "").strip()
    if not reason:
        raise InputError("请写明理由，它会记入证据账本。", "Say why; it is recorded in the ledger.", where="reason")
    admission_of(visit.house).sanctions.lift(_id(visit), by=_actor(visit), reason=reason)
    return RedirectResponse("/console/sanctions?done=lifted", 303)


def answer(visit: Visit) -> Response:
    """Answer the objections to a measure that stays."""
    admission_of(visit.house).sanctions.answer(_id(visit), visit.form.get("text", ""), by=_actor(visit))
    return RedirectResponse("/console/sanctions?done=answered", 303)


def _own_page(
    visit: Visit, sanction: Sanction, *, entry_id: str = "", problem: str = "", status: int = 200
) -> Response:
    letters = admission_of(visit.house).sanctions.letters(sanction.id)
    return visit.render(
        "own_sanction.html",
        status,
        sanction=sanction,
        is_in_force=sanction.is_in_force(visit.house.clock.now()),
        answers=[letter for letter in letters if letter.is_answer],
        kinds=KIND_TITLES,
        entry_id=entry_id,
        problem=problem,
        text=visit.form.get("text", "") if problem else "",
        contact=visit.form.get("contact", "") if problem else "",
    )


def _sanction(visit: Visit) -> Sanction:
    try:
        return admission_of(visit.house).sanctions.get(_id(visit))
    except NotFoundError as error:
        raise NotFoundError(
            "没有这个编号的处置。请从提示中的地址进入。",
            "There is no sanction with this number. Use the address that you were told.",
        ) from error


def _id(visit: Visit) -> str:
    return plain(visit.request.path_params["sanction_id"], 36)


def _actor(visit: Visit) -> str:
    return f"staff:{visit.person.id}"
