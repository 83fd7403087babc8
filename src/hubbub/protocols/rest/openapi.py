"""The OpenAPI document, made true where Litestar cannot know: who must be logged in, how a refusal looks, what leads on.

Litestar derives paths and parameters from the handlers. Bodies are msgspec's own words of the wire's structs: those
decide what is accepted. Errors are ours (RFC 9457), and any operation may answer with any of them. Links say where the
ids of a path come from, so that a program (and our own tests) can walk from a new server to a message in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin

from hubbub.protocols.wire import requests, things

Place = tuple[str, str]  # path and method
_REFS = "#/components/schemas/{name}"
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_METHODS = ("get", "put", "post", "patch", "delete")
_LEADS = {  # what makes something -> the parameters of other paths that its answer (OpenAPI, runtime expressions) knows
    "/api/servers": {"server_id": "$response.body#/id"},
    "/api/servers/{server_id}/channels": {
        "server_id": "$response.body#/server_id",
        "channel_id": "$response.body#/id",
        "target_id": "$response.body#/server_id",  # everybody's role has the server's id
    },
    "/api/servers/{server_id}/roles": {"server_id": "$request.path.server_id", "role_id": "$response.body#/id"},
    "/api/servers/{server_id}/invites": {"token": "$response.body#/token"},
    "/api/channels/{channel_id}/messages": {
        "channel_id": "$response.body#/channel_id",
        "message_id": "$response.body#/id",
        "user_id": "$response.body#/author/id",
    },
}


class Documented(JsonRenderPlugin):
    """At /api/openapi.json; worked out once."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            found = handlers_of(request.app)
            open_to_all = {place for place, handler in found.items() if handler.opt.get("open")}
            optional = {place for place, handler in found.items() if _may_be_empty(handler)}
            self._rendered = self.render_json(request, complete(openapi_schema, open_to_all, optional))
        return self._rendered


def handlers_of(app: Litestar) -> dict[Place, HTTPRouteHandler]:
    found: dict[Place, HTTPRouteHandler] = {}
    for route in app.routes:
        handlers: Iterable[Any] = getattr(route, "route_handlers", ())
        for handler in handlers:
            if isinstance(handler, HTTPRouteHandler):
                found |= {(route.path_format, method.lower()): handler for method in handler.http_methods}
    return found


def _may_be_empty(handler: HTTPRouteHandler) -> bool:
    data = handler.parsed_fn_signature.parameters.get("data")
    return data is not None and data.has_default


def complete(document: dict[str, Any], open_to_all: set[Place], optional: set[Place]) -> dict[str, Any]:
    """`open_to_all`: what needs no token. `optional`: what needs no body."""
    components = document["components"]
    components["schemas"] = _schemas(set(components["schemas"]))
    components["responses"] = {
        "Problem": {
            "description": "Why not. `code` is stable, `detail` says what to do.",
            "content": {"application/problem+json": {"schema": {"$ref": _REFS.format(name="Problem")}}},
        }
    }
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    paths: dict[str, Any] = {path: each for path, each in document["paths"].items() if "/health" not in path}
    for path, operations in paths.items():  # health is asked by machines; its 503 tells the same as its 200
        for method in _METHODS:
            if (operation := operations.get(method)) is not None:
                operation["responses"].pop("400", None)
                operation["responses"] |= {"4XX": _PROBLEM, "5XX": _PROBLEM}
                if (path, method) in optional:
                    operation["requestBody"]["required"] = False
                operation["security"] = [] if (path, method) in open_to_all else [{"token": []}]
    for path, known in _LEADS.items():
        paths[path]["post"]["responses"]["201"]["links"] = _links(paths, known)
    return document


def _schemas(named: set[str]) -> dict[str, Any]:
    kinds = {**vars(requests), **vars(things)}
    wanted = [kinds[name] for name in sorted(named | {"Problem"})]
    _, schemas = msgspec.json.schema_components(wanted, ref_template=_REFS)
    return schemas


def _links(paths: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """To every operation whose path needs nothing else."""
    found: dict[str, Any] = {}
    for path, operations in paths.items():
        needed = re.findall(r"{(\w+)}", path)
        if needed and set(needed) <= set(known):
            for method in _METHODS:
                if (operation := operations.get(method)) is not None:
                    name = operation["operationId"]
                    found[name] = {"operationId": name, "parameters": {each: known[each] for each in needed}}
    return found
