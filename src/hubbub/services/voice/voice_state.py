"""What media nodes report and what other services decide, turned into seats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.ids import parse_id
from hubbub.services.auth.events import SessionRevoked
from hubbub.services.channel.events import ChannelDeleted, MemberRemoved, PermissionsChanged, ServerDeleted
from hubbub.services.media.api import MediaApi
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged, SpeakingStarted
from hubbub.services.voice.events import SpeakingChanged
from hubbub.services.voice.room_join import UNUSED_MS, RoomJoin
from hubbub.services.voice.seats import Seat, Seats


class VoiceStates:
    """`turn`: held while one person's seat changes. What a node reports of the room that somebody is leaving must not
    overtake, or be overtaken by, the join that is under way: it would take the new seat."""

    def __init__(
        self,
        media: MediaApi,
        clock: Clock,
        seats: Seats,
        join: RoomJoin,
        publish: Callable[[Event], None],
        turn: Callable[[int], asyncio.Lock],
    ) -> None:
        self._media = media
        self._clock = clock
        self._seats = seats
        self._join = join
        self._publish = publish
        self._turn = turn
        self.speaking: dict[int, tuple[int, ...]] = {}  # channel -> who speaks; silent channels are absent

    async def on_event(self, event: Event) -> None:
        match event:
            case ParticipantJoined() | ParticipantLeft() | SourcesChanged():
                await self._reported(event)
            case SpeakingStarted():
                self._spoke(event)
            case PermissionsChanged():
                await self._rights_changed(event)
            case MemberRemoved():
                await self._end(lambda seat: seat.server_id == event.server_id and seat.user.id == event.user_id)
            case ChannelDeleted():
                await self._end(lambda seat: seat.channel_id == event.channel_id)
            case ServerDeleted():
                await self._end(lambda seat: seat.server_id == event.server_id)
            case SessionRevoked():
                await self._end(lambda seat: seat.session_id == event.session_id)
            case _:
                pass

    async def give_up_unused(self) -> None:
        """Seats whose media did not come in time; call every few seconds."""
        now = self._clock.now_ms()
        await self._end(lambda seat: seat.sid is None and seat.expires <= now)

    def room_lost(self, room: str) -> None:
        """People keep their seats for a while: their clients ask for media anew, and get it on another node."""
        for seat in self._seats.all():
            if seat.room == room:
                expires = self._clock.now_ms() + UNUSED_MS
                fresh = msgspec.structs.replace(seat, sid=None, expires=expires, self_video=False, self_stream=False)
                self._seats.note(fresh)
                if self.speaking.pop(seat.channel_id, None):
                    silent = SpeakingChanged(server_id=seat.server_id, channel_id=seat.channel_id, user_ids=())
                    self._publish(silent)

    async def _reported(self, event: ParticipantJoined | ParticipantLeft | SourcesChanged) -> None:
        user_id = parse_id(event.identity)
        if user_id is None:
            return  # somebody whom an operator's own LiveKit tools let in
        async with self._turn(user_id):
            seat = self._seats.of(user_id)
            if seat is None or seat.room != event.room:
                return  # they sit elsewhere already
            match event:
                case ParticipantJoined():
                    self._seats.note(msgspec.structs.replace(seat, sid=event.sid))
                case SourcesChanged():
                    camera, screen = "camera" in event.sources, "screen" in event.sources
                    self._seats.note(msgspec.structs.replace(seat, self_video=camera, self_stream=screen))
                case ParticipantLeft():
                    again = event.reason in ("replaced", "moved")  # they come back, or have
                    if not again and seat.sid in (None, event.sid):
                        await self._seats.drop(user_id)

    async def _end(self, chosen: Callable[[Seat], bool]) -> None:
        for user_id in [seat.user.id for seat in self._seats.all() if chosen(seat)]:
            async with self._turn(user_id):
                seat = self._seats.of(user_id)
                if seat is not None and chosen(seat):
                    await self._put_out(seat)

    async def _rights_changed(self, event: PermissionsChanged) -> None:
        for user_id in [seat.user.id for seat in self._seats.on_servers((event.server_id,))]:
            if event.user_ids and user_id not in event.user_ids:
                continue
            async with self._turn(user_id):
                seat = self._seats.of(user_id)
                if seat is not None and seat.server_id == event.server_id and await self._join.refresh(seat) is None:
                    await self._put_out(seat)

    async def _put_out(self, seat: Seat) -> None:
        await self._media.remove(seat.room, seat.identity, "removed")
        await self._seats.drop(seat.user.id)

    def _spoke(self, event: SpeakingStarted) -> None:
        server, _, channel = event.room.partition(":")
        server_id, channel_id = parse_id(server), parse_id(channel)
        if server_id is None or channel_id is None:
            return  # a room of an operator's own LiveKit tools
        users = tuple(each for each in map(parse_id, event.identities) if each is not None)
        if users:
            self.speaking[channel_id] = users
        else:
            self.speaking.pop(channel_id, None)
        self._publish(SpeakingChanged(server_id=server_id, channel_id=channel_id, user_ids=users))
