"""Joins the gateway's part, written by hand, with the console's, which its code describes, into one document."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

from guiju import __version__

Node: TypeAlias = "dict[str, object]"
_HERE = Path(__file__).parent
UNDESCRIBED = "gateway-undescribed"
_METHODS = frozenset(("get", "post", "put", "patch", "delete"))
_FASTAPIS = frozenset(("HTTPValidationError", "ValidationError"))  # its errors; ours have another shape
_ERROR: Node = {"$ref": "#/components/responses/Error"}
_CONSOLE_ERROR: Node = {"$ref": "#/components/responses/ConsoleError"}


def document(console: Mapping[str, object], gateway_paths: Iterable[str]) -> Node:
    """Return the whole document.

    Args:
        console: the OpenAPI document of the application under `/api`.
        gateway_paths: every address of the gateway's door; one that nobody has described yet is named all the same.
    """
    gateway = _part(yaml.safe_load((_HERE / "gateway.yaml").read_text("utf-8")))
    paths = dict(_part(gateway["paths"]))
    for path in sorted(set(gateway_paths) - paths.keys()):
        paths[path] = _undescribed(path)
    for path, item in _part(console["paths"]).items():
        paths[f"/api{path}"] = _console_item(_part(item))
    ours, theirs = _part(gateway["components"]), _part(console.get("components", {}))
    both = _part(ours["schemas"]), _part(theirs.get("schemas", {}))
    if twice := both[0].keys() & both[1].keys():
        raise ValueError(f"two schemas have the same name: {', '.join(sorted(twice))}")
    schemas = {name: schema for part in both for name, schema in part.items() if name not in _FASTAPIS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Guiju 规矩",
            "version": __version__,
            "description": "The gateway's endpoints (`/v1`), its probes, and the console's pages as JSON (`/api`).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {**ours, "schemas": schemas},
    }


def _console_item(item: Node) -> Node:
    """Return the operations of a console path with their security and the errors that all of them may give."""
    found: Node = {}
    for method, operation in item.items():
        if method not in _METHODS:
            found[method] = operation
            continue
        described = dict(_part(operation))
        responses = described["responses"] = dict(_part(described["responses"]))
        responses.pop("422", None)  # ours are 400, in our own shape
        for status in ("400", "401", "403", "404", "405", "500", "503"):
            responses.setdefault(status, _CONSOLE_ERROR)
        if method != "get":
            responses.setdefault("413", _CONSOLE_ERROR)
            described["parameters"] = [*_list(described.get("parameters", [])), _token()]
        described["security"] = [{"session": []}]
        found[method] = described
    return found


def _token() -> Node:
    return {
        "name": "X-CSRF-Token",
        "in": "header",
        "required": True,
        "description": "From /api/session.",
        "schema": {"type": "string", "maxLength": 128, "pattern": "^[0-9a-f]+$"},
    }


def _undescribed(path: str) -> Node:
    """Describe an endpoint of the gateway by what is true of all of them."""
    answer = {"description": "As the OpenAI or Anthropic documentation of this endpoint has it."}
    responses: Node = {"200": answer}
    responses.update({str(status): _ERROR for status in (400, 401, 404, 405, 408, 413, 415, 429, 500, 502, 503, 504)})
    name = "".join(part.capitalize() for part in path.replace("/", " ").replace("_", " ").split())
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    operation = {"operationId": f"post{name}", "tags": [UNDESCRIBED], "security": [{"key": []}]}
    return {"post": {**operation, "requestBody": body, "responses": responses}}


def _part(node: object) -> Node:
    if not isinstance(node, dict):
        raise TypeError("the gateway's part of the OpenAPI document is broken: a mapping is missing")
    return node


def _list(node: object) -> list[object]:
    return node if isinstance(node, list) else []
