"""The rooms of one media node: signalling comes in here, and the engine's events are taken to their participants.

The engine runs on threads of its own; `pump` reads its events whenever `fileno()` is readable, on the event loop.
Two timers: `sweep` every second (who is still there, tokens, counts), `settle` every 100 ms while somebody speaks (who
fell silent).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from msgspec.structs import replace

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.sfu import base as sfu
from hubbub.services.media import rights, sids
from hubbub.services.media.access_token import LIFETIME, AccessTokens, Token
from hubbub.services.media.admissions import Admissions, Entry
from hubbub.services.media.api import SignalSink
from hubbub.services.media.events import ParticipantLeft
from hubbub.services.media.fence import Fence
from hubbub.services.media.leases import Leases
from hubbub.services.media.participant import Participant, Profile
from hubbub.services.media.quality import Connections, Measured, together
from hubbub.services.media.room import Keeping, Publish, Room
from hubbub.services.media.seat import ParticipantSeat
from hubbub.services.media.signals import Afterwards, Client, Dismissed, LeaveReason, TokenRefreshed

SWEEP, SETTLE = 1.0, 0.1  # seconds
QUALITY = 2.0  # seconds that one of the engine's reports covers
RENEW = LIFETIME / 3  # seconds between renewals of a token: two may get lost
log = logging.getLogger(__name__)


class MediaNode:
    """Implements Signalling."""

    def __init__(
        self,
        engine: sfu.Engine,
        tokens: AccessTokens,
        admissions: Admissions,
        clock: Clock,
        publish: Publish,
        leases: Leases,
    ) -> None:
        self._engine = engine
        self._tokens = tokens
        self._admissions = admissions
        self._clock = clock
        self._publish = publish
        self._leases = leases
        self._fence = Fence(leases)
        self._rooms: dict[str, Room] = {}  # by name
        self._by_sid: dict[str, Room] = {}
        self._participants: dict[str, Participant] = {}  # by sid
        self._changed: set[str] = set()  # sids whose connection changed since the last sweep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None

    # ---- the process

    def start(self) -> None:
        """On the running loop: events and timers come from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._engine.fileno(), self.pump)
        self._sweep_again()

    def stop(self) -> None:
        """Send everybody away: to join anew, once there is a server again. The engine is its owner's to close."""
        for participant in list(self._participants.values()):
            participant.room.remove(participant, "server_stopped", "reconnect")
        for entry in self._admissions.all():
            self.end(entry, "server_stopped")
        if self._loop is not None:
            self._loop.remove_reader(self._engine.fileno())
            self._loop = None
        for timer in (self._sweeping, self._settling):
            if timer is not None:
                timer.cancel()

    def connections(self) -> Connections:
        """How well people hear and are heard, now."""
        return together(who.quality for who in self._participants.values())

    # ---- signalling

    def check(self, token: str) -> None:
        read = self._tokens.read(token)
        self._fence.check(read, self._profile(read, auto_subscribe=True).room)

    def prepare(self, token: str, resume: bool) -> Awaitable[None] | None:
        read = self._tokens.read(token)
        profile = self._profile(read, auto_subscribe=True)
        return None if resume else self._fence.prepare(read, profile.room)

    def join(self, token: str, client: Client, sink: SignalSink) -> ParticipantSeat:
        """An identity is in a room once: who joins again replaces themselves."""
        read = self._tokens.read(token)
        profile = self._profile(read, client.auto_subscribe)
        name = profile.room
        self._fence.enter(read, name)
        sid, now = sids.new("PA"), self._clock.monotonic()
        ended: tuple[Entry, ...] = ()
        if profile.entry is not None:  # before the older participant goes: it must not end the entry
            ended = (*self._admissions.seat(profile.entry, sid), profile.entry)
        if (live := self._rooms.get(name)) is not None and (older := live.find(profile.identity)) is not None:
            live.remove(older, "replaced", "disconnect")
        room = self._room(name)
        participant = Participant(room, self._engine, sid, profile, sink, now)
        self._participants[sid] = participant
        for entry in ended:
            self._returned(entry, "replaced")
        room.enter(participant)
        self._renew(participant, now)
        return ParticipantSeat(participant, self._clock)

    def resume(self, token: str, sid: str, client: Client, sink: SignalSink) -> ParticipantSeat | None:
        read = self._tokens.read(token)
        profile = self._profile(read, client.auto_subscribe)
        participant = self._participants.get(sid)
        if participant is None or not self._resumable(participant, profile):
            sink.signal(Dismissed(None, "reconnect"))
            sink.hang_up()
            return None
        cut, participant.cut_on_resume = participant.cut_on_resume, "no"
        if cut == "before":
            sink.hang_up()
            return None
        if participant.sink is not None:
            participant.sink.hang_up()
        participant.sink = sink
        now = self._clock.monotonic()
        participant.liveness.attached(now)
        participant.room.resume(participant)
        self._renew(participant, now)
        if cut == "after":
            sink.hang_up()
        return ParticipantSeat(participant, self._clock)

    # ---- for the service

    def room(self, name: str) -> Room | None:
        return self._rooms.get(name)

    def rooms(self) -> tuple[Room, ...]:
        return tuple(self._rooms.values())

    def keep(self, name: str, keeping: Keeping, metadata: str) -> Room:
        """The room of that name, which stays for a while although nobody is in it."""
        room = self._room(name)
        room.keeping, room.metadata = keeping, metadata
        return room

    def close(self, room: Room) -> None:
        """It is empty."""
        if self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            del self._by_sid[room.sid]
            self._engine.close_room(room.sid)
            room.release()

    def in_use(self) -> set[str]:
        """Names of rooms with somebody in them, or on the way to them."""
        return {*self._rooms, *(entry.room for entry in self._admissions.all())}

    async def hold(self, room: str) -> int:
        """See to it that this node has the room: the epoch of its lease. Nobody is let in before. Raises Unavailable."""
        return await self._leases.hold(room)

    def renew(self, room: str) -> None:
        """It is ours by a new epoch, and tokens of the old one are spent: people get others with the next sweep."""
        if (live := self._rooms.get(room)) is not None:
            for who in live.participants:
                who.token_due = 0.0

    def give_up(self, room: str) -> None:
        """Another node has this room: everybody joins anew, there."""
        for entry in self._admissions.of_room(room):
            self.end(entry, "server_stopped")
        if (live := self._rooms.get(room)) is not None:
            live.keeping = None
            for who in list(live.participants):
                live.remove(who, "server_stopped", "reconnect")
            self.close(live)

    def end(self, entry: Entry, reason: LeaveReason) -> None:
        """Its tokens are spent, and its participant, if there is one, is gone."""
        who = self._participants.get(entry.sid)
        self._admissions.end(entry)
        if who is not None:
            who.room.remove(who, reason, "disconnect")
        self._returned(entry, reason)

    # ---- from the engine

    def pump(self) -> None:
        """One bad event must not stop the rest: what it did is unknown, so its participant joins anew."""
        for event in self._engine.drain():
            try:
                self._handle(event)
            except Exception:
                log.exception("an event of the media engine was not handled: %s", type(event).__name__)
                if not isinstance(event, sfu.Levels) and (who := self._participants.get(event.peer)) is not None:
                    who.room.remove(who, "lost", "reconnect")

    def _handle(self, event: sfu.EngineEvent) -> None:
        if isinstance(event, sfu.Levels):
            if (room := self._by_sid.get(event.room)) is not None:
                room.hear(event.levels, self._clock.monotonic())
                if not room.speaking.idle:
                    self._settle_later()
            return
        who = self._participants.get(event.peer)
        if who is None:
            return  # closed while the event waited
        match event:
            case sfu.Data():
                who.room.data.received(who, event)
            case sfu.Quality():
                self._measured(who, event)
            case sfu.SubscriberOffer():
                who.subscriptions.offered(event.sdp)
            case sfu.PublisherAnswer():
                who.publishing.answered(event.sdp)
            case sfu.TrackStarted():
                who.publishing.started(event.track, event.mid)
            case sfu.TrackEnded():
                who.publishing.ended(event.track)
            case sfu.SideConnected():
                self._connected(who, event.side)
            case sfu.SideLost():
                self._lost(who, event.side)
            case sfu.NegotiationFailed():
                (who.publishing if event.side == "publisher" else who.subscriptions).refused(event.reason)
            case sfu.Stuck():
                log.error("the media engine dropped participant %s: %s", who.sid, event.reason)
                who.room.remove(who, "lost", "reconnect")
            case sfu.DataOpen():
                pass

    def _connected(self, who: Participant, side: sfu.Side) -> None:
        """The subscriber side is the one that every client has (`subscriber_primary`)."""
        if who.quality.recover():
            self._changed.add(who.sid)
        if side == "subscriber":
            who.liveness.media_up()
            if who.state == "joined":
                who.state = "active"
                who.touch()
                who.room.changed(who)
                who.room.tell_connections(who)

    def _lost(self, who: Participant, side: sfu.Side) -> None:
        if side == "subscriber":
            who.liveness.media_lost(self._clock.monotonic())
        if (side == "subscriber" or who.publishing.tracks) and who.quality.lose():
            self._changed.add(who.sid)

    def _measured(self, who: Participant, q: sfu.Quality) -> None:
        who.liveness.received(self._clock.monotonic(), q.bitrate_in > 0, QUALITY)
        measured = Measured(loss_in=q.loss_in, loss_out=q.loss_out, rtt_ms=q.rtt_ms, jitter_ms=q.jitter_ms)
        if who.liveness.has_media and who.quality.measure(measured):
            self._changed.add(who.sid)

    # ---- from time

    def sweep(self) -> None:
        now = self._clock.monotonic()
        for who in list(self._participants.values()):
            self._check(who, now)
            if now >= who.token_due and not who.gone:
                self._renew(who, now)
        for room in self._rooms.values():
            room.tell_state()
            room.connections_changed([p for p in room.participants if p.sid in self._changed])
        self._changed.clear()
        for room in [each for each in self._rooms.values() if each.is_over(now)]:
            self.close(room)
        for entry in self._admissions.expire():
            self._returned(entry, "lost")

    def settle(self) -> None:
        now = self._clock.monotonic()
        for room in self._rooms.values():
            if not room.speaking.idle:
                room.settle(now)

    def _check(self, who: Participant, now: float) -> None:
        match who.liveness.verdict(now):
            case "cut":
                if who.sink is not None:
                    who.sink.hang_up()
                    who.sink = None
                who.liveness.freeze()
            case "failed":
                who.room.remove(who, "lost", "reconnect")
            case "never_came":
                who.room.remove(who, "never_came", "disconnect")
            case "lost":
                who.room.remove(who, "lost", "disconnect")
            case None:
                pass

    # ---- inside

    def _profile(self, token: Token, auto_subscribe: bool) -> Profile:
        """What a token is worth now. Our own are worth their admission, others their grant."""
        claims = token.claims
        if not claims.video.room_join:
            raise Refused("media.not_granted")
        if not claims.video.room:
            raise Refused("media.room_missing")
        if not claims.sub:
            raise Refused("media.identity_missing")
        entry = None
        granted = rights.of_token(claims.video)
        if (live := self._rooms.get(claims.video.room)) is not None and not live.fits(claims.sub):
            raise Refused("media.room_full")
        if token.own:
            if claims.video.hidden:
                raise Refused("media.hidden")
            entry = self._admissions.find(claims.jti)
            granted = entry.rights
        return Profile(
            room=entry.room if entry else claims.video.room,
            identity=entry.identity if entry else claims.sub,
            name=entry.name if entry else claims.name,
            metadata=claims.metadata,
            attributes=dict(claims.attributes),
            rights=granted,
            entry=entry,
            auto_subscribe=auto_subscribe,
        )

    def _resumable(self, participant: Participant, profile: Profile) -> bool:
        """The same person, room and admission, and media that once worked."""
        return (
            participant.liveness.resumable
            and participant.entry is profile.entry
            and participant.identity == profile.identity
            and participant.room.name == profile.room
        )

    def _returned(self, entry: Entry, reason: LeaveReason) -> None:
        """Nobody waits for them any longer: say that the earlier participant left."""
        if entry.absence is not None:
            self._publish(replace(entry.absence, reason=reason))
            entry.absence = None

    def _renew(self, who: Participant, now: float) -> None:
        """A token that says when the room became ours; none while nobody can say (the next sweep tries again)."""
        if (epoch := self._leases.epoch(who.room.name)) is None:
            return
        who.token_due = now + RENEW
        if who.entry is not None:
            grant = rights.to_token(who.rights, who.room.name)
            jti = who.entry.jti
            token = self._tokens.mint(jti=jti, identity=who.identity, name=who.name, grant=grant, epoch=epoch)
            who.tell(TokenRefreshed(token))

    def _room(self, name: str) -> Room:
        if (room := self._rooms.get(name)) is None:
            room = self._rooms[name] = Room(name, self._engine, self._clock, self._publish, self._left)
            self._by_sid[room.sid] = room
        return room

    def _left(self, who: Participant, fact: ParticipantLeft, afterwards: Afterwards) -> None:
        """A room closes with its last participant, unless a tool keeps it. Whoever was told to join anew keeps their admission, and has not
        left for the other services until they fail to come."""
        del self._participants[who.sid]
        self._changed.discard(who.sid)
        room, entry = who.room, who.entry
        if room.is_over(self._clock.monotonic()):
            self.close(room)
        if entry is not None and entry.sid == who.sid:
            if fact.reason == "lost" and afterwards == "reconnect":
                self._admissions.expect(entry, fact)
                return
            self._admissions.end(entry)
        self._publish(fact)

    def _sweep_again(self) -> None:
        if self._loop is not None:
            self._sweeping = self._loop.call_later(SWEEP, self._sweep_again)
            self.sweep()

    def _settle_later(self) -> None:
        if self._settling is None and self._loop is not None:
            self._settling = self._loop.call_later(SETTLE, self._settle_again)

    def _settle_again(self) -> None:
        self._settling = None
        self.settle()
        if not all(room.speaking.idle for room in self._rooms.values()):
            self._settle_later()
