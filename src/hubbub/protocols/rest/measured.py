"""The outermost layer of HTTP: times each answer (OB-01) and begins its trace (OB-03).

An ASGI application around the edge; sockets never come through here.
"""

from __future__ import annotations

import logging
from typing import Any

from hubbub import trace
from hubbub.clock import Clock
from hubbub.measures import Distribution
from hubbub.protocols.websocket.handshake import Proxies

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
Scope = Any
log = logging.getLogger(__name__)


class Measured:
    """`seconds`: by method, route template and status; "(none)" where nothing answers, never the path itself.

    Only a trusted proxy continues its own trace: strangers do not choose what is recorded."""

    def __init__(self, app: Any, proxies: Proxies, clock: Clock) -> None:
        self.seconds = Distribution(("method", "route", "status"))
        self._app = app
        self._proxies = proxies
        self._now = clock.monotonic

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        since, status = self._now(), 500
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        acting = trace.acting(0)
        try:
            with trace.span(method, "server", self._parent(scope), **{"http.request.method": method}) as span:
                await self._app(scope, receive, watched)
                span.name(f"{method} {_route(scope)}")
                span.note("http.route", _route(scope))
                span.note("http.response.status_code", status)
                log.debug("%s %s answered %d", method, _route(scope), status)
        finally:
            trace.acted(acting)
            self.seconds.add(self._now() - since, method, _route(scope), str(status))

    def _parent(self, scope: Scope) -> str:
        if not self._proxies.trusts((scope.get("client") or ("", 0))[0]):
            return ""
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), "")
        return given if trace.is_valid(given) else ""


def _route(scope: Scope) -> str:
    """Set by Litestar's router when it found a handler. The two spellings of one route count as one."""
    template: str = scope.get("path_template") or "(none)"
    return "/{path}" if template.startswith("/{path") else template.removeprefix("/api") or "/api"
