"""The one WebSocket protocol class given to uvicorn as `ws=functools.partial(Connection, router)`: every socket path
of the product goes through it.

How uvicorn uses it (httptools_impl.handle_websocket_upgrade): `ws(config=, server_state=, app_state=)`, then
`connection_made`, then `data_received(request head)`, then `transport.set_protocol(self)`. A class that swapped itself
in `data_received` would be overwritten, so this one serves all paths itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, cast

from hubbub.protocols.websocket.codec import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    Violation,
    close_frame,
    frame,
    read_close,
)
from hubbub.protocols.websocket.handshake import Origins, Proxies, Rejected, Request, accept, read_request
from hubbub.protocols.websocket.occupancy import Occupancy
from hubbub.protocols.websocket.outbound import Outbound

BACKLOG = 1 << 20  # bytes the kernel did not take: above this the peer is too slow
LARGE = 1 << 18  # bytes of one write that must not make anybody slow by itself: READY, a replay
CLOSE_GRACE = 3.0  # seconds to drain and to see the peer's close, then abort
OPEN_WITHIN = 10.0  # seconds in which a route decides about an upgrade
GOING_AWAY, INTERNAL, RESTART, SLOW = 1001, 1011, 1012, 4020

log = logging.getLogger(__name__)


class SocketSession(Protocol):
    """What a protocol adapter gives us; it never sees the socket, only `Connection.write` and `.close`."""

    def opened(self, connection: Connection) -> None:
        """The upgrade is answered; frames may be written. Called once, before any `received`."""
        ...

    def received(self, message: str | bytes) -> None:
        """One whole message: str for text frames, bytes for binary ones."""
        ...

    def closed(self, code: int) -> None:
        """The connection is gone. `code`: who closed first, peer or we, said it; 1005 nothing, 1006 cut off."""
        ...


OpenSession = Callable[[Request], "SocketSession | Awaitable[SocketSession]"]


class Route(NamedTuple):
    """`open` makes the session or raises Rejected (401, 403, 429 …); it may be a coroutine function. `largest`: bytes of
    one message that a client may send."""

    open: OpenSession
    largest: int


class Router:
    """All socket paths of the process; filled by assembly before uvicorn starts."""

    def __init__(self, origins: Origins, proxies: Proxies, per_address: int) -> None:
        self.origins = origins
        self.proxies = proxies
        self.occupancy = Occupancy(per_address)
        self.outbound = Outbound()
        self._routes: dict[str, Route] = {}
        self._refusals: dict[str, Rejected] = {}

    def add(self, path: str, open: OpenSession, largest: int) -> None:
        self._routes[path] = Route(open, largest)

    def refuse(self, path: str, rejected: Rejected) -> None:
        """Answer a path with a fixed refusal, e.g. a 404 with CORS headers, before any other check."""
        self._refusals[path] = rejected

    def request(self, head: bytes, peer: str, secure: bool) -> tuple[Request, Route]:
        """Raises Rejected. Fixed refusals come first: a page must be able to read them whatever its origin."""
        path = head.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")
        if (refusal := self._refusals.get(path)) is not None:
            raise refusal
        request = read_request(head, peer, secure, self.origins, self.proxies)
        if (route := self._routes.get(request.path)) is None:
            raise Rejected(404, "There is no socket at this path.")
        return request, route


class Connection(asyncio.Protocol):
    """One socket: OPENING until the upgrade is answered, OPEN, CLOSING after a close frame of ours or the peer's."""

    __slots__ = (
        "_code",
        "_deadline",
        "_open",
        "_opening",
        "_pending",
        "_reader",
        "_router",
        "_server",
        "_session",
        "_transport",
        "address",
    )
    _transport: asyncio.Transport

    def __init__(self, router: Router, *, config: Any, server_state: Any, app_state: Any) -> None:
        self.address = ""
        self._router = router
        self._server: Any = server_state
        self._reader: FrameReader | None = None
        self._session: SocketSession | None = None
        self._opening: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._open = False  # frames may be written
        self._code = 1006
        self._pending: bytes | list[bytes] = b""  # written, not yet handed to the transport; mostly one piece or none

    # ---- for sessions

    def write(self, prebuilt: bytes) -> None:
        """Queue one prebuilt frame, or several joined. What a few loop turns write leaves in one system call."""
        if not self._open:
            return
        if len(prebuilt) > LARGE:
            self._transport.set_write_buffer_limits(high=BACKLOG + len(prebuilt))
        if not self._pending:
            self._pending = prebuilt
            self._router.outbound.add(self)
        elif isinstance(self._pending, list):
            self._pending.append(prebuilt)
        else:
            self._pending = [self._pending, prebuilt]

    def flush(self) -> None:
        """Called by `Outbound`, and before anything that must come after what was written."""
        if pending := self._pending:
            self._pending = b""
            self._transport.write(pending if isinstance(pending, bytes) else b"".join(pending))

    def close(self, code: int, reason: str = "") -> None:
        """Say why and wait for the peer's answer, but not for ever. Later calls do nothing."""
        if self._open:
            self._open = False
            self._code = code
            self.flush()
            self._transport.write(close_frame(code, reason))
            self._abort_later()

    @property
    def is_open(self) -> bool:
        return self._open

    # ---- for the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's classes are no subclasses of asyncio's
        self._transport.set_write_buffer_limits(high=BACKLOG)
        self._server.connections.add(self)  # uvicorn calls shutdown() on these, then waits until the set is empty

    def connection_lost(self, exc: Exception | None) -> None:
        self._open = False
        self._pending = b""
        self._server.connections.discard(self)
        if self._deadline:
            self._deadline.cancel()
        if self._opening:
            self._opening.cancel()
        if self._reader is not None:
            self._reader = None
            self._router.occupancy.left(self.address)
        if self._session is not None:
            session, self._session = self._session, None
            session.closed(self._code)

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():  # refused or answered: nothing more is read
            return
        try:
            if self._reader is None:
                self._begin(data)
            else:
                for opcode, body in self._reader.receive(data):
                    self._handle(opcode, body)
        except Rejected as rejected:
            self._reject(rejected)
        except Violation as violation:
            self.close(violation.code, str(violation))
        except UnicodeDecodeError:
            self.close(1007, "text is not UTF-8")
        except Exception:
            log.exception("a socket session failed")
            self._fail()

    def pause_writing(self) -> None:
        """The transport holds more than BACKLOG: nobody is waited for. The client resumes with its session."""
        if self._open:
            self._router.occupancy.dropped += 1
            self.close(SLOW, "too slow, resume")

    def resume_writing(self) -> None: ...

    def eof_received(self) -> None: ...

    def shutdown(self) -> None:
        """Called by uvicorn. Without the deadline one stuck peer would hold the process for ever."""
        if self._open:
            self.close(RESTART, "restarting, resume")
        elif self._session is None:
            self._transport.close()

    # ---- inside

    def _begin(self, head: bytes) -> None:
        peer = self._transport.get_extra_info("peername")
        secure = self._transport.get_extra_info("sslcontext") is not None
        request, route = self._router.request(head, peer[0] if isinstance(peer, tuple) else "", secure)
        self._router.occupancy.entered(request.address)  # may reject
        self.address = request.address
        self._reader = FrameReader(route.largest)
        session = route.open(request)
        if not isinstance(session, Awaitable):
            self._accept(request, session)
            return
        self._transport.pause_reading()
        self._opening = asyncio.get_running_loop().create_task(self._wait(request, session))

    async def _wait(self, request: Request, opening: Awaitable[SocketSession]) -> None:
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                session = await opening
        except Rejected as rejected:
            self._reject(rejected)
        except TimeoutError:
            self._reject(Rejected(503, "No answer in time. Try again.", {"Retry-After": "5"}))
        except Exception:
            log.exception("opening a socket failed")
            self._fail()
        else:
            if self._transport.is_closing():
                session.closed(self._code)
                return
            self._transport.resume_reading()
            self._accept(request, session)
        finally:
            self._opening = None

    def _accept(self, request: Request, session: SocketSession) -> None:
        self._transport.write(accept(request))
        self._open = True
        self._session = session
        session.opened(self)

    def _handle(self, opcode: int, body: bytes) -> None:
        if not self._open:  # closing: only the peer's close matters
            if opcode == CLOSE:
                self._transport.close()
        elif self._session is not None and opcode == TEXT:
            self._session.received(body.decode())
        elif self._session is not None and opcode == BINARY:
            self._session.received(body)
        elif opcode == PING:
            self.write(frame(PONG, body))
        elif opcode == CLOSE:
            self._code = read_close(body)
            self._open = False
            self.flush()
            self._transport.write(frame(CLOSE, body[:2]))
            self._transport.close()
            self._abort_later()  # a peer that does not read would keep the transport for ever

    def _reject(self, rejected: Rejected) -> None:
        self._transport.write(rejected.response)
        self._transport.close()
        self._abort_later()

    def _fail(self) -> None:
        """A bug of ours costs this socket only."""
        if self._open:
            self.close(INTERNAL, "internal error")
        elif self._session is None:
            self._reject(Rejected(500, "Internal error."))

    def _abort_later(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(CLOSE_GRACE, self._transport.abort)
