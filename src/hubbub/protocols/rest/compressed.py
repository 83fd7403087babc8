"""Long JSON answers gzipped for those who take it (EV-05; RFC 9110, section 12.5.3).

An ASGI application around the REST one. Only answers to GET, so never the pair of tokens that an account begins with;
what lies under /auth stays as it is altogether: nothing secret shares a compressed answer with what a stranger wrote.

Litestar's `CompressionConfig` chooses by path alone: it packs answers to POST, pictures, problems and streams too, all
on the event loop, for `gzip;q=0` as well, and gives the unpacked form no Vary. A subclass that mends this replaces each
of its methods (docs/decisions/0010).
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

FROM = 1_024  # bytes: below, the headers are most of it
LEVEL = 1  # 50 messages: 22 KB to 2.8 KB in 59 us; 6 needs 128 us for 2.5 KB, and 5 times as long for long texts
ASIDE = 64 * 1024  # bytes from which another thread does it: half a millisecond

_GZIP = 16 + zlib.MAX_WBITS
_UNTOUCHED = ("/api/auth/", "/auth/")
Message = Any


class Compressed:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith(_UNTOUCHED):
            accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
            send = _Packing(send, takes_gzip(accepted.decode("latin-1")))
        await self._app(scope, receive, send)


class _Packing:
    """Holds the head of a JSON answer back until its body is known; everything else passes."""

    def __init__(self, send: Any, wanted: bool) -> None:
        self._send = send
        self._wanted = wanted
        self._head: Message = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_packed(message):
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            body: bytes = message.get("body", b"")
            if len(body) >= FROM and not message.get("more_body", False):
                head, message = await self._packed(head, message, body)
            await self._send(head)
        await self._send(message)

    async def _packed(self, head: Message, message: Message, body: bytes) -> tuple[Message, Message]:
        headers = [*head["headers"], (b"vary", b"accept-encoding")]
        if self._wanted:
            body = pack(body) if len(body) < ASIDE else await asyncio.to_thread(pack, body)
            headers = [each for each in headers if each[0].lower() != b"content-length"]
            headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
        return {**head, "headers": headers}, {**message, "body": body}


def pack(body: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding wants it; a name outweighs the star."""
    weights: dict[str, float] = {}
    for each in accepted.lower().split(","):
        name, _, parameters = each.partition(";")
        weights[name.strip()] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _may_be_packed(head: Message) -> bool:
    headers = {name.lower(): value for name, value in head.get("headers", ())}
    return (
        head["status"] == 200
        and b"content-encoding" not in headers
        and headers.get(b"content-type", b"").partition(b";")[0].strip() == b"application/json"
    )
