"""MediaApi over an operator's own LiveKit: tokens that it takes, RoomService for what moderators decide, webhooks for
what happens there, lists for what the webhooks did not tell.

LiveKit knows no way to take a token back, and renews those of live participants. So each of ours names its admission in
an attribute, and whoever is found in a room without a living one is put out: at the webhook of their join, or with the
next list. Participants without that attribute came by an operator's own token and are taken at its word.

A server mute is LiveKit's (the client could undo it): whoever does loses the right to publish sound until it is lifted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message
from livekit.protocol import models
from livekit.protocol import room as wire
from livekit.protocol.webhook import WebhookEvent
from msgspec.structs import replace

from hubbub.clock import Clock
from hubbub.errors import Refused, Unavailable
from hubbub.events import Event
from hubbub.infra.tasks import end
from hubbub.services.media import rights, sids
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions, Entry
from hubbub.services.media.api import Admission, Grants, LeaveReason, Participant
from hubbub.services.media.cluster_rooms import ADMISSION, ClusterRooms, Present
from hubbub.services.media.hooks import HookReader
from hubbub.services.media.rights import VideoGrant
from hubbub.services.media.signals import Rights

WATCH = 1.0  # seconds between looks at rooms where somebody is muted
LIST = 5.0  # seconds between looks at all rooms
AT_ONCE = 8  # lists
_SOUNDS = {"microphone", "screen_audio", "unknown"}
M = TypeVar("M", bound=Message)
log = logging.getLogger(__name__)


class Caller(Protocol):
    async def call(self, method: str, request: Message, answer: type[M], token: str) -> M | None:
        """None: what the call names is not there. May call twice. Raises Unavailable."""
        ...


class ClusterMedia:
    """Implements MediaApi and HooksApi. Rooms are named `<prefix>:<room>` there, so that others may use it too.
    `start()` once the voice service knows its seats: until then nobody is put out."""

    def __init__(
        self,
        caller: Caller,
        tokens: AccessTokens,
        url: str,
        prefix: str,
        clock: Clock,
        publish: Callable[[Event], None],
    ) -> None:
        self._caller = caller
        self._tokens = tokens
        self._url = url
        self._prefix = f"{prefix}:"
        self._clock = clock
        self._publish = publish
        self._admissions = Admissions(clock)
        self._rooms = ClusterRooms(publish)
        self._hooks = HookReader(tokens, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._reachable = True
        self._listed = 0.0

    async def start(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="livekit-watch")

    async def stop(self) -> None:
        await end(*self._tasks, *(each for each in (self._watching,) if each is not None))

    # ---- MediaApi

    async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
        """Raises Unavailable when LiveKit does not answer: a ticket would be of no use."""
        if not self._reachable:
            await self._list_rooms()
        entry = self._admissions.add(sids.new("AD"), room, identity, name, rights.of_grants(grants))
        grant = rights.to_token(_effective(entry.rights), self._outside(room))
        named = {ADMISSION: entry.jti}
        token = self._tokens.mint(jti=entry.jti, identity=identity, name=name, grant=grant, attributes=named)
        return Admission(url=self._url, token=token, room=room, epoch=0)

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        granted, who = rights.of_grants(grants), self._rooms.find(room, identity)
        entries = self._admissions.of(room, identity)
        if not entries and who is not None and who.admission and self._watching is None:
            adopted = self._admissions.add(who.admission, room, identity, "", granted)  # of an earlier process
            adopted.sid = who.sid
        for entry in entries:
            entry.rights = granted
        if who is not None and _is_due(who, granted):
            await self._enforce(room, who, granted)

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        """Who leaves or moves goes by themselves as well; putting somebody out must be known to have worked."""
        for entry in self._admissions.of(room, identity):
            self._end(entry, reason)
        who = self._rooms.find(room, identity)
        try:
            await self._put_out(room, identity)
        except Unavailable as away:
            if reason == "removed":
                raise
            log.warning("LiveKit could not be told that somebody left: %s", away)
        if who is not None and self._rooms.find(room, identity) is who:
            self._rooms.left(room, who, reason, self._clock.monotonic())

    async def close(self, room: str) -> None:
        for entry in self._admissions.of_room(room):
            self._end(entry, "room_closed")
        name = self._outside(room)
        await self._ask("DeleteRoom", wire.DeleteRoomRequest(room=name), wire.DeleteRoomResponse, room_create=True)
        for who in self._rooms.people(room):
            self._rooms.left(room, who, "room_closed", self._clock.monotonic())

    async def participants(self, room: str) -> tuple[Participant, ...]:
        try:
            await self._list(room)
        except Unavailable as away:
            if self._watching is not None:
                raise
            log.warning("LiveKit is away, so nobody keeps their seat in room %s: %s", room, away)
        return tuple(who.summary for who in self._rooms.people(room))

    # ---- HooksApi

    async def told(self, authorization: str, body: bytes) -> None:
        event = self._hooks.read(authorization, body)
        if event is not None and (room := self._inside(event.room.name)) is not None:
            self._happened(room, event)

    def _happened(self, room: str, event: WebhookEvent) -> None:
        now, info = self._clock.monotonic(), event.participant
        match event.event:
            case "participant_joined":
                if (who := self._rooms.joined(room, info, now)) is not None:
                    self._arrived(room, who)
            case "participant_left" | "participant_connection_aborted":
                if (gone := self._rooms.went(room, info, now)) is not None:
                    self._departed(room, *gone)
            case "track_published" | "track_unpublished":
                self._rooms.track(room, info, event.track, event.event == "track_published", now)
                if (who := self._rooms.find(room, info.identity)) is not None:
                    self._arrived(room, who)
            case "room_finished":
                for who in self._rooms.people(room):
                    self._departed(room, who, "room_closed")
            case _:
                pass

    # ---- who comes and goes

    def _arrived(self, room: str, who: Present) -> None:
        """Somebody who is new here, or publishes something new: may they?"""
        if not who.admission:
            return
        entry = self._admitted(room, who)
        if entry is None:
            if self._watching is not None:
                self._later(self._put_out(room, who.identity))
            return
        if entry.sid != who.sid:
            for ended in (*self._admissions.seat(entry, who.sid), entry):
                self._returned(ended, "replaced")
        if _is_due(who, entry.rights):
            self._later(self._enforce(room, who, entry.rights))

    def _admitted(self, room: str, who: Present) -> Entry | None:
        try:
            entry = self._admissions.find(who.admission)
        except Refused:
            return None
        return entry if (entry.room, entry.identity) == (room, who.identity) else None

    def _departed(self, room: str, who: Present, reason: LeaveReason) -> None:
        """The people of a server that stops or has died come back by themselves, with the same token: they are expected."""
        fact = self._rooms.vanished(room, who, reason, self._clock.monotonic())
        entry = next((each for each in self._admissions.of(room, who.identity) if each.sid == who.sid), None)
        if entry is not None and reason == "server_stopped":
            self._admissions.expect(entry, fact)
            return
        if entry is not None and reason != "replaced":
            self._admissions.end(entry)
        self._publish(fact)

    def _end(self, entry: Entry, reason: LeaveReason) -> None:
        self._admissions.end(entry)
        self._returned(entry, reason)

    def _returned(self, entry: Entry, reason: LeaveReason) -> None:
        if entry.absence is not None:
            self._publish(replace(entry.absence, reason=reason))
            entry.absence = None

    async def _put_out(self, room: str, identity: str) -> None:
        request = wire.RoomParticipantIdentity(room=self._outside(room), identity=identity)
        await self._of_room("RemoveParticipant", request, wire.RemoveParticipantResponse)

    # ---- what they may do

    async def _enforce(self, room: str, who: Present, granted: Rights) -> None:
        """Have LiveKit hold them to it."""
        if not granted.muted:
            who.silenced, who.defiant = set(), False
        elif any(sid in who.silenced and not track.muted for sid, track in who.tracks.items()):
            log.warning("participant %s has undone a server mute", who.sid)
            who.defiant = True
        wanted = _permission(_effective(granted, who.defiant))
        name = self._outside(room)
        if not _same(who.permission, wanted):
            request = wire.UpdateParticipantRequest(room=name, identity=who.identity, permission=wanted)
            info = await self._of_room("UpdateParticipant", request, models.ParticipantInfo)
            if info is None:
                return  # they have just left
            who.permission, who.touched = info.permission, self._clock.monotonic()
        for sid in [sid for sid, track in who.tracks.items() if granted.muted and track.audio and not track.muted]:
            mute = wire.MuteRoomTrackRequest(room=name, identity=who.identity, track_sid=sid, muted=True)
            answer = await self._of_room("MutePublishedTrack", mute, wire.MuteRoomTrackResponse)
            if answer is not None:
                who.silenced.add(sid)
                self._rooms.muted(room, who, answer.track, self._clock.monotonic())

    # ---- watching

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except Unavailable as away:
                if self._reachable:
                    log.error("LiveKit does not answer: %s", away)
                self._reachable = False
            except Exception:
                log.exception("LiveKit could not be watched")
            await asyncio.sleep(WATCH)

    async def _look(self) -> None:
        for entry in self._admissions.expire():
            self._returned(entry, "lost")
        rooms = {e.room for e in self._admissions.all() if e.sid and e.rights.muted and e.rights.sources & _SOUNDS}
        now, lost = self._clock.monotonic(), set[str]()
        if now - self._listed >= LIST or not self._reachable:
            there, known = await self._list_rooms(), {*self._rooms.names()}
            rooms, lost = rooms | there | known, known - there
            self._listed = now
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(room: str) -> None:
            async with turns:
                await self._list(room, "server_stopped" if room in lost else "lost")

        await asyncio.gather(*(one(room) for room in rooms))

    async def _list_rooms(self) -> set[str]:
        """Of ours, those that LiveKit has."""
        answer = await self._ask("ListRooms", wire.ListRoomsRequest(), wire.ListRoomsResponse, room_list=True)
        if not self._reachable:
            log.warning("LiveKit answers again")
        self._reachable = True
        rooms = answer.rooms if answer is not None else ()
        return {room for each in rooms if (room := self._inside(each.name)) is not None}

    async def _list(self, room: str, reason: LeaveReason = "lost") -> None:
        """`reason`: why people are missing. LiveKit keeps a room for a while after its last participant: one that it does
        not know at all went down with a server."""
        asked = self._clock.monotonic()
        request = wire.ListParticipantsRequest(room=self._outside(room))
        answer = await self._of_room("ListParticipants", request, wire.ListParticipantsResponse)
        people = answer.participants if answer is not None else ()
        for who in self._rooms.listed(room, people, asked, self._clock.monotonic()):
            self._departed(room, who, reason)
        for who in self._rooms.people(room):
            self._arrived(room, who)

    # ---- asking

    async def _of_room(self, method: str, request: Any, answer: type[M]) -> M | None:
        return await self._ask(method, request, answer, room_admin=True, room=request.room)

    async def _ask(self, method: str, request: Message, answer: type[M], **grant: Any) -> M | None:
        token = self._tokens.mint(jti="", identity="hubbub", name="", grant=VideoGrant(**grant))
        return await self._caller.call(method, request, answer, token)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """What fails is tried again with the next list."""

        async def run() -> None:
            try:
                await work
            except Unavailable as away:
                log.warning("LiveKit could not be told what somebody may do: %s", away)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _outside(self, room: str) -> str:
        return self._prefix + room

    def _inside(self, name: str) -> str | None:
        """None: not ours."""
        return name.removeprefix(self._prefix) if name.startswith(self._prefix) else None


def _is_due(who: Present, granted: Rights) -> bool:
    """Whether LiveKit must be told something."""
    if not granted.muted and (who.silenced or who.defiant):
        return True
    sounds = granted.muted and any(track.audio and not track.muted for track in who.tracks.values())
    return sounds or not _same(who.permission, _permission(_effective(granted, who.defiant)))


def _effective(granted: Rights, defiant: bool = False) -> Rights:
    """In LiveKit's terms: it knows no deafened people, and no mute that holds against its will."""
    sources = granted.sources - _SOUNDS if defiant else granted.sources
    return replace(granted, subscribe=granted.subscribe and not granted.deafened, sources=frozenset(sources))


def _permission(granted: Rights) -> models.ParticipantPermission:
    names: dict[str, models.TrackSource] = {
        "microphone": models.MICROPHONE,
        "camera": models.CAMERA,
        "screen": models.SCREEN_SHARE,
        "screen_audio": models.SCREEN_SHARE_AUDIO,
    }
    return models.ParticipantPermission(
        can_subscribe=granted.subscribe,
        can_publish=bool(granted.sources),
        can_publish_data=granted.data,
        can_publish_sources=sorted(names[each] for each in granted.sources if each in names),
        can_update_metadata=granted.update_profile,
    )


def _same(one: models.ParticipantPermission, other: models.ParticipantPermission) -> bool:
    """As far as we decide it."""
    return (
        one.can_subscribe == other.can_subscribe
        and one.can_publish == other.can_publish
        and one.can_publish_data == other.can_publish_data
        and one.can_update_metadata == other.can_update_metadata
        and (set(one.can_publish_sources) == set(other.can_publish_sources) or not other.can_publish)
    )
