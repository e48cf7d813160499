"""`/openapi.json`: every endpoint of both doors in one document. It holds no secret and needs no session."""

from collections.abc import Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from guiju.web.gateway_app import GatewayApp
from guiju.web.openapi.document import document


def openapi_routes(console: FastAPI) -> list[Route]:
    """Make the route; `console` describes what is under `/api`."""
    return [Route("/openapi.json", _answering(console), methods=["GET"])]


def _answering(console: FastAPI) -> Callable[[Request], Response]:
    def show_document(_request: Request) -> Response:
        return JSONResponse(document(console.openapi(), GatewayApp.paths))

    return show_document
