"""One live room: who is there, and telling them of each other.

Invariants: everybody who can be given media is in `participants`, and everybody there who is not `hidden` is known to
all others (a hidden one subscribes to nothing: `rights.py`). A participant is told of another before it gets a
section for their track. `participants()` and the facts on the bus agree: Joined and Left come in pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.infra.sfu.base import Engine
from hubbub.services.media import sids
from hubbub.services.media.data_relay import DataRelay
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged, SpeakingStarted
from hubbub.services.media.participant import Participant
from hubbub.services.media.publishing import Published
from hubbub.services.media.signals import (
    Afterwards,
    Attendant,
    AttendantsChanged,
    Connection,
    ConnectionsChanged,
    Dismissed,
    Joined,
    LeaveReason,
    Resumed,
    RoomChanged,
    RoomState,
    Signal,
    Speaker,
    SpeakersChanged,
    TrackPublished,
)
from hubbub.services.media.speaking import Speaking

Publish = Callable[[Event], None]
Left = Callable[[Participant, ParticipantLeft, Afterwards], None]  # says the fact, at once or when it is certain


class Keeping(msgspec.Struct):
    """Of a room that an operator's tool made: it outlives its people for a while. Times in seconds; `until` is when it
    goes if it is empty then, in the clock's monotonic seconds. `limit`: 0 is none."""

    empty: int
    departure: int
    limit: int
    until: float


