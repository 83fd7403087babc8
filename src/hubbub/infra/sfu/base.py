"""The media engine port: rooms, peers and tracks. Packets stay below it; control events come up, in batches.

A *peer* is one participant (LiveKit `PA_…`) with up to two peer connections, as LiveKit's protocol version 0 has them:
the *publisher* side, where the client offers and we answer, and the *subscriber* side, where we always offer.
A *track* (`TR_…`) belongs to the peer that publishes it. Ids are chosen by the caller and never reused.

Rules:
- Commands never block and never raise for ids that are gone: they are queued to the media thread, in order.
- What a command leads to arrives later from `drain()`; `fileno()` becomes readable when something is waiting.
- Events of one peer arrive in the order in which they happened.
- The queue of events is bounded; levels and quality are replaced by newer ones when it is full, nothing else is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Side = Literal["publisher", "subscriber"]
Kind = Literal["audio", "video"]


class PublisherAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answer to `publisher_offer(peer, offer)`."""

    peer: str
    sdp: str


class SubscriberOffer(msgspec.Struct, frozen=True, tag=True):
    """Our next offer for the subscriber side. One is in flight at a time; changes meanwhile are folded into the next."""

    peer: str
    sdp: str


class NegotiationFailed(msgspec.Struct, frozen=True, tag=True):
    """The peer's SDP was refused. The connection goes on as it was; `reason` is for the log."""

    peer: str
    side: Side
    reason: str


class SideConnected(msgspec.Struct, frozen=True, tag=True):
    """ICE and DTLS are up (again, after an ICE restart)."""

    peer: str
    side: Side


class SideLost(msgspec.Struct, frozen=True, tag=True):
    """ICE gave up or DTLS closed. The peer stays until `close_peer`; an ICE restart may bring it back."""

    peer: str
    side: Side


class DataOpen(msgspec.Struct, frozen=True, tag=True):
    """Both data channels of the subscriber side (`_reliable`, `_lossy`) can be written."""

    peer: str


class Data(msgspec.Struct, frozen=True, tag=True):
    """One message of a data channel that the peer opened on its publisher side (or answered on ours)."""

    peer: str
    reliable: bool
    payload: bytes


class TrackStarted(msgspec.Struct, frozen=True, tag=True):
    """The first packet of an announced track arrived."""

    peer: str
    track: str
    mid: str


class TrackEnded(msgspec.Struct, frozen=True, tag=True):
    """The publisher's section for this track was stopped or removed by a later offer."""

    peer: str
    track: str


class Levels(msgspec.Struct, frozen=True, tag=True):
    """Loudness of a room's audio tracks over the last 100 ms window (RFC 6464), only tracks that sent packets in it.

    `levels`: (track, loudest level in -dBov as 0..127 where 0 is loudest and 127 silence, share of packets in the
    window with the voice-activity bit, 0..1). A window in which nothing changed from silence is not reported.
    """

    room: str
    levels: tuple[tuple[str, int, float], ...]


class Quality(msgspec.Struct, frozen=True, tag=True):
    """What the last 2 s looked like for one peer, both directions added up. Units: share 0..1, milliseconds, bit/s."""

    peer: str
    loss_in: float
    loss_out: float
    rtt_ms: float
    jitter_ms: float
    bitrate_in: int
    bitrate_out: int


class Stuck(msgspec.Struct, frozen=True, tag=True):
    """The engine had to drop this peer: a broken invariant, or data that it did not read (bounded queues)."""

    peer: str
    reason: str


EngineEvent = (
    PublisherAnswer
    | SubscriberOffer
    | NegotiationFailed
    | SideConnected
    | SideLost
    | DataOpen
    | Data
    | TrackStarted
    | TrackEnded
    | Levels
    | Quality
    | Stuck
)


class EngineStats(msgspec.Struct, frozen=True):
    """Counters since start, and what exists now."""

    rooms: int
    peers: int
    tracks: int
    subscriptions: int
    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int
    dropped: int


class Engine(Protocol):
    def open_room(self, room: str) -> None:
        """Levels are reported per room. Opening an open room does nothing."""
        ...

    def close_room(self, room: str) -> None:
        """Close every peer in it."""
        ...

    def open_peer(self, room: str, peer: str) -> None: ...

    def close_peer(self, peer: str) -> None:
        """Close both sides (DTLS close_notify where possible) and withdraw its tracks and subscriptions."""
        ...

    def announce_track(self, peer: str, cid: str, track: str, kind: Kind) -> None:
        """Say which track the coming offer's section with `a=msid:<any> <cid>` carries. A new section whose track id nobody
        announced takes the oldest announcement of its kind that is left (Firefox's SDP has other ids than its tracks);
        if there is none it is answered, and its packets are dropped."""
        ...

    def withdraw_track(self, track: str) -> None:
        """Stop forwarding for good; every subscription to it ends (new subscriber offers follow)."""
        ...

    def mute_track(self, track: str, muted: bool) -> None:
        """While muted nothing of the track is forwarded, and it has no level, whatever its publisher sends."""
        ...

    def publisher_offer(self, peer: str, sdp: str) -> None:
        """Answered by PublisherAnswer or NegotiationFailed. An offer with new ICE credentials is an ICE restart."""
        ...

    def open_subscriber(self, peer: str) -> None:
        """Make the subscriber side with its data channels. A SubscriberOffer follows (data section only, or with the
        sections of subscriptions made meanwhile)."""
        ...

    def subscriber_answer(self, peer: str, sdp: str) -> None:
        """The answer to the offer in flight; an answer that nobody waits for is NegotiationFailed."""
        ...

    def restart_subscriber(self, peer: str) -> None:
        """ICE restart: a SubscriberOffer with new credentials follows; media goes on over the old pair until then."""
        ...

    def subscribe(self, peer: str, track: str) -> None:
        """Give the peer a section for the track: `a=msid:<publisher peer>|<track> <track>`, recycling a free one."""
        ...

    def unsubscribe(self, peer: str, track: str) -> None: ...

    def pause(self, peer: str, track: str, paused: bool) -> None:
        """Stop or resume forwarding one subscription without a new offer. Video resumes at a key frame."""
        ...

    def send_data(self, peers: Sequence[str], reliable: bool, payload: bytes) -> None:
        """One message to each peer's subscriber side. A peer whose channel is not open yet misses lossy messages and
        gets reliable ones once it opens (at most 256 KiB and 2 s of them)."""
        ...

    def drain(self) -> Sequence[EngineEvent]:
        """Everything that is waiting, oldest first."""
        ...

    def fileno(self) -> int:
        """Readable (level-triggered) while `drain()` has something to give."""
        ...

    def stats(self) -> EngineStats: ...

    def close(self) -> None:
        """Close all rooms and stop the threads; returns when the UDP port is free."""
        ...
