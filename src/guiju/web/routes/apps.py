"""Apps and their keys (article 9): made, shown once, revoked."""

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.web.door import Door, Visit
from guiju.web.tables import plain


def apps_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/apps", show_apps, "view_apps"),
        door.post("/console/apps", create_app, "manage_apps"),
        door.post("/console/apps/{app_id}/keys", create_key, "manage_apps"),
        door.post("/console/apps/{app_id}/keys/{key_id}/revoke", revoke_key, "manage_apps"),
    ]


def show_apps(visit: Visit) -> Response:
    """Show every app with its keys."""
    return _page(visit)


def create_app(visit: Visit) -> Response:
    """Make an app and show its first key, once."""
    form = visit.form
    app, secret = visit.house.gateway.create_app(
        form.get("name", ""),
        refuses_with_error=form.get("refuses_with_error") == "1",
        text_mark=form.get("text_mark", "").strip(),
        actor=_actor(visit),
    )
    return _page(visit, secret=secret, secret_of=app.name)


def create_key(visit: Visit) -> Response:
    """Make one more key and show it, once."""
    app_id = plain(visit.request.path_params["app_id"], 64)
    _, secret = visit.house.gateway.create_key(app_id, actor=_actor(visit))
    name = next((app.name for app in visit.house.gateway.apps() if app.id == app_id), app_id)
    return _page(visit, secret=secret, secret_of=name)


def revoke_key(visit: Visit) -> Response:
    """Revoke a key."""
    parts = visit.request.path_params
    visit.house.gateway.revoke_key(plain(parts["app_id"], 64), plain(parts["key_id"], 64), actor=_actor(visit))
    return RedirectResponse("/console/apps?done=revoked", 303)


def _page(visit: Visit, *, secret: str = "", secret_of: str = "") -> Response:
    gateway = visit.house.gateway
    apps = gateway.apps()
    is_revoked = visit.query.get("done") == "revoked"
    return visit.render(
        "apps.html",
        apps=apps,
        keys={app.id: gateway.keys(app.id) for app in apps},
        secret=secret,
        secret_of=secret_of,
        base=f"{visit.request.url.scheme}://{visit.request.url.netloc}/v1",
        models=gateway.models(),
        flash=visit.t("密钥已吊销，一秒之内不再有效。") if is_revoked else "",
    )


def _actor(visit: Visit) -> str:
    return f"staff:{visit.person.id}"
