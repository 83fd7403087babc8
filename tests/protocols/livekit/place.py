"""A media node and its signalling on a free port, and nothing else: what real SDKs are tried against.

The suites of SDKs only use `MediaPlace`'s public part, so that they can be run against the whole product as well.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from joserfc import jws
from joserfc.jwk import OctKey

from hubbub.clock import SystemClock
from hubbub.events import Event
from hubbub.infra.sfu.embedded import EmbeddedEngine
from hubbub.protocols.livekit.routes import add_routes
from hubbub.protocols.livekit.validate import validate_v1, validator
from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import Grants
from hubbub.services.media.leases import OnlyNode
from hubbub.services.media.node import MediaNode
from hubbub.services.media.service import MediaService

OPERATOR_KEY, OPERATOR_SECRET = "operator", "an operator's secret of 32 bytes!"
GRANTS = Grants(speak=True, camera=True, screen=True, data=True, muted=False, deafened=False)


class MediaPlace:
    def __init__(self, port: int, service: MediaService, node: MediaNode, events: list[Event], pages: Path) -> None:
        self.port = port
        self.service = service
        self.node = node
        self.events = events  # what was said on the bus
        self.pages = pages  # files served at /pages/

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def admit(self, room: str, identity: str, **changes: bool) -> str:
        """A token."""
        grants = msgspec.structs.replace(GRANTS, **changes)
        return (await self.service.admit(room, identity, f"Name of {identity}", grants)).token

    def operator_token(self, room: str, identity: str, **grant: object) -> str:
        """As an operator's own LiveKit tools make it."""
        now = int(time.time())
        claims = {
            "iss": OPERATOR_KEY,
            "sub": identity,
            "nbf": now,
            "exp": now + 600,
            "video": {"roomJoin": True, "room": room, **grant},
        }
        key = OctKey.import_key(OPERATOR_SECRET)
        return jws.serialize_compact({"alg": "HS256"}, msgspec.json.encode(claims), key, ["HS256"])

    def said(self, kind: type[Event], **fields: object) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items())]


@asynccontextmanager
async def media_place(pages: Path | None = None) -> AsyncIterator[MediaPlace]:
    clock = SystemClock()
    engine = EmbeddedEngine("127.0.0.1", 0)
    events: list[Event] = []
    tokens = AccessTokens({"own": "x" * 32, OPERATOR_KEY: OPERATOR_SECRET}, "own", clock)
    admissions = Admissions(clock)
    node = MediaNode(engine, tokens, admissions, clock, events.append, OnlyNode())
    service = MediaService(node, tokens, admissions, "")
    router = Router(Origins(["*"]), Proxies([]), 0)
    add_routes(router, node, clock, (), "test", "")
    listener = socket.create_server(("127.0.0.1", 0))
    place = MediaPlace(listener.getsockname()[1], service, node, events, pages or Path("/nonexistent"))
    node.start()
    try:
        async with _http(place, router, listener):
            yield place
            node.stop()
    finally:
        node.stop()
        engine.close()


@asynccontextmanager
async def _http(place: MediaPlace, router: Router, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        _app(place),
        ws=functools.partial(Connection, router),  # type: ignore[arg-type]
        lifespan="off",
        log_level="error",
        timeout_graceful_shutdown=5,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        await server.shutdown(sockets=[listener])


def _app(place: MediaPlace) -> Callable[..., Awaitable[None]]:
    """The HTTP beside the sockets."""
    validate = validator(place.node)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        path = scope["path"]
        if path == "/rtc/validate":
            status, extra, body = validate(headers, scope["query_string"])
        elif path in ("/rtc/v1", "/rtc/v1/validate"):
            status, extra, body = validate_v1(headers, scope["query_string"])
        elif path.startswith("/pages/") and (file := place.pages / path.removeprefix("/pages/")).is_file():
            kind = "text/javascript" if file.suffix == ".js" else "text/html"
            status, extra, body = 200, {"Content-Type": kind}, file.read_bytes()
        else:
            status, extra, body = 200, {}, b""
        raw = [(k.lower().encode(), v.encode()) for k, v in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


class CuttableProxy:
    """A TCP proxy in front of the signalling, so that a test can cut it. Media does not pass through it."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refusing = False  # new connections are dropped

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def __aenter__(self) -> CuttableProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> int:
        """Reset all connections, both ways, without a word. How many there were."""
        count = len(self._open) // 2
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()
        return count

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._open |= {writer, back_writer}
        await asyncio.gather(_copy(reader, back_writer), _copy(back_reader, writer))
        self._open -= {writer, back_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
