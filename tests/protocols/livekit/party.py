"""A node on a recording engine, and clients that speak protobuf to it without sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from livekit.protocol import models, rtc

from hubbub.events import Event
from hubbub.infra.sfu.base import EngineEvent
from hubbub.protocols.livekit.connection import SignalSocket, SignalSockets
from hubbub.protocols.livekit.encode import Encoder, IceServer
from hubbub.protocols.websocket.handshake import Request
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import Grants
from hubbub.services.media.leases import OnlyNode
from hubbub.services.media.node import MediaNode
from hubbub.services.media.service import MediaService
from tests.fakes.clock import HandClock
from tests.fakes.engine import RecordingEngine, connected

ROOM = "1:2"
GRANTS = Grants(speak=True, camera=True, screen=True, data=True, muted=False, deafened=False)
TURN = IceServer(("turn:turn.example:3478",), "user", "word")


class RecordingSocket:
    """What `SignalSocket` needs of a Connection."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.code: int | None = None
        self.reason = ""

    def write(self, prebuilt: bytes) -> None:
        if self.code is None:
            self.frames.append(prebuilt)

    def close(self, code: int, reason: str = "") -> None:
        if self.code is None:
            self.code, self.reason = code, reason


class Party:
    def __init__(self, automatic: bool = True) -> None:
        self.clock = HandClock()
        self.engine = RecordingEngine(automatic)
        self.events: list[Event] = []
        tokens = AccessTokens({"own": "s" * 32, "ops": "o" * 32}, "own", self.clock)
        self.operator = AccessTokens({"ops": "o" * 32}, "ops", self.clock)
        admissions = Admissions(self.clock)
        self.node = MediaNode(self.engine, tokens, admissions, self.clock, self.events.append, OnlyNode())
        self.service = MediaService(self.node, tokens, admissions, "")
        self.sockets = SignalSockets(self.node, Encoder([TURN], "node", "here"), self.clock)

    async def admit(self, identity: str, **changes: bool) -> str:
        grants = msgspec.structs.replace(GRANTS, **changes)
        return (await self.service.admit(ROOM, identity, f"Name of {identity}", grants)).token

    async def join(self, identity: str, *, active: bool = True, token: str = "", **changes: bool) -> Guest:
        guest = Guest(self, token or await self.admit(identity, **changes))
        if active:
            self.happen(connected(guest.sid))
        return guest

    def happen(self, *events: EngineEvent) -> None:
        """The engine says these, and what it had to say of its own."""
        self.engine.say(*events)
        while (before := len(self.engine.calls)) is not None:
            self.node.pump()
            if len(self.engine.calls) == before:
                return

    def wait(self, seconds: float) -> None:
        """Second by second, as the node's own timer does."""
        for _ in range(round(seconds)):
            self.clock.now += 1
            self.node.sweep()
            self.node.settle()

    def said(self, kind: type[Event], **fields: object) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items())]


class Guest:
    """One client."""

    def __init__(self, party: Party, token: str, resume: str = "", **query: str) -> None:
        self.party = party
        self.token = token
        fields = {**query, **({"reconnect": "1", "sid": resume} if resume else {})}
        headers = {b"authorization": f"Bearer {token}".encode()}
        self.socket = RecordingSocket()
        self.session: SignalSocket = party.sockets.open(Request("/rtc", urlencode(fields).encode(), headers, ""))
        self.session.opened(self.socket)  # type: ignore[arg-type]
        self.received: list[rtc.SignalResponse] = []
        party.node.pump()
        self.take()
        self.sid = resume or next((m.join.participant.sid for m in self.received if m.HasField("join")), "")

    @property
    def names(self) -> list[str]:
        """Of what was received, oldest first."""
        self.take()
        return [str(m.WhichOneof("message")) for m in self.received]

    def take(self) -> list[rtc.SignalResponse]:
        """What has come since the last time."""
        fresh = [_response(frame) for frame in self.socket.frames]
        self.socket.frames.clear()
        self.received += fresh
        return fresh

    def got(self, name: str) -> Any:
        """The only message of this name that has come since the last `take`."""
        found = [getattr(m, name) for m in self.take() if m.WhichOneof("message") == name]
        assert len(found) == 1, f"{len(found)} messages {name}"
        return found[0]

    def send(self, **message: Any) -> None:
        self.session.received(rtc.SignalRequest(**message).SerializeToString())
        self.party.happen()

    def publish(self, cid: str = "mic", source: models.TrackSource = models.MICROPHONE, **fields: Any) -> str:
        """Add a track and negotiate it; its sid."""
        kind = models.AUDIO if source in (models.MICROPHONE, models.SCREEN_SHARE_AUDIO) else models.VIDEO
        self.take()
        self.send(add_track=rtc.AddTrackRequest(cid=cid, type=kind, source=source, **fields))
        sid = str(self.got("track_published").track.sid)
        self.send(offer=rtc.SessionDescription(type="offer", sdp=f"carries {cid}", id=7))
        return sid

    def cut(self) -> None:
        """The connection breaks."""
        self.socket.code = 1006
        self.session.closed(1006)

    def resume(self) -> Guest:
        return Guest(self.party, self.token, self.sid)


def _response(frame: bytes) -> rtc.SignalResponse:
    size = frame[1] & 127
    return rtc.SignalResponse.FromString(frame[{126: 4, 127: 10}.get(size, 2) :])
