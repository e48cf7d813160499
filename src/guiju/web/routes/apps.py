"""Apps and their keys (article 9): made, shown once, rotated, revoked; whom they serve, how much, what they used."""

from dataclasses import replace
from datetime import timedelta

import orjson
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.gateway.app_rules import read_scope
from guiju.gateway.models import KeyWish
from guiju.kit.errors import InputError
from guiju.web.door import Door, Visit
from guiju.web.tables import beijing_midnight, plain, read_date
from guiju.web.views.apps import (
    LIMIT_TITLES,
    RANGES,
    SERVES_TITLES,
    app_detail,
    rules_of_form,
    usage_charts,
)

DONE = {
    "revoked": "密钥已吊销，一秒之内不再有效。",
    "changed": "规则已更改，一秒之内在所有进程生效。",
}
_HOURS_MOST = 24 * 90


def apps_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/apps", show_apps, "view_apps"),
        door.post("/console/apps", create_app, "manage_apps"),
        door.get("/console/apps/{app_id}", show_app, "view_apps"),
        door.post("/console/apps/{app_id}/rules", change_rules, "manage_apps"),
        door.post("/console/apps/{app_id}/keys", create_key, "manage_apps"),
        door.post("/console/apps/{app_id}/keys/{key_id}/rotate", rotate_key, "manage_apps"),
        door.post("/console/apps/{app_id}/keys/{key_id}/revoke", revoke_key, "manage_apps"),
    ]


def show_apps(visit: Visit) -> Response:
    """Show every app."""
    return _page(visit)


def create_app(visit: Visit) -> Response:
    """Make an app and show its first key, once."""
    form = visit.form
    app, secret = visit.house.gateway.create_app(
        form.get("name", ""),
        refuses_with_error=form.get("refuses_with_error") == "1",
        text_mark=form.get("text_mark", "").strip(),
        actor=_actor(visit),
        reason=_reason(visit),
    )
    return _page(visit, secret=secret, secret_of=app.name)


def show_app(visit: Visit) -> Response:
    """Show one app: what it used, its limits, its keys."""
    return _app_page(visit)


def change_rules(visit: Visit) -> Response:
    """Give an app other rules and limits."""
    reason, rules = _reason(visit), rules_of_form(dict(visit.form))
    detail = app_detail(visit.house, _app_id(visit), "1")
    visit.house.gateway.change_app(replace(detail.app, rules=rules), actor=_actor(visit), reason=reason)
    return RedirectResponse(f"/console/apps/{detail.app.id}?done=changed", 303)


def create_key(visit: Visit) -> Response:
    """Make one more key and show it, once."""
    form = visit.form
    until = read_date(form.get("until", ""), "until")
    wish = KeyWish(
        form.get("label", ""),
        read_scope(_words(form.get("endpoints", "")), _words(form.get("models", ""))),
        beijing_midnight(until) if until else None,
    )
    _, secret = visit.house.gateway.create_key(_app_id(visit), wish, actor=_actor(visit), reason=_reason(visit))
    return _app_page(visit, secret=secret)


def rotate_key(visit: Visit) -> Response:
    """Put a new key in another's place and show it, once."""
    hours = visit.form.get("overlap_hours", "24").strip()
    if not (hours.isascii() and hours.isdigit() and int(hours[:6]) <= _HOURS_MOST):
        raise InputError(
            f"重叠时间应为 0 到 {_HOURS_MOST} 小时。",
            f"The overlap must be from 0 to {_HOURS_MOST} hours.",
            where="overlap_hours",
        )
    _, secret = visit.house.gateway.rotate_key(
        _app_id(visit),
        plain(visit.request.path_params["key_id"], 64),
        overlap=timedelta(hours=int(hours)),
        actor=_actor(visit),
        reason=_reason(visit),
    )
    return _app_page(visit, secret=secret)


def revoke_key(visit: Visit) -> Response:
    """Revoke a key."""
    app_id, key_id = _app_id(visit), plain(visit.request.path_params["key_id"], 64)
    visit.house.gateway.revoke_key(app_id, key_id, actor=_actor(visit), reason=_reason(visit))
    return RedirectResponse(f"/console/apps/{app_id}?done=revoked", 303)


def _page(visit: Visit, *, secret: str = "", secret_of: str = "") -> Response:
    gateway = visit.house.gateway
    apps = gateway.apps()
    return visit.render(
        "apps.html",
        apps=apps,
        keys={app.id: gateway.keys(app.id) for app in apps},
        now=visit.house.clock.now(),
        secret=secret,
        secret_of=secret_of,
        base=_base(visit),
        models=gateway.models(),
        serves=SERVES_TITLES,
    )


def _app_page(visit: Visit, *, secret: str = "") -> Response:
    t = visit.t
    detail = app_detail(visit.house, _app_id(visit), visit.query.get("days", "7"))
    names = (t("已回答"), t("未放行"), t("未受理"), t("提问词元"), t("回答词元"))
    calls, tokens = usage_charts(detail.usage, names)
    return visit.render(
        "app.html",
        detail=detail,
        app=detail.app,
        now=visit.house.clock.now(),
        calls=orjson.dumps(calls).decode(),
        tokens=orjson.dumps(tokens).decode(),
        ranges=RANGES,
        limits=LIMIT_TITLES,
        serves=SERVES_TITLES,
        secret=secret,
        base=_base(visit),
        models=visit.house.gateway.models(),
        flash=t(DONE[visit.query["done"]]) if visit.query.get("done") in DONE else "",
    )


def _app_id(visit: Visit) -> str:
    return plain(visit.request.path_params["app_id"], 64)


def _base(visit: Visit) -> str:
    return f"{visit.request.url.scheme}://{visit.request.url.netloc}/v1"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace("，", " ").replace(",", " ").split())


def _reason(visit: Visit) -> str:
    reason = visit.form.get("reason", "").strip()
    if not reason:
        raise InputError("请写明理由，它会记入证据账本。", "Say why; it is recorded in the ledger.", where="reason")
    return reason


def _actor(visit: Visit) -> str:
    return f"staff:{visit.person.id}"
