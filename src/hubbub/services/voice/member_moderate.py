"""What those who may do to others in voice: server mute, server deaf, move, put out."""

from __future__ import annotations

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.permission_bits import CONNECT, DEAFEN_MEMBERS, MOVE_MEMBERS, MUTE_MEMBERS, VIEW_CHANNEL
from hubbub.services.media.api import MediaApi
from hubbub.services.voice import store
from hubbub.services.voice.api import VoicePatch, VoiceState
from hubbub.services.voice.room_join import UNUSED_MS, RoomJoin, grants
from hubbub.services.voice.seats import Seat, Seats, left, state


class MemberModerate:
    def __init__(
        self, database: Database, channels: ChannelApi, media: MediaApi, clock: Clock, seats: Seats, join: RoomJoin
    ) -> None:
        self._database = database
        self._channels = channels
        self._media = media
        self._clock = clock
        self._seats = seats
        self._join = join

    async def moderate(self, principal: Principal, server_id: int, user_id: int, patch: VoicePatch) -> VoiceState:
        await self._authorize(principal, server_id, user_id, patch)
        seat = self._seats.of(user_id)
        if seat is None or seat.server_id != server_id:
            raise Refused("voice.not_connected")
        if isinstance(patch.mute, bool) or isinstance(patch.deaf, bool):
            seat = await self.silence(seat, patch)
        if patch.channel_id is None:
            await self._media.remove(seat.room, seat.identity, "removed")
            gone = await self._seats.drop(user_id) or left(seat, seat.seq)
            self._seats.decide(user_id)
            return gone
        if isinstance(patch.channel_id, int) and patch.channel_id != seat.channel_id:
            seat = await self._move(principal, seat, patch.channel_id)
            self._seats.decide(user_id)
        return state(seat)

    async def silence(self, seat: Seat, patch: VoicePatch) -> Seat:
        """Server mute and server deaf, in force and kept; who may do so is decided before."""
        mute = patch.mute if isinstance(patch.mute, bool) else seat.mute
        deaf = patch.deaf if isinstance(patch.deaf, bool) else seat.deaf
        access = await self._channels.access(seat.user.id, seat.channel_id)

        async def body(tx: Transaction) -> None:
            await tx.execute(
                store.PUT_MODERATION,
                server_id=seat.server_id,
                user_id=seat.user.id,
                mute=int(mute),
                deaf=int(deaf),
            )

        await self._database.write(body)
        seat = msgspec.structs.replace(seat, mute=mute, deaf=deaf)
        await self._media.grant(seat.room, seat.identity, grants(seat, access.permissions if access else 0))
        return await self._seats.put(seat)

    async def _authorize(self, principal: Principal, server_id: int, user_id: int, patch: VoicePatch) -> None:
        needed = 0
        if isinstance(patch.mute, bool):
            needed |= MUTE_MEMBERS
        if isinstance(patch.deaf, bool):
            needed |= DEAFEN_MEMBERS
        if patch.channel_id is None or isinstance(patch.channel_id, int):
            needed |= MOVE_MEMBERS
        if not needed:
            raise Refused("request.empty")
        if principal.user_id == user_id:
            await self._channels.authorize_server(principal, server_id, needed)
        else:
            await self._channels.authorize_over(principal, server_id, user_id, needed)

    async def _move(self, principal: Principal, seat: Seat, channel_id: int) -> Seat:
        """The seat moves at once; the client sees it and fetches a ticket for the new room."""
        target = await self._channels.authorize(principal, channel_id, VIEW_CHANNEL | CONNECT | MOVE_MEMBERS)
        if target.server_id != seat.server_id or target.channel.type not in ("voice", "stage"):
            raise Refused("channel.not_voice")
        if await self._channels.access(seat.user.id, channel_id) is None:
            raise Refused("voice.cannot_see_room")
        await self._media.remove(seat.room, seat.identity, "moved")
        now = self._clock.now_ms()
        return await self._seats.put(
            msgspec.structs.replace(
                seat,
                channel_id=channel_id,
                self_video=False,
                self_stream=False,
                joined_at=now,
                sid=None,
                expires=now + UNUSED_MS,
            )
        )
