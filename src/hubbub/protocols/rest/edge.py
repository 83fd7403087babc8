"""The outermost layer of HTTP: who asks from where (proxies), which pages may (Origin, CORS), headers of every answer.

An ASGI application around the REST one; sockets never come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hubbub.protocols.rest import errors
from hubbub.protocols.websocket.handshake import Origins, Proxies

Scope = Any  # ASGI's types are dictionaries whose shape depends on a field
Receive = Callable[..., Any]
Send = Callable[..., Any]

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_UNKNOWN = "UNKNOWN"  # a method that no handler has
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED = b"authorization, content-type, idempotency-key"


class Edge:
    """`public_url` "" means: whatever Host the client asked for."""

    def __init__(self, app: Any, origins: Origins, proxies: Proxies, public_url: str, secure: bool) -> None:
        self._app = app
        self._origins = origins
        self._proxies = proxies
        self._public_url = public_url
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        peer = (scope.get("client") or ("", 0))[0]
        host = headers.get(b"host", b"").decode("latin-1")
        state = scope.setdefault("state", {})
        state["address"] = self._proxies.client(peer, headers.get(b"x-forwarded-for", b"").decode("latin-1"))
        state["origin"] = self._public_url or f"{self._scheme(headers, peer)}://{host}"
        page = headers.get(b"origin")
        if page is None and scope["method"] == "OPTIONS":
            await self._app({**scope, "method": _UNKNOWN}, receive, _as_options(send))
        elif page is None:
            await self._app(scope, receive, _with(send, _ALWAYS))
        elif not self._allows(page.decode("latin-1"), host):
            await _refuse(send, page.decode("latin-1"))
        elif scope["method"] == "OPTIONS":
            await _preflight(send, page)
        else:
            await self._app(scope, receive, _with(send, (*_ALWAYS, *_cors(page))))

    def _allows(self, page: str, host: str) -> bool:
        return self._origins.allows(page, host) or (self._public_url != "" and page == self._public_url)

    def _scheme(self, headers: dict[bytes, bytes], peer: str) -> str:
        if self._proxies.trusts(peer) and (given := headers.get(b"x-forwarded-proto")):
            return "https" if given.strip().lower() == b"https" else "http"
        return "https" if self._secure else "http"


def _cors(page: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """No credentials: tokens travel in a header, there are no cookies."""
    return (
        (b"access-control-allow-origin", page),
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    )


def _with(send: Send, added: tuple[tuple[bytes, bytes], ...]) -> Send:
    """An answer for everybody (`*`, as signalling's own) may name this page instead, but not both: browsers take one."""
    named = any(name == b"access-control-allow-origin" for name, _ in added)

    async def forward(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            if named:
                headers = [each for each in headers if each[0].lower() != b"access-control-allow-origin"]
            message["headers"] = [*headers, *added]
        await send(message)

    return forward


def _as_options(send: Send) -> Send:
    """Litestar's own answer to OPTIONS knows one handler of a path only; its refusal of an unknown method knows all."""

    async def forward(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 405:
            allowed = [header for header in message["headers"] if header[0].lower() == b"allow"]
            headers = [*allowed, *_ALWAYS, (b"content-length", b"0")]
            message = {"type": "http.response.start", "status": 204, "headers": headers}
        elif message["type"] == "http.response.body":
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return forward


async def _preflight(send: Send, page: bytes) -> None:
    headers = [
        *_cors(page),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _ASKED),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, page: str) -> None:
    """The refused page may read the refusal, and nothing else: it names the setting that would let it in."""
    problem = errors.named("origin.refused", {"origin": page})
    body = msgspec.json.encode(problem)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *_cors(page.encode("latin-1")),
        *_ALWAYS,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
