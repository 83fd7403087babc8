"""A gateway client that costs the measuring process as little as Python can: bytes in, frames told apart by their first
bytes, commands from prepared parts. Frames are masked with zeros: unmasking them costs the server the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

_UPGRADE = (
    b"GET /gateway?v=1 HTTP/1.1\r\nHost: %b:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
DISPATCH, REPLY = b'{"op":0,', b'{"op":21'
OPEN_WITHIN = 60.0
BEAT = 30.0  # seconds; after 62 without one the server closes


class Line(asyncio.Protocol):
    """One identified gateway connection. `on_frame(payload)` gets every text frame after READY."""

    def __init__(self, host: str, port: int, token: str, on_frame: Callable[[bytes], None]) -> None:
        self._upgrade = _UPGRADE % (host.encode(), port)
        self._token = token
        self._on_frame = on_frame
        self._rest = b""
        self._upgraded = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    @classmethod
    async def open(cls, host: str, port: int, token: str, on_frame: Callable[[bytes], None]) -> Line:
        """Returns after READY."""
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: cls(host, port, token, on_frame), host, port
        )
        await asyncio.wait_for(line.ready, OPEN_WITHIN)
        return line

    def command(self, id: int, name: bytes, data: bytes) -> None:
        """`data`: JSON. The REPLY carries `id` as a number."""
        self.write(b'{"op":20,"d":{"id":%d,"name":"%b","data":%b}}' % (id, name, data))

    def write(self, payload: bytes) -> None:
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)

    def abort(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._transport.write(self._upgrade)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"closed before READY: {self._rest[:200]!r}"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        if not self._upgraded:
            if (at := data.find(b"\r\n\r\n") + 4) < 4:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._rest = data
                self._transport.abort()
                return
            self._upgraded = True
            identify = json.dumps({"op": 2, "d": {"token": self._token, "client": "load"}}, separators=(",", ":"))
            self.write(identify.encode())
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size > 125:
                start += 2 if size == 126 else 8
                if start > end:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            if start + size > end:
                break
            if data[at] == 0x81:
                self._frame(data[start : start + size])
            at = start + size
        self._rest = data[at:]

    def _frame(self, payload: bytes) -> None:
        if self.ready.done():
            self._on_frame(payload)
        elif payload.startswith(DISPATCH) and b'"t":"READY"' in payload[:64]:
            self.ready.set_result(None)
            asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _beat(self) -> None:
        if not self.closed:
            self.write(b'{"op":1,"d":null}')
            asyncio.get_running_loop().call_later(BEAT, self._beat)
