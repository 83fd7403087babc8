"""One client's socket: carries out what the adapter wants, and is the sink of its gateway session."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from hubbub import trace
from hubbub.protocols.websocket.adapter import HELLO, Adapter, Services
from hubbub.protocols.websocket.connection import Connection
from hubbub.protocols.websocket.effects import Close, Effect, Run, Write, say
from hubbub.protocols.websocket.packed import packed
from hubbub.protocols.websocket.watch import Watch
from hubbub.services.gateway.api import Ending

WAITING = 64  # ops of one client that wait for their turn
GOODBYE = (1000, 1001)  # the peer closed on purpose: a tab was closed, the user left
_CODES: dict[Ending, tuple[int, str]] = {
    "revoked": (4021, "log in again"),
    "moved": (4022, "identify again"),
    "replaced": (4000, "resumed on another socket"),
}

log = logging.getLogger(__name__)


class GatewaySocket:
    """A SocketSession for `Connection`, a Sink for the gateway service."""

    __slots__ = ("_adapter", "_connection", "_now", "_refusal", "_running", "_waiting", "_watch")

    def __init__(
        self, services: Services, watch: Watch, now: Callable[[], float], origin: str, refusal: Close | None
    ) -> None:
        self._adapter = Adapter(services, self, origin, now())
        self._watch = watch
        self._now = now
        self._refusal = refusal  # closes at once: the version is not ours
        self._connection: Connection | None = None
        self._waiting: deque[Run] | None = None  # made when needed: most sockets only listen
        self._running: asyncio.Task[None] | None = None

    # ---- SocketSession

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        if self._refusal is not None:
            self._apply((self._refusal,))
            return
        connection.write(HELLO.prebuilt)
        self._watch.add(self)

    def received(self, message: str | bytes) -> None:
        self._apply(self._adapter.receive(message, self._now()))

    def closed(self, code: int) -> None:
        self._watch.discard(self)
        self._connection = None
        self._waiting = None
        if self._adapter.phase == "opening" and self._running is not None:
            self._running.cancel()  # a command, however, runs to its end
        self._adapter.closed()
        session, gateway = self._adapter.session, self._adapter.services.gateway
        if session is None:
            return
        if code in GOODBYE:
            gateway.end(session)
        else:
            gateway.detach(session, self)

    # ---- Sink

    def write(self, prebuilt: bytes) -> None:
        if self._connection is not None:
            if self._adapter.greeting:
                self._adapter.greeting = False
                prebuilt = packed(prebuilt)
            self._connection.write(prebuilt)

    def invalid(self, reason: str) -> None:
        self._apply(self._adapter.invalidated(reason, self._now()))

    def reconnect(self) -> None:
        self._apply((say(7, None),))

    def ended(self, ending: Ending) -> None:
        self._apply((Close(*_CODES[ending]),))

    # ---- inside

    def tick(self, now: float) -> None:
        if effects := self._adapter.tick(now):
            self._apply(effects)

    def _apply(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if self._connection is None:
                return
            if isinstance(effect, Write):
                self._connection.write(effect.prebuilt)
            elif isinstance(effect, Close):
                self._connection.close(effect.code, effect.reason)
            else:
                self._enqueue(effect, self._connection)

    def _enqueue(self, run: Run, connection: Connection) -> None:
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) >= WAITING:
            connection.close(4008, "too many commands at once")
            return
        self._waiting.append(run)
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._work(self._waiting))

    async def _work(self, waiting: deque[Run]) -> None:
        """One after the other: what a client sent first happens first."""
        try:
            while waiting and self._connection is not None and self._connection.is_open:
                self._apply(await self._guarded(waiting.popleft().work))
        finally:
            self._running = None
            self._waiting = None if not waiting else self._waiting

    async def _guarded(self, work: Callable[[], Awaitable[Sequence[Effect]]]) -> Sequence[Effect]:
        session = self._adapter.session
        acting = trace.acting(session.principal.user_id if session is not None else 0)
        try:
            with trace.span("gateway op", "server", ""):
                try:
                    return await work()
                except Exception:
                    log.exception("a gateway op failed")
                    return (Close(4000, "internal error"),)
        finally:
            trace.acted(acting)
