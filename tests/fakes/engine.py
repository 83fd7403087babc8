"""A media engine that records what it is told and says what a test has it say. No threads, no sockets, no packets."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.infra.sfu.base import (
    Data,
    EngineEvent,
    EngineStats,
    Kind,
    Levels,
    PublisherAnswer,
    SideConnected,
    SubscriberOffer,
    TrackStarted,
)


class RecordingEngine:
    """Implements Engine. `calls`: (command, *arguments), oldest first. `automatic`: offers are made and answered as the
    real one does, with SDP that names what it carries instead of describing it."""

    def __init__(self, automatic: bool = True) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.automatic = automatic
        self.closed = False
        self._waiting: list[EngineEvent] = []
        self._subscribed: dict[str, list[str]] = {}
        self._tracks: dict[str, str] = {}  # sid -> cid

    # ---- for tests

    def say(self, *events: EngineEvent) -> None:
        self._waiting.extend(events)

    def take(self, command: str = "") -> list[tuple[object, ...]]:
        """What was called since the last time, of one command or of all."""
        found = [call for call in self.calls if not command or call[0] == command]
        self.calls = [call for call in self.calls if call not in found]
        return found

    # ---- Engine

    def open_room(self, room: str) -> None:
        self.calls.append(("open_room", room))

    def close_room(self, room: str) -> None:
        self.calls.append(("close_room", room))

    def open_peer(self, room: str, peer: str) -> None:
        self.calls.append(("open_peer", room, peer))

    def close_peer(self, peer: str) -> None:
        self.calls.append(("close_peer", peer))

    def announce_track(self, peer: str, cid: str, track: str, kind: Kind) -> None:
        self._tracks[track] = cid
        self.calls.append(("announce_track", peer, cid, track, kind))

    def withdraw_track(self, track: str) -> None:
        self.calls.append(("withdraw_track", track))

    def mute_track(self, track: str, muted: bool) -> None:
        self.calls.append(("mute_track", track, muted))

    def publisher_offer(self, peer: str, sdp: str) -> None:
        self.calls.append(("publisher_offer", peer, sdp))
        if self.automatic:
            self.say(PublisherAnswer(peer, f"answer to {sdp}"))

    def open_subscriber(self, peer: str) -> None:
        self._subscribed[peer] = []
        self.calls.append(("open_subscriber", peer))
        self._offer(peer)

    def subscriber_answer(self, peer: str, sdp: str) -> None:
        self.calls.append(("subscriber_answer", peer, sdp))

    def restart_subscriber(self, peer: str) -> None:
        self.calls.append(("restart_subscriber", peer))
        self._offer(peer, "restart ")

    def subscribe(self, peer: str, track: str) -> None:
        self.calls.append(("subscribe", peer, track))
        self._subscribed.setdefault(peer, []).append(track)
        self._offer(peer)

    def unsubscribe(self, peer: str, track: str) -> None:
        self.calls.append(("unsubscribe", peer, track))
        self._subscribed[peer].remove(track)
        self._offer(peer)

    def pause(self, peer: str, track: str, paused: bool) -> None:
        self.calls.append(("pause", peer, track, paused))

    def send_data(self, peers: Sequence[str], reliable: bool, payload: bytes) -> None:
        self.calls.append(("send_data", tuple(peers), reliable, payload))

    def drain(self) -> Sequence[EngineEvent]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def fileno(self) -> int:
        raise NotImplementedError("call MediaNode.pump() instead")

    def stats(self) -> EngineStats:
        return EngineStats(
            rooms=0,
            peers=0,
            tracks=0,
            subscriptions=0,
            packets_in=0,
            packets_out=0,
            bytes_in=0,
            bytes_out=0,
            dropped=0,
        )

    def close(self) -> None:
        self.closed = True

    def _offer(self, peer: str, how: str = "") -> None:
        """One per change; the real one folds changes together."""
        if self.automatic:
            tracks = " ".join(["data", *self._subscribed[peer]])
            self._waiting = [e for e in self._waiting if not (isinstance(e, SubscriberOffer) and e.peer == peer)]
            self.say(SubscriberOffer(peer, f"{how}offer {tracks}"))


def connected(peer: str) -> SideConnected:
    return SideConnected(peer, "subscriber")


def started(peer: str, track: str) -> TrackStarted:
    return TrackStarted(peer, track, "0")


def loud(room: str, *tracks: str) -> Levels:
    """A window in which these are at -20 dBov."""
    return Levels(room, tuple((track, 20, 1.0) for track in tracks))


def data(peer: str, payload: bytes, reliable: bool = True) -> Data:
    return Data(peer, reliable, payload)
