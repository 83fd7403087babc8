"""A line between a process and a server that can be made bad: slow, cut, or half open (nothing passes, nothing closes)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

PIECE = 65_536


class Link:
    """A TCP relay in the loop of the test, on a port of its own. `delay`: seconds that each piece waits, in each
    direction. `freeze()`: both ends see an open line on which nothing arrives, new ones included; what was sent
    meanwhile arrives after `thaw()`. `cut()`: lines are reset and new ones refused until `mend()`."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._passable = asyncio.Event()
        self._passable.set()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.delay = 0.0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._came, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        await self.cut()

    def freeze(self) -> None:
        self._passable.clear()

    def thaw(self) -> None:
        self._passable.set()

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in self._lines:
            line.cancel()
        if self._lines:
            await asyncio.wait(self._lines)

    async def mend(self) -> None:
        await self.start()

    # ---- inside

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        ends = [writer]
        try:
            await self._passable.wait()
            onward, away = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(away)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, away))
                both.create_task(self._pass(onward, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.transport.abort()  # a reset, as by a line that is gone

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes: then both are closed, what waits included."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        loop = asyncio.get_running_loop()

        async def leave() -> None:
            while True:
                at, piece = await waiting.get()
                if (left := at - loop.time()) > 0:
                    await asyncio.sleep(left)
                await self._passable.wait()
                if not piece:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()

        async with asyncio.TaskGroup() as both:
            both.create_task(leave())
            while piece := await reader.read(PIECE):
                await self._passable.wait()
                await waiting.put((loop.time() + self.delay, piece))
            await waiting.put((loop.time() + self.delay, b""))


async def linked(settings: dict[str, str], name: str) -> Link:
    """A link to the server whose address this setting holds; whoever starts with these settings takes it."""
    port = urlsplit(settings[name]).port
    assert port is not None
    link = Link(port)
    await link.start()
    settings[name] = settings[name].replace(f":{port}", f":{link.port}")
    return link


async def _freeze(link: Link) -> None:
    link.freeze()


async def _thaw(link: Link) -> None:
    link.thaw()


# How a line goes bad, and how it gets well.
FAULTS: dict[str, tuple[Callable[[Link], Awaitable[None]], Callable[[Link], Awaitable[None]]]] = {
    "half open": (_freeze, _thaw),
    "cut": (Link.cut, Link.mend),
}
