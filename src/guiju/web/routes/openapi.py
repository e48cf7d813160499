"""`/openapi.json`: every endpoint of both doors in one document. It holds no secret and needs no session."""

from collections.abc import Callable, Iterable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from guiju.web.openapi.document import document


def openapi_routes(console: FastAPI, gateway: Iterable[str]) -> list[Route]:
    """Make the route; `console` describes what is under `/api`, `gateway` are the addresses of the gateway's door."""
    return [Route("/openapi.json", _answering(console, frozenset(gateway)), methods=["GET"])]


def _answering(console: FastAPI, gateway: frozenset[str]) -> Callable[[Request], Response]:
    def show_document(_request: Request) -> Response:
        return JSONResponse(document(console.openapi(), gateway))

    return show_document
