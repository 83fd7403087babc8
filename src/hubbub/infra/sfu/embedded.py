"""The engine in this process: `hubbub._media`, whose tuples become the structs of `base`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubbub import _media
from hubbub.infra.sfu import base
from hubbub.infra.sfu.base import EngineEvent, EngineStats, Kind

_EVENTS: dict[str, type[Any]] = {
    event.__name__: event
    for event in (
        base.PublisherAnswer,
        base.SubscriberOffer,
        base.NegotiationFailed,
        base.SideConnected,
        base.SideLost,
        base.DataOpen,
        base.Data,
        base.TrackStarted,
        base.TrackEnded,
        base.Levels,
        base.Quality,
        base.Stuck,
    )
}


class EmbeddedEngine:
    """Implements `base.Engine`."""

    def __init__(self, bind: str, port: int, advertised: Sequence[str] = ()) -> None:
        """`bind`: an IP address; `::` takes IPv4 too. `port`: UDP; 0 takes any free one. `advertised`: what clients are
        told, `ip` or `ip:port` each; empty for every address that `bind` covers. OSError if the port is taken."""
        self._engine = _media.Engine(bind, port, list(advertised))

    @property
    def port(self) -> int:
        return self._engine.port

    def open_room(self, room: str) -> None:
        self._engine.open_room(room)

    def close_room(self, room: str) -> None:
        self._engine.close_room(room)

    def open_peer(self, room: str, peer: str) -> None:
        self._engine.open_peer(room, peer)

    def close_peer(self, peer: str) -> None:
        self._engine.close_peer(peer)

    def announce_track(self, peer: str, cid: str, track: str, kind: Kind) -> None:
        self._engine.announce_track(peer, cid, track, kind)

    def withdraw_track(self, track: str) -> None:
        self._engine.withdraw_track(track)

    def mute_track(self, track: str, muted: bool) -> None:
        self._engine.mute_track(track, muted)

    def publisher_offer(self, peer: str, sdp: str) -> None:
        self._engine.publisher_offer(peer, sdp)

    def open_subscriber(self, peer: str) -> None:
        self._engine.open_subscriber(peer)

    def subscriber_answer(self, peer: str, sdp: str) -> None:
        self._engine.subscriber_answer(peer, sdp)

    def restart_subscriber(self, peer: str) -> None:
        self._engine.restart_subscriber(peer)

    def subscribe(self, peer: str, track: str) -> None:
        self._engine.subscribe(peer, track)

    def unsubscribe(self, peer: str, track: str) -> None:
        self._engine.unsubscribe(peer, track)

    def pause(self, peer: str, track: str, paused: bool) -> None:
        self._engine.pause(peer, track, paused)

    def send_data(self, peers: Sequence[str], reliable: bool, payload: bytes) -> None:
        self._engine.send_data(peers, reliable, payload)

    def drain(self) -> Sequence[EngineEvent]:
        return [_EVENTS[name](*fields) for name, *fields in self._engine.drain()]

    def fileno(self) -> int:
        return self._engine.fileno()

    def stats(self) -> EngineStats:
        return EngineStats(**self._engine.stats())

    def close(self) -> None:
        self._engine.close()