class Room:
    def __init__(self, name: str, engine: Engine, clock: Clock, publish: Publish, left: Left) -> None:
        self.name = name
        self.sid = sids.new("RM")
        self.clock = clock
        self.speaking = Speaking()
        self.data = DataRelay(self, engine)
        self._engine = engine
        self._publish = publish
        self._left = left
        self._created_at = clock.now_ms()
        self._participants: dict[str, Participant] = {}
        self._sources: dict[str, tuple[str, ...]] = {}  # what was last said on the bus
        self._state: RoomState | None = None  # what everybody was last told
        self.metadata = ""
        self.keeping: Keeping | None = None
        engine.open_room(self.sid)

    # ---- who is there

    @property
    def participants(self) -> Iterable[Participant]:
        return self._participants.values()

    @property
    def tracks(self) -> tuple[Published, ...]:
        return tuple(t for p in self._participants.values() for t in p.publishing.tracks)

    def find(self, identity: str) -> Participant | None:
        return next((p for p in self._participants.values() if p.identity == identity), None)

    def find_track(self, sid: str) -> Published | None:
        return next((t for p in self._participants.values() for t in p.publishing.tracks if t.sid == sid), None)

    @property
    def state(self) -> RoomState:
        seen = [p for p in self._participants.values() if not p.rights.hidden]
        return RoomState(
            sid=self.sid,
            name=self.name,
            created_at=self._created_at,
            participants=len(seen),
            publishers=sum(1 for p in seen if p.publishing.public),
            metadata=self.metadata,
            limit=self.keeping.limit if self.keeping else 0,
            empty_timeout=self.keeping.empty if self.keeping else 0,
            departure_timeout=self.keeping.departure if self.keeping else 0,
        )

    def fits(self, identity: str) -> bool:
        """Whether this one may come in. Who comes again takes no second place."""
        limit = self.keeping.limit if self.keeping else 0
        return not limit or len(self._participants) < limit or self.find(identity) is not None

    @property
    def empty(self) -> bool:
        return not self._participants

    def is_over(self, now: float) -> bool:
        """Empty, and not to be kept any longer."""
        return self.empty and (self.keeping is None or now >= self.keeping.until)

    def others(self, participant: Participant) -> tuple[Attendant, ...]:
        return tuple(p.attendant for p in self._participants.values() if p is not participant and not p.rights.hidden)

    # ---- coming and going

    def enter(self, participant: Participant) -> None:
        self._participants[participant.sid] = participant
        participant.tell(Joined(self.state, participant.attendant, self.others(participant)))
        self._engine.open_peer(self.sid, participant.sid)
        participant.subscriptions.open()
        for track in self.tracks:
            participant.subscriptions.consider(track)
        self._tell_speakers(participant)
        self._tell_of(participant, participant.attendant)
        self._publish(ParticipantJoined(room=self.name, identity=participant.identity, sid=participant.sid))

    def resume(self, participant: Participant) -> None:
        """LiveKit's order: clients drop what comes before `Resumed`, and need people before tracks."""
        participant.tell(Resumed(participant.last_sequence))
        participant.tell(AttendantsChanged((participant.attendant, *self.others(participant))))
        participant.tell(RoomChanged(self.state))
        for track in participant.publishing.planned:
            participant.tell(TrackPublished(track))
        self._tell_speakers(participant)
        participant.subscriptions.restart()

    def remove(self, participant: Participant, reason: LeaveReason, afterwards: Afterwards) -> None:
        if participant.gone:
            return
        participant.gone = True
        del self._participants[participant.sid]
        if participant.sink is not None:
            participant.tell(Dismissed(reason, afterwards))
            participant.sink.hang_up()
            participant.sink = None
        for track in participant.publishing.tracks:
            for other in self._participants.values():
                other.subscriptions.ended(track)
        self._engine.close_peer(participant.sid)
        self.data.forget(participant.sid)
        self._sources.pop(participant.sid, None)
        self._tell_of(participant, participant.farewell(reason))
        self.silence(participant)
        if self.keeping is not None:
            self.keeping.until = self.clock.monotonic() + self.keeping.departure
        fact = ParticipantLeft(room=self.name, identity=participant.identity, sid=participant.sid, reason=reason)
        self._left(participant, fact, afterwards)
        participant.release()

    def release(self) -> None:
        """It is over. What was said in it holds it."""
        del self.data

    def misbehaved(self, participant: Participant) -> None:
        self.remove(participant, "removed", "disconnect")

    # ---- what changed

    def changed(self, participant: Participant) -> None:
        """Something that all may see, at once; the bus hears of sources only."""
        if participant.gone:
            return
        self._tell_of(participant, participant.attendant)
        participant.tell(AttendantsChanged((participant.attendant,)))
        sources = participant.publishing.sources
        if self._sources.get(participant.sid, ()) != sources:
            self._sources[participant.sid] = sources
            self._publish(SourcesChanged(room=self.name, identity=participant.identity, sources=sources))

    def track_published(self, track: Published) -> None:
        self.changed(track.publisher)
        self.consider(track)

    def consider(self, track: Published) -> None:
        """Who gets it may have changed."""
        for other in self._participants.values():
            other.subscriptions.consider(track)

    def track_ended(self, track: Published) -> None:
        for other in self._participants.values():
            other.subscriptions.ended(track)
        if track.plan.kind == "audio":
            self.silence(track.publisher)
        self.changed(track.publisher)

    def connections_changed(self, participants: Iterable[Participant]) -> None:
        if changes := _connections(participants):
            self._tell_all(ConnectionsChanged(changes))

    def tell_connections(self, participant: Participant) -> None:
        """To one who has just become active: how everybody's connection is."""
        participant.tell(ConnectionsChanged(_connections(self._participants.values())))

    def tell_state(self) -> None:
        """The counts, if they changed since everybody was told. They are not worth a message each time."""
        state = self.state
        if self._state != state:
            self._state = state
            self._tell_all(RoomChanged(state))

    # ---- who speaks

    def hear(self, levels: Iterable[tuple[str, int, float]], now: float) -> None:
        """One window of loudness by track. A muted track has none, whatever the engine said while it was muted."""
        loudest: dict[str, int] = {}
        publishers = {t.sid: t.publisher.sid for t in self.tracks if t.plan.kind == "audio" and not t.muted}
        for track, level, _ in levels:
            if (sid := publishers.get(track)) is not None:
                loudest[sid] = min(level, loudest.get(sid, 127))
        before = self.speaking.speakers
        changes = self.speaking.hear(loudest.items(), now)
        self._speakers_changed([Speaker(sid, level, True) for sid, level in changes.items()], before)
        self.settle(now)

    def settle(self, now: float) -> None:
        """Who fell silent since."""
        before = self.speaking.speakers
        self._speakers_changed([Speaker(sid, 0.0, False) for sid in self.speaking.settle(now)], before)

    def silence(self, participant: Participant) -> None:
        """Muted or gone. (Who has a second audio track begins to speak again with its next windows.)"""
        before = self.speaking.speakers
        if self.speaking.silence(participant.sid):
            self._speakers_changed([Speaker(participant.sid, 0.0, False)], before)

    def _speakers_changed(self, changes: list[Speaker], before: tuple[str, ...]) -> None:
        if not changes:
            return
        self._tell_all(SpeakersChanged(tuple(changes)))
        if (now := self.speaking.speakers) != before:
            identities = tuple(self._participants[sid].identity for sid in now if sid in self._participants)
            self._publish(SpeakingStarted(room=self.name, identities=identities))

    def _tell_speakers(self, participant: Participant) -> None:
        if speakers := self.speaking.speakers:
            participant.tell(SpeakersChanged(tuple(Speaker(sid, 0.5, True) for sid in speakers)))

    # ---- telling

    def _tell_of(self, participant: Participant, attendant: Attendant) -> None:
        """To all others."""
        if participant.rights.hidden:
            return
        signal = AttendantsChanged((attendant,))
        for other in self._participants.values():
            if other is not participant:
                other.tell(signal)

    def _tell_all(self, signal: Signal) -> None:
        for participant in self._participants.values():
            participant.tell(signal)


def _connections(participants: Iterable[Participant]) -> tuple[tuple[str, Connection, float], ...]:
    return tuple((p.sid, p.quality.connection, p.quality.points) for p in participants if not p.rights.hidden)
