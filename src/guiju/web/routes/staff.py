"""Accounts of the people who work in the console (article 19 paragraph 2)."""

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.errors import GuijuError, InputError
from guiju.web.door import Door, Visit, status_of
from guiju.web.tables import plain


def staff_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/staff", show_staff, "manage_staff"),
        door.post("/console/staff", create_member, "manage_staff"),
        door.post("/console/staff/{member_id}/reset", reset_password, "manage_staff"),
        door.post("/console/staff/{member_id}/disable", disable_member, "manage_staff"),
    ]


def show_staff(visit: Visit) -> Response:
    """Show every account and the matrix of roles."""
    return _page(visit)


def create_member(visit: Visit) -> Response:
    """Make an account and show its password, once."""
    form = visit.form
    try:
        member, password = visit.house.staff.create_member(
            form.get("name", ""), form.get("role", ""), days=_days(form.get("days", "")), by=visit.person
        )
    except GuijuError as error:
        return _page(visit, problem=error.text(visit.language), status=status_of(error))
    return _page(visit, secret=password, secret_of=member.name)


def reset_password(visit: Visit) -> Response:
    """Give an account a new password and show it, once."""
    member_id = plain(visit.request.path_params["member_id"], 64)
    password = visit.house.staff.reset_password(member_id, visit.person)
    name = next(member.name for member in visit.house.staff.members() if member.id == member_id)
    return _page(visit, secret=password, secret_of=name)


def disable_member(visit: Visit) -> Response:
    """Close an account, with the reason."""
    try:
        visit.house.staff.disable_member(
            plain(visit.request.path_params["member_id"], 64), visit.person, visit.form.get("reason", "")
        )
    except GuijuError as error:
        return _page(visit, problem=error.text(visit.language), status=status_of(error))
    return RedirectResponse("/console/staff", 303)


def _page(visit: Visit, *, secret: str = "", secret_of: str = "", problem: str = "", status: int = 200) -> Response:
    staff = visit.house.staff
    return visit.render(
        "staff.html",
        status,
        members=staff.members(),
        matrix=staff.matrix,
        now=visit.house.clock.now(),
        secret=secret,
        secret_of=secret_of,
        problem=problem,
    )


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004 - more days than any account lives
        raise InputError("有效天数须是整数。", "The days of validity are a whole number.", where="days")
    return int(text)
