"""Builds the browser's door: chat page, console, JSON twin and static files, as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from guiju.web.door import Door
from guiju.web.gateway_app import GatewayApp
from guiju.web.house import WebHouse
from guiju.web.labels_door import LabelsDoor
from guiju.web.rendering import STATIC
from guiju.web.routes.api import api_app
from guiju.web.routes.apps import apps_routes
from guiju.web.routes.changes import changes_routes
from guiju.web.routes.chat import chat_routes
from guiju.web.routes.exchanges import exchanges_routes
from guiju.web.routes.labels import labels_routes
from guiju.web.routes.law import law_routes
from guiju.web.routes.ledger import ledger_routes
from guiju.web.routes.live import live_routes
from guiju.web.routes.openapi import openapi_routes
from guiju.web.routes.overview import overview_routes
from guiju.web.routes.policy import policy_routes
from guiju.web.routes.review import review_routes
from guiju.web.routes.sanctions import sanctions_routes
from guiju.web.routes.session import session_routes
from guiju.web.routes.staff import staff_routes
from guiju.web.routes.status import status_routes
from guiju.web.routes.system import system_routes
from guiju.web.security import SecurityHeaders

_YEAR_SECONDS = 365 * 86400


class Assets(StaticFiles):
    """Static files; one that is asked for under its content hash may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        is_hashed = scope.get("query_string", b"").startswith(b"v=")
        lifetime = f"public, max-age={_YEAR_SECONDS}, immutable" if is_hashed else "no-cache"
        response.headers["Cache-Control"] = lifetime
        return response


def console_app(house: WebHouse) -> Starlette:
    """Return the application that serves everything a browser sees."""
    door = Door(house)
    api = api_app(door)
    routes: list[BaseRoute] = [
        *chat_routes(door),
        *status_routes(door),
        *session_routes(door),
        *overview_routes(door),
        *law_routes(door),
        *exchanges_routes(door),
        *live_routes(door),
        *policy_routes(door),
        *review_routes(door),
        *changes_routes(door),
        *labels_routes(door),
        *apps_routes(door),
        *sanctions_routes(door),
        *ledger_routes(door),
        *system_routes(door),
        *staff_routes(door),
        Mount("/static", Assets(directory=STATIC, check_dir=False)),
        *openapi_routes(api, GatewayApp(house.gateway, LabelsDoor(house)).addresses),
        Mount("/api", api),
    ]

    async def on_http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 405:  # noqa: PLR2004 - the one status besides 404 that routing itself raises
            return await door.on_wrong_method(request, error)
        return await door.on_not_found(request, error)

    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders, is_https=door.is_https)],
        exception_handlers={HTTPException: on_http_error, Exception: door.on_guiju_error},
    )
