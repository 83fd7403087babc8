"""Taking a seat, and rights that follow from the place."""

from __future__ import annotations

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import Access, ChannelApi
from hubbub.services.channel.permission_bits import CONNECT, MOVE_MEMBERS, SPEAK, STREAM, USE_CAMERA, VIEW_CHANNEL
from hubbub.services.media.api import Grants, MediaApi
from hubbub.services.user.api import User, UserApi
from hubbub.services.voice import store
from hubbub.services.voice.api import Ticket
from hubbub.services.voice.seats import Seat, Seats, state

UNUSED_MS = 30_000
"""How long a seat is kept for media that has not come (back)."""


class RoomJoin:
    def __init__(
        self, database: Database, channels: ChannelApi, users: UserApi, media: MediaApi, clock: Clock, seats: Seats
    ) -> None:
        self._database = database
        self._channels = channels
        self._users = users
        self._media = media
        self._clock = clock
        self._seats = seats

    async def join(
        self, principal: Principal, channel_id: int, self_mute: bool, self_deaf: bool, seq: int | None
    ) -> Ticket:
        old = self._seats.of(principal.user_id)
        stays = old is not None and old.channel_id == channel_id
        if seq is not None and not stays and seq < self._seats.decided(principal.user_id):
            raise Refused("voice.overruled")
        access = await self._authorize(principal, channel_id, old)
        users = await self._users.get((principal.user_id,))
        if not users:
            raise Refused("user.not_found")
        mute, deaf = await self.moderation(access.server_id, principal.user_id)
        now = self._clock.now_ms()
        seat = Seat(
            user=users[0],
            session_id=principal.session_id,
            server_id=access.server_id,
            channel_id=channel_id,
            self_mute=self_mute,
            self_deaf=self_deaf,
            mute=mute,
            deaf=deaf,
            suppress=not access.permissions & SPEAK,
            self_video=False,
            self_stream=False,
            joined_at=old.joined_at if stays and old else now,
            seq=0,
            sid=None,
            expires=now + UNUSED_MS,
        )
        admission = await self._media.admit(seat.room, seat.identity, _name(users[0]), grants(seat, access.permissions))
        if old is not None and not stays:
            await self._media.remove(old.room, old.identity, "moved")
        seat = await self._seats.put(seat)
        return Ticket(url=admission.url, token=admission.token, room=admission.room, state=state(seat))

    async def moderation(self, server_id: int, user_id: int) -> tuple[bool, bool]:
        """Server mute and server deaf, as a moderator left them."""
        rows = await self._database.fetch(store.MODERATION, server=server_id, user=user_id)
        return (bool(rows[0][0]), bool(rows[0][1])) if rows else (False, False)

    async def refresh(self, seat: Seat) -> Seat | None:
        """Rights may have changed: bring seat and media in line; None when the seat is lost."""
        access = await self._channels.access(seat.user.id, seat.channel_id)
        if access is None:
            return None
        suppress = not access.permissions & SPEAK
        await self._media.grant(
            seat.room, seat.identity, grants(msgspec.structs.replace(seat, suppress=suppress), access.permissions)
        )
        if suppress != seat.suppress:
            return await self._seats.put(msgspec.structs.replace(seat, suppress=suppress))
        return seat

    async def _authorize(self, principal: Principal, channel_id: int, old: Seat | None) -> Access:
        moved_here = old is not None and old.channel_id == channel_id  # by somebody who may: CONNECT is not asked
        access = await self._channels.authorize(principal, channel_id, VIEW_CHANNEL | (0 if moved_here else CONNECT))
        if access.channel.type not in ("voice", "stage"):
            raise Refused("channel.not_voice")
        others = [each for each in self._seats.in_channel(channel_id) if each.user.id != principal.user_id]
        limit = access.channel.user_limit
        if limit and len(others) >= limit and not moved_here and not access.permissions & MOVE_MEMBERS:
            raise Refused("voice.full", limit=limit)
        return access


def grants(seat: Seat, permissions: int) -> Grants:
    return Grants(
        speak=bool(permissions & SPEAK),
        camera=bool(permissions & USE_CAMERA),
        screen=bool(permissions & STREAM),
        data=True,
        muted=seat.mute or seat.suppress,
        deafened=seat.deaf,
    )


def _name(user: User) -> str:
    return user.display_name
