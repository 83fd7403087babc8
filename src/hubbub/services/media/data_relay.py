"""Data packets between participants. The payload is LiveKit's `DataPacket`: the node stamps who sent it and chooses who
gets it; what is inside is between clients (text and byte streams, RPC, chat, all of it perhaps encrypted).

Reliable packets carry the sender's `sequence`. Receivers drop what they have seen by it, and after a resume both sides
send again what the other has missed: clients keep theirs, `History` keeps ours.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import DecodeError
from livekit.protocol.models import DataPacket, UserPacket

from hubbub.infra.sfu.base import Data, Engine
from hubbub.services.media.api import Parcel

if TYPE_CHECKING:
    from hubbub.services.media.participant import Participant
    from hubbub.services.media.room import Room

KEPT_SECONDS = 30.0  # as long as a seat is kept
KEPT_BYTES = 1 << 20  # of one room
RATE = 2000.0  # packets a second of one participant; file transfers need about 1000
BURST = 4000.0
log = logging.getLogger(__name__)


class Kept(NamedTuple):
    at: float
    sender: str
    sequence: int
    receivers: frozenset[str]
    payload: bytes


class History:
    """The reliable packets of a room, for those who resume."""

    def __init__(self) -> None:
        self._kept: deque[Kept] = deque()
        self._bytes = 0

    def keep(self, kept: Kept) -> None:
        self._kept.append(kept)
        self._bytes += len(kept.payload)
        while self._bytes > KEPT_BYTES or self._kept[0].at < kept.at - KEPT_SECONDS:
            self._bytes -= len(self._kept.popleft().payload)

    def missed(self, receiver: str, last: dict[str, int], now: float) -> tuple[bytes, ...]:
        """What was sent to `receiver` after the sequences it has seen, by sender. A sender it does not name was never
        heard by it; the client drops what it knows all the same."""
        return tuple(
            k.payload
            for k in self._kept
            if receiver in k.receivers and k.sequence > last.get(k.sender, 0) and k.at >= now - KEPT_SECONDS
        )


class Allowance:
    """A token bucket: how much data one participant may still send."""

    __slots__ = ("_at", "_left", "warned")

    def __init__(self) -> None:
        self._left = BURST
        self._at = 0.0
        self.warned = False

    def take(self, now: float) -> bool:
        self._left = min(BURST, self._left + (now - self._at) * RATE)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class DataRelay:
    """The data of one room."""

    def __init__(self, room: Room, engine: Engine) -> None:
        self._room = room
        self._engine = engine
        self._history = History()
        self._allowances: dict[str, Allowance] = {}

    def received(self, sender: Participant, event: Data) -> None:
        """Not allowed, not readable, too much, seen before: dropped, as on any other way that data may take."""
        now = self._room.clock.monotonic()
        if not sender.rights.data or not self._allowed(sender, now):
            return
        try:
            packet = DataPacket.FromString(event.payload)
        except DecodeError:
            return
        kind = packet.WhichOneof("value")
        if kind is None or kind == "speaker":  # who speaks is ours to say
            return
        if event.reliable and packet.sequence:
            if packet.sequence <= sender.last_sequence:
                return
            sender.last_sequence = packet.sequence
        receivers = self._receivers(sender, packet)
        _stamp(packet, sender, event.reliable)
        payload = packet.SerializeToString()
        if event.reliable and packet.sequence:
            self._history.keep(Kept(now, sender.sid, packet.sequence, frozenset(receivers), payload))
        if receivers:
            self._engine.send_data(receivers, event.reliable, payload)

    def send(self, parcel: Parcel) -> None:
        """From the server, in nobody's name. It is not repeated to those who resume: it carries no sequence."""
        packet = DataPacket(
            kind=DataPacket.RELIABLE if parcel.reliable else DataPacket.LOSSY,
            user=UserPacket(payload=parcel.payload, topic=parcel.topic or None, nonce=parcel.nonce),
            destination_identities=parcel.identities,
        )
        chosen = {*parcel.sids}, {*parcel.identities}
        receivers = tuple(
            each.sid
            for each in self._room.participants
            if not any(chosen) or each.sid in chosen[0] or each.identity in chosen[1]
        )
        if receivers:
            self._engine.send_data(receivers, parcel.reliable, packet.SerializeToString())

    def replay(self, receiver: Participant, last: dict[str, int]) -> None:
        for payload in self._history.missed(receiver.sid, last, self._room.clock.monotonic()):
            self._engine.send_data((receiver.sid,), True, payload)

    def forget(self, sender: str) -> None:
        self._allowances.pop(sender, None)

    def _allowed(self, sender: Participant, now: float) -> bool:
        allowance = self._allowances.setdefault(sender.sid, Allowance())
        allowed = allowance.take(now)
        if not allowed and not allowance.warned:
            allowance.warned = True
            log.warning("participant %s sends more than %d data packets a second", sender.sid, RATE)
        return allowed

    def _receivers(self, sender: Participant, packet: DataPacket) -> tuple[str, ...]:
        """Everybody else, or those named. Names inside `user` are how older clients give them."""
        identities = {*packet.destination_identities}
        sids: set[str] = set()
        if packet.HasField("user"):
            identities.update(packet.user.destination_identities)
            sids.update(packet.user.destination_sids)
        others = (p for p in self._room.participants if p is not sender and not p.rights.hidden)
        if not identities and not sids:
            return tuple(p.sid for p in others)
        return tuple(p.sid for p in others if p.identity in identities or p.sid in sids)


def _stamp(packet: DataPacket, sender: Participant, reliable: bool) -> None:
    """Nobody speaks in another's name."""
    packet.kind = DataPacket.RELIABLE if reliable else DataPacket.LOSSY
    packet.participant_sid = sender.sid
    packet.participant_identity = sender.identity
    if not reliable:
        packet.sequence = 0
    if packet.HasField("user"):
        packet.user.participant_sid = sender.sid
        packet.user.participant_identity = sender.identity
