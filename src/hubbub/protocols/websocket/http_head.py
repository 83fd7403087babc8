"""uvicorn's HTTP with the bounds it lacks: a request head must come within 10 seconds and 64 KiB.

Give it to uvicorn as `http=BoundedHttp`. Without it a peer that never ends its head is kept for ever (slow loris).
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
HEAD_BYTES = 64 << 10
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # pyright: ignore[reportArgumentType]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_done()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_done()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """The socket is another protocol's from here on, so nobody calls `connection_lost`: what uvicorn lets go of there
        would keep itself alive, some 5 KB for each socket until the collector has looked at everything."""
        super().handle_websocket_upgrade()
        self.parser = None  # pyright: ignore[reportAttributeAccessIssue]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is not None:  # still inside a head: httptools itself would collect without end
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(_TOO_LARGE)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._refuse, _TOO_LATE)

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, answer: bytes) -> None:
        self._head_done()
        if self.transport.is_closing():
            return
        self.transport.write(answer)
        self.transport.close()
