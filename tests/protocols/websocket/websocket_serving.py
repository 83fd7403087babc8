"""A real uvicorn on a free port with our socket class, and the `websockets` client as the oracle."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.http_head import BoundedHttp


async def no_app(scope: object, receive: object, send: object) -> None:
    raise AssertionError("these tests ask for sockets only")


class Serving:
    """Where the server listens."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.server, self.port = server, port

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def connect(self, path: str, **options: object) -> connect:
        return connect(self.url(path), proxy=None, **options)  # type: ignore[arg-type]

    async def refusal(self, path: str, **options: object) -> InvalidStatus:
        try:
            async with self.connect(path, **options):
                raise AssertionError(f"{path} was opened")
        except InvalidStatus as refused:
            return refused

    async def raw(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        return reader, writer


@asynccontextmanager
async def serving(router: Router) -> AsyncIterator[Serving]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        no_app,  # type: ignore[arg-type]
        http=BoundedHttp,
        ws=functools.partial(Connection, router),  # type: ignore[arg-type]
        lifespan="off",
        log_level="error",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield Serving(server, listener.getsockname()[1])
    finally:
        if server.servers:
            await server.shutdown(sockets=[listener])


async def close_code(socket: ClientConnection) -> int:
    """Read until the end; the code that the server gave."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 5)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
