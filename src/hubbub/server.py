"""One process on one port: binds TCP, runs uvicorn inside our own loop and signals, and closes everything in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from hubbub.config import Config
from hubbub.infra import certificates
from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.http_head import BoundedHttp

DRAIN_SECONDS = 5
KEEP_ALIVE_SECONDS = 75  # longer than the usual proxies keep theirs
log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Without uvicorn's own signal handling: it raises the signal again after a clean stop and skips our clean-up.

    `farewell` is called before sockets are closed: clients are told where to go while they can still be told."""

    farewell: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """A second one does not wait for open requests."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        """Once a second, for the date in answers; uvicorn's own looks ten times whether it should end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.farewell()
        await asyncio.sleep(0)  # what was written leaves before the close frames
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError with the address in its words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(4096)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listening


def make(app: Any, router: Router, config: Config, names: list[str]) -> Server:
    """`names`: host names and addresses that a self-signed certificate must hold."""
    settings = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws=partial(Connection, router),  # pyright: ignore[reportArgumentType]  (a factory will do: see its docstring)
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        backlog=4096,
        **_tls(config, names),
    )
    settings.load()
    if settings.ssl is not None:
        settings.ssl.minimum_version = ssl.TLSVersion.TLSv1_3  # SE-01
    return Server(settings)


async def serve(server: Server, listening: socket.socket) -> None:
    """Until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, server.stop)
    await server.serve(sockets=[listening])


def _tls(config: Config, names: list[str]) -> dict[str, Any]:
    if config.tls == "off":
        return {}
    if config.tls == "files":
        return {"ssl_certfile": config.tls_cert, "ssl_keyfile": config.tls_key}
    made = certificates.self_signed(Path(config.data_dir) / "keys", names)
    return {"ssl_certfile": str(made.chain), "ssl_keyfile": str(made.key)}
