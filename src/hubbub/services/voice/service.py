"""The voice service: holds what the verbs need and delegates to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.ids import parse_id
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.media.api import MediaApi
from hubbub.services.user.api import UserApi
from hubbub.services.voice.api import Ticket, VoicePatch, VoiceState
from hubbub.services.voice.member_moderate import MemberModerate
from hubbub.services.voice.room_join import RoomJoin
from hubbub.services.voice.seat_restore import SeatRestore
from hubbub.services.voice.seats import Seats, state
from hubbub.services.voice.voice_state import VoiceStates

SWEEP_SECONDS = 5.0


class VoiceService:
    """Implements VoiceApi. `start()` before the first call, `close()` at the end."""

    def __init__(
        self,
        database: Database,
        channels: ChannelApi,
        users: UserApi,
        media: MediaApi,
        clock: Clock,
        publish: Callable[[Event], None],
    ) -> None:
        self._database = database
        self._media = media
        self._seats = Seats(database, clock, publish)
        self._join = RoomJoin(database, channels, users, media, clock, self._seats)
        self._moderation = MemberModerate(database, channels, media, clock, self._seats, self._join)
        self._states = VoiceStates(media, clock, self._seats, self._join, publish, self._turn)
        self._restore = SeatRestore(database, users, media, clock, self._seats, self._join)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # gone with the last holder
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Seats of an earlier process are empty, unless a media node still has who sat there. May be called again when
        another service was not there yet."""
        await self._restore.seats()
        self._sweeper = asyncio.create_task(self._sweep(), name="voice-sweep")

    @property
    def occupied(self) -> int:
        """Seats that are taken, for /metrics."""
        return len(self._seats.all())

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])

    async def join(
        self, principal: Principal, channel_id: int, self_mute: bool, self_deaf: bool, seq: int | None
    ) -> Ticket:
        async with self._turn(principal.user_id):
            return await self._join.join(principal, channel_id, self_mute, self_deaf, seq)

    async def leave(self, principal: Principal) -> None:
        async with self._turn(principal.user_id):
            seat = self._seats.of(principal.user_id)
            if seat is not None:
                await self._media.remove(seat.room, seat.identity, "left")
                await self._seats.drop(principal.user_id)

    async def update_self(self, principal: Principal, self_mute: bool, self_deaf: bool) -> VoiceState:
        async with self._turn(principal.user_id):
            seat = self._seats.of(principal.user_id)
            if seat is None:
                raise Refused("voice.not_connected")
            if (seat.self_mute, seat.self_deaf) != (self_mute, self_deaf):
                seat = await self._seats.put(msgspec.structs.replace(seat, self_mute=self_mute, self_deaf=self_deaf))
            return state(seat)

    async def moderate(self, principal: Principal, server_id: int, user_id: int, patch: VoicePatch) -> VoiceState:
        async with self._turn(user_id):
            return await self._moderation.moderate(principal, server_id, user_id, patch)

    async def silence(self, room: str, identity: str, mute: bool) -> bool:
        user_id = parse_id(identity)
        if user_id is None:
            return False
        async with self._turn(user_id):
            seat = self._seats.of(user_id)
            if seat is None or seat.room != room:
                return False
            if seat.mute != mute:
                await self._moderation.silence(seat, VoicePatch(mute=mute))
            return True

    async def states(self, server_ids: tuple[int, ...]) -> tuple[VoiceState, ...]:
        return tuple(state(seat) for seat in self._seats.on_servers(server_ids))

    async def speaking(self, server_ids: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
        channels = {seat.channel_id for seat in self._seats.on_servers(server_ids)}
        return {each: self._states.speaking[each] for each in channels if each in self._states.speaking}

    async def room_lost(self, room: str) -> None:
        """Its media node is gone (assembly subscribes, where there are several)."""
        self._states.room_lost(room)

    async def on_event(self, event: Event) -> None:
        """Facts of media nodes and of other services (assembly subscribes), in order."""
        await self._states.on_event(event)

    def _turn(self, user_id: int) -> asyncio.Lock:
        """One change of a person's seat at a time: a join that overtakes a leave would leave a ghost."""
        return self._turns.setdefault(user_id, asyncio.Lock())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self._states.give_up_unused()
