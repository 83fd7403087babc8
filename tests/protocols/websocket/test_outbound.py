"""What is written within a few turns leaves together and in order; a close frame comes after all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hubbub.protocols.websocket import outbound
from hubbub.protocols.websocket.codec import TEXT, close_frame, frame
from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.websocket.outbound import Outbound
from tests.protocols.websocket.websocket_serving import serving

HEAD = (
    b"GET /kept HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Recorder:
    """Takes the place of a transport: each call of `write` would be one system call."""

    def __init__(self, real: asyncio.Transport) -> None:
        self._real = real
        self.calls: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)
        self._real.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Kept:
    connection: Connection

    def opened(self, connection: Connection) -> None:
        self.connection = connection

    def received(self, message: str | bytes) -> None: ...

    def closed(self, code: int) -> None: ...


async def _written(talk: Callable[[Connection], Awaitable[None]], expected: bytes) -> tuple[bytes, ...]:
    router, kept = Router(Origins(()), Proxies(()), 0), Kept()
    router.add("/kept", lambda request: kept, 1000)
    async with serving(router) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HEAD)
        await reader.readuntil(b"\r\n\r\n")
        recorder: Any = Recorder(kept.connection._transport)  # pyright: ignore[reportPrivateUsage]
        kept.connection._transport = recorder  # pyright: ignore[reportPrivateUsage]
        await talk(kept.connection)
        async with asyncio.timeout(5):
            assert await reader.readexactly(len(expected)) == expected
        calls = tuple(recorder.calls)
        writer.close()
    return calls


async def test_writes_of_neighbouring_turns_are_one_call() -> None:
    pieces = [frame(TEXT, b"one"), frame(TEXT, b"two"), frame(TEXT, b"three")]

    async def talk(connection: Connection) -> None:
        connection.write(pieces[0])
        connection.write(pieces[1])
        await asyncio.sleep(0)
        connection.write(pieces[2])

    assert await _written(talk, b"".join(pieces)) == (b"".join(pieces),)


async def test_a_close_frame_comes_last() -> None:
    async def talk(connection: Connection) -> None:
        connection.write(frame(TEXT, b"one"))
        connection.close(4021, "log in again")
        connection.write(frame(TEXT, b"too late"))

    expected = frame(TEXT, b"one") + close_frame(4021, "log in again")
    assert b"".join(await _written(talk, expected)) == expected


async def test_others_get_their_turn_between_slices() -> None:
    flushed: list[int] = []
    seen: list[int] = []

    class Socket:
        def __init__(self, number: int) -> None:
            self._number = number

        def flush(self) -> None:
            flushed.append(self._number)

    out = Outbound()
    for number in range(3 * outbound.SLICE):
        out.add(Socket(number))
    while len(flushed) < 3 * outbound.SLICE:
        await asyncio.sleep(0)
        seen.append(len(flushed))
    assert flushed == sorted(flushed)
    assert outbound.SLICE in seen
    assert 2 * outbound.SLICE in seen
