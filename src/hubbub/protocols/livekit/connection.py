"""The socket of `/rtc`: carries out what the sans-IO session decides, and is the node's sink for one client."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from contextlib import contextmanager

from livekit.protocol import rtc

from hubbub.clock import Clock
from hubbub.errors import Refused, Unavailable
from hubbub.protocols.livekit.encode import Encoder
from hubbub.protocols.livekit.query import JoinQuery, parse, read
from hubbub.protocols.livekit.signal import AskNode, Close, Send, SignalSession
from hubbub.protocols.livekit.token import answer, find_token
from hubbub.protocols.livekit.validate import CORS
from hubbub.protocols.websocket.connection import Connection
from hubbub.protocols.websocket.handshake import Rejected, Request
from hubbub.services.media.api import Seat, Signalling, signals

POLICY, TRY_AGAIN = 1008, 1013  # the token died, or the room moved, between the upgrade and the join


class SignalSocket:
    """Implements SocketSession towards the socket and SignalSink towards the node."""

    def __init__(self, signalling: Signalling, encoder: Encoder, clock: Clock, token: str, query: JoinQuery) -> None:
        self._signalling = signalling
        self._encoder = encoder
        self._clock = clock
        self._token = token
        self._query = query
        self._session = SignalSession(clock.monotonic())
        self._socket: Connection | None = None
        self._seat: Seat | None = None
        self._asking: rtc.SignalRequest | None = None
        self._goodbye = (1000, "")

    # ---- SocketSession

    def opened(self, connection: Connection) -> None:
        self._socket = connection
        token, self._token = self._token, ""  # nothing to be found in a dump
        try:
            if self._query.resume:
                self._seat = self._signalling.resume(token, self._query.resume, self._query.client, self)
            else:
                self._seat = self._signalling.join(token, self._query.client, self)
        except Refused as refused:
            connection.close(POLICY, answer(refused)[1])
        except Unavailable as gone:
            connection.close(TRY_AGAIN, answer(gone)[1])

    def received(self, message: str | bytes) -> None:
        if self._seat is None:
            return
        self._seat.alive()
        for effect in self._session.receive(message, self._clock.monotonic(), self._clock.now_ms()):
            match effect:
                case Send(frame):
                    self._write(frame)
                case AskNode(ask, request):
                    self._asking = request
                    self._seat.ask(ask)
                    self._asking = None
                case Close(code, reason, fault):
                    self._goodbye = (code, reason)  # the node hangs up with it, after its word of farewell
                    if fault:
                        self._seat.misbehaved()
                    self.hang_up()

    def closed(self, code: int) -> None:
        self._socket = None
        if self._seat is not None:
            self._seat.cut(self)
            self._seat = None

    # ---- SignalSink

    def signal(self, signal: signals.Signal) -> None:
        if isinstance(signal, signals.Answered) and self._asking is not None:
            self._write(self._encoder.answered(signal, self._asking))
        else:
            self._write(self._encoder.frame(signal))

    def hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close(*self._goodbye)

    # ---- inside

    def _write(self, frame: bytes) -> None:
        if self._socket is not None:
            self._socket.write(frame)


class SignalSockets:
    """Opens them: the route's side of `/rtc`."""

    def __init__(self, signalling: Signalling, encoder: Encoder, clock: Clock) -> None:
        self._signalling = signalling
        self._encoder = encoder
        self._clock = clock

    def open(self, request: Request) -> SignalSocket | Awaitable[SignalSocket]:
        """Raises Rejected for a token that is worth nothing: clients then ask `/rtc/validate` for the reason."""
        fields = parse(request.query)
        token = find_token(request.headers, fields)
        query = read(fields)
        socket = SignalSocket(self._signalling, self._encoder, self._clock, token, query)
        with _rejecting():
            preparing = self._signalling.prepare(token, resume=query.resume != "")
        return socket if preparing is None else _prepared(preparing, socket)


async def _prepared(preparing: Awaitable[None], socket: SignalSocket) -> SignalSocket:
    with _rejecting():
        await preparing
    return socket


@contextmanager
def _rejecting() -> Generator[None]:
    try:
        yield
    except (Refused, Unavailable) as error:
        status, text = answer(error)
        raise Rejected(status, text, CORS) from None
