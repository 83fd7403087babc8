"""Who is in the rooms of an operator's LiveKit, as far as it told us: by webhooks at once, by lists now and then.

Both may cross: a list may be older than a hook that came before it. So whatever was touched since a list was asked for
is not changed by it, and who has left stays gone. Facts are published as our own media node publishes them; only
speaking is missing, of which LiveKit tells the people in the room alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec
from livekit.protocol import models

from hubbub.events import Event
from hubbub.services.media.api import LeaveReason, Participant, Source
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged

ADMISSION = "hubbub_admission"  # the attribute by which our own tokens are told from an operator's
GONE = 4096  # sids that are remembered
_SOURCES: dict[int, Source] = {
    models.MICROPHONE: "microphone",
    models.CAMERA: "camera",
    models.SCREEN_SHARE: "screen",
    models.SCREEN_SHARE_AUDIO: "screen_audio",
}
_REASONS: dict[int, LeaveReason] = {
    models.CLIENT_INITIATED: "left",
    models.DUPLICATE_IDENTITY: "replaced",
    models.SERVER_SHUTDOWN: "server_stopped",
    models.PARTICIPANT_REMOVED: "removed",
    models.ROOM_DELETED: "room_closed",
    models.ROOM_CLOSED: "room_closed",
    models.JOIN_FAILURE: "never_came",
}


class Sounding(msgspec.Struct):
    """A published track."""

    source: Source
    audio: bool
    muted: bool


class Present(msgspec.Struct, eq=False):
    """One participant. `touched`: when something was last heard of it, in monotonic seconds. `silenced`: tracks that were
    muted by us; who unmutes one of them all the same is `defiant`."""

    sid: str
    identity: str
    admission: str
    joined_at: int
    permission: models.ParticipantPermission
    touched: float
    tracks: dict[str, Sounding] = {}
    said: tuple[Source, ...] = ()
    silenced: set[str] = set()
    defiant: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sorted({each.source for each in self.tracks.values() if not each.muted}))

    @property
    def summary(self) -> Participant:
        return Participant(identity=self.identity, sid=self.sid, joined_at=self.joined_at, sources=self.sources)


class ClusterRooms:
    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._rooms: dict[str, dict[str, Present]] = {}  # by name, then identity
        self._gone: OrderedDict[str, float] = OrderedDict()  # sid -> when it was told

    def names(self) -> tuple[str, ...]:
        return tuple(self._rooms)

    def people(self, room: str) -> tuple[Present, ...]:
        return tuple(self._rooms.get(room, {}).values())

    def find(self, room: str, identity: str) -> Present | None:
        return self._rooms.get(room, {}).get(identity)

    # ---- what LiveKit tells

    def joined(self, room: str, info: models.ParticipantInfo, now: float, asked: float | None = None) -> Present | None:
        """Who is new; None: known, or gone already. `asked`: a list of that moment says it, which is believed against an
        earlier word that somebody has left."""
        older = self.find(room, info.identity)
        gone = self._gone.get(info.sid)
        if (older is not None and older.sid == info.sid) or (gone is not None and (asked is None or gone >= asked)):
            return None
        if older is not None:
            if info.joined_at_ms < older.joined_at:
                return None
            self.left(room, older, "replaced", now)
        who = Present(
            sid=info.sid,
            identity=info.identity,
            admission=info.attributes.get(ADMISSION, ""),
            joined_at=info.joined_at_ms or info.joined_at * 1000,
            permission=info.permission,
            touched=now,
        )
        self._rooms.setdefault(room, {})[info.identity] = who
        self._publish(ParticipantJoined(room=room, identity=who.identity, sid=who.sid))
        self._take(room, who, info.tracks)
        return who

    def track(self, room: str, info: models.ParticipantInfo, track: models.TrackInfo, there: bool, now: float) -> None:
        """Published or not any more. `info` holds the names alone."""
        who = self.find(room, info.identity)
        if who is None or who.sid != info.sid:
            return  # a list will tell
        who.touched = now
        if there:
            who.tracks[track.sid] = _sounding(track)
        else:
            who.tracks.pop(track.sid, None)
        self._say(room, who)

    def muted(self, room: str, who: Present, track: models.TrackInfo, now: float) -> None:
        """Of one track, as LiveKit answered."""
        if track.sid in who.tracks:
            who.touched = now
            who.tracks[track.sid] = _sounding(track)
            self._say(room, who)

    def went(self, room: str, info: models.ParticipantInfo, now: float) -> tuple[Present, LeaveReason] | None:
        """Who has left; None: known already. To be told by `left`, unless it is expected back."""
        who = self.find(room, info.identity)
        if who is None or who.sid != info.sid:
            self._forget(info.sid, now)
            return None
        return who, _REASONS.get(info.disconnect_reason, "lost")

    def left(self, room: str, who: Present, reason: LeaveReason, now: float) -> None:
        self._publish(self.vanished(room, who, reason, now))

    def vanished(self, room: str, who: Present, reason: LeaveReason, now: float) -> ParticipantLeft:
        """Gone, and not told yet."""
        people = self._rooms.get(room, {})
        if people.get(who.identity) is who:
            del people[who.identity]
        if not people:
            self._rooms.pop(room, None)
        self._forget(who.sid, now)
        return ParticipantLeft(room=room, identity=who.identity, sid=who.sid, reason=reason)

    def listed(
        self, room: str, infos: Iterable[models.ParticipantInfo], asked: float, now: float
    ) -> tuple[Present, ...]:
        """A list that was asked for at `asked`; who is missing in it."""
        there = {info.sid: info for info in infos if info.state != models.ParticipantInfo.DISCONNECTED}
        for info in there.values():
            self.joined(room, info, now, asked)
        missing: list[Present] = []
        for who in self.people(room):
            if who.touched > asked:
                continue
            if (info := there.get(who.sid)) is None:
                missing.append(who)
            else:
                who.permission = info.permission
                self._take(room, who, info.tracks)
        return tuple(missing)

    # ---- inside

    def _take(self, room: str, who: Present, tracks: Iterable[models.TrackInfo]) -> None:
        who.tracks = {track.sid: _sounding(track) for track in tracks}
        self._say(room, who)

    def _say(self, room: str, who: Present) -> None:
        if who.sources != who.said:
            who.said = who.sources
            self._publish(SourcesChanged(room=room, identity=who.identity, sources=who.said))

    def _forget(self, sid: str, now: float) -> None:
        self._gone[sid] = now
        if len(self._gone) > GONE:
            self._gone.popitem(last=False)


def _sounding(track: models.TrackInfo) -> Sounding:
    return Sounding(_SOURCES.get(track.source, "unknown"), track.type == models.AUDIO, track.muted)
