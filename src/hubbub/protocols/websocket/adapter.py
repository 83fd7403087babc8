"""The native gateway protocol without I/O: frames of one client and the time in, effects out.

A client is NEW until it identifies or resumes, OPENING while that is being done, OPEN while it has a gateway session.
An invalid session makes it NEW again. Close codes are those of `wire/gateway.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from hubbub.protocols.websocket.effects import Close, Effect, say
from hubbub.protocols.websocket.ops import HANDLERS, WITHOUT_SESSION
from hubbub.protocols.wire.gateway import Hello, InvalidSession
from hubbub.protocols.wire.things import Instance
from hubbub.services.auth.api import AuthApi
from hubbub.services.chat.api import ChatApi
from hubbub.services.gateway.api import Dialect, GatewayApi, OpenSession, Sink
from hubbub.services.limits.api import LimitsApi
from hubbub.services.presence.api import PresenceApi
from hubbub.services.voice.api import VoiceApi

HEARTBEAT_MS = 41_250
SILENCE = HEARTBEAT_MS / 1000 * 1.5  # seconds without a heartbeat
IDENTIFY_WITHIN = 10.0
OPEN_WITHIN = 60.0  # all services together, while thousands come back at once
FRAMES = 1_200  # of any kind in WINDOW seconds, unscaled; commands have their own, tighter limit
WINDOW = 60.0
HELLO = say(10, Hello(heartbeat_interval=HEARTBEAT_MS))

Phase = Literal["new", "opening", "open"]


class Services(NamedTuple):
    """What the ops call. `instance(origin)` is what READY tells about this instance; `frames` of any kind may one socket
    send in WINDOW seconds."""

    auth: AuthApi
    gateway: GatewayApi
    chat: ChatApi
    presence: PresenceApi
    voice: VoiceApi
    limits: LimitsApi
    dialect: Dialect
    instance: Callable[[str], Awaitable[Instance]]
    frames: float


class Undecodable(Exception):
    """`d` of a frame is not what its op asks for."""


class _Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(_Frame).decode


class Adapter:
    """One client. `session` is set exactly while OPEN. `packs`: it takes packed frames
    (`packed.py`); `greeting`: and the next one from its session is READY."""

    __slots__ = (
        "_frames",
        "_window",
        "greeting",
        "heard",
        "origin",
        "packs",
        "phase",
        "services",
        "session",
        "since",
        "sink",
    )

    def __init__(self, services: Services, sink: Sink, origin: str, now: float) -> None:
        self.services = services
        self.origin = origin  # ours, as this client reached it
        self.sink = sink
        self.phase: Phase = "new"
        self.session: OpenSession | None = None
        self.packs = self.greeting = False
        self.since = now  # beginning of the phase
        self.heard = now  # last heartbeat
        self._frames = 0
        self._window = now

    def receive(self, message: str | bytes, now: float) -> Sequence[Effect]:
        if now - self._window >= WINDOW:
            self._window, self._frames = now, 0
        self._frames += 1
        if self._frames > self.services.frames:
            return (Close(4008, "too many frames"),)
        if isinstance(message, bytes):
            return (Close(4002, "frames are JSON text"),)
        try:
            frame = _decode(message)
            if (handler := HANDLERS.get(frame.op)) is None:
                return (Close(4001, f"there is no op {frame.op} for clients"),)
            if self.phase != "open" and frame.op not in WITHOUT_SESSION:
                return (Close(4003, "identify first"),)
            return handler(self, bytes(frame.d), now)
        except (msgspec.DecodeError, Undecodable, RecursionError) as error:
            return (Close(4002, str(error)),)

    def tick(self, now: float) -> Sequence[Effect]:
        """Called about once a second."""
        if self.phase == "open":
            if now - self.heard > SILENCE:
                return (Close(4009, "no heartbeat"),)
        elif self.phase == "new":
            if now - self.since > IDENTIFY_WITHIN:
                return (Close(4003, "identify within ten seconds"),)
        elif now - self.since > OPEN_WITHIN:
            return (Close(4000, "no answer in time, try again"),)
        return ()

    # ---- phases

    def closed(self) -> None:
        """The socket is gone, and takes this with it: they held each other."""
        del self.sink

    def opening(self, now: float) -> None:
        self.phase, self.since = "opening", now

    def opened(self, session: OpenSession) -> None:
        self.phase, self.session = "open", session

    def invalidated(self, reason: str, now: float) -> Sequence[Effect]:
        """The client may identify again on this socket."""
        self.phase, self.session, self.since = "new", None, now
        return (say(9, InvalidSession(reason=reason)),)
