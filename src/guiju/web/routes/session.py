"""Signing in and out, and one's own account."""

import re

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.errors import InputError, RefusedError
from guiju.staff.errors import SignInError, ThrottledError
from guiju.web import security
from guiju.web.door import Door, Visit
from guiju.web.navigation import home_of

_SAFE_TARGET = re.compile(r"/console(/[A-Za-z0-9/_.\-]*)?")


def session_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/login", show_login),
        door.post("/console/login", sign_in),
        door.post("/console/logout", sign_out),
        door.get("/console/account", show_account),
        door.post("/console/account", change_password),
    ]


def show_login(visit: Visit) -> Response:
    """Show the login form; who is signed in already goes on."""
    if visit.member is not None:
        return RedirectResponse(_target(visit, visit.query.get("next", "")), 303)
    return visit.render("login.html", next=visit.query.get("next", ""), name="", problem=None)


def sign_in(visit: Visit) -> Response:
    """Open a session, or show the form again with what was wrong."""
    name, wanted = visit.form.get("name", ""), visit.form.get("next", "")
    client = visit.request.client
    try:
        session = visit.house.staff.sign_in(name, visit.form.get("password", ""), client.host if client else "unknown")
    except (SignInError, ThrottledError) as error:
        status = 429 if isinstance(error, ThrottledError) else 401
        return visit.render("login.html", status, next=wanted, name=name[:64], problem=error.text(visit.language))
    role = visit.house.staff.matrix.roles[session.member.role]
    target = wanted if _SAFE_TARGET.fullmatch(wanted) and wanted != "/console" else home_of(role.actions)
    response = RedirectResponse(target, 303)
    security.set_cookie(response, visit.door.session_cookie, session.token, is_https=visit.door.is_https)
    return response


def sign_out(visit: Visit) -> Response:
    """End the session."""
    visit.house.staff.sign_out(visit.request.cookies.get(visit.door.session_cookie, ""))
    response = RedirectResponse("/console/login", 303)
    response.delete_cookie(visit.door.session_cookie, path="/", secure=visit.door.is_https, httponly=True)
    return response


def show_account(visit: Visit) -> Response:
    """Show one's own account."""
    if visit.member is None:
        return RedirectResponse("/console/login?next=/console/account", 303)
    role = visit.house.staff.matrix.roles[visit.member.role]
    return visit.render("account.html", role=role, actions=visit.house.staff.matrix.actions, problem=None)


def change_password(visit: Visit) -> Response:
    """Change one's own password; everybody signs in again."""
    member = visit.person
    role = visit.house.staff.matrix.roles[member.role]
    try:
        visit.house.staff.change_password(member, visit.form.get("old", ""), _new_password(visit))
    except (InputError, RefusedError) as error:
        return visit.render(
            "account.html",
            400,
            role=role,
            actions=visit.house.staff.matrix.actions,
            problem=error.text(visit.language),
        )
    return RedirectResponse("/console/login?changed=1", 303)


def _new_password(visit: Visit) -> str:
    if visit.form.get("new", "") != visit.form.get("again", ""):
        raise InputError("两次输入的新口令不一致。", "The two new passwords differ.")
    return visit.form.get("new", "")


def _target(visit: Visit, wanted: str) -> str:
    if _SAFE_TARGET.fullmatch(wanted):
        return wanted
    return home_of(visit.house.staff.matrix.roles[visit.person.role].actions)
