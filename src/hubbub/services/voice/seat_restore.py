"""Seats that an earlier process of this service gave, found again: what the table says and a media node confirms."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.media.api import MediaApi, Participant
from hubbub.services.user.api import UserApi
from hubbub.services.voice import store
from hubbub.services.voice.room_join import UNUSED_MS, RoomJoin
from hubbub.services.voice.seats import Seat, Seats


class SeatRestore:
    def __init__(
        self, database: Database, users: UserApi, media: MediaApi, clock: Clock, seats: Seats, join: RoomJoin
    ) -> None:
        self._database = database
        self._users = users
        self._media = media
        self._clock = clock
        self._seats = seats
        self._join = join

    async def seats(self) -> None:
        for row in await self._database.fetch(store.SEATS):
            await self._seat(*row)

    async def _seat(
        self,
        user_id: int,
        session_id: int,
        server_id: int,
        channel_id: int,
        self_mute: int,
        self_deaf: int,
        joined_at: int,
        seq: int,
    ) -> None:
        """A row of the table: taken over if that person is still there, else deleted."""
        if self._seats.of(user_id) is not None:
            return
        room, identity = f"{server_id}:{channel_id}", str(user_id)
        there = [each for each in await self._media.participants(room) if each.identity == identity]
        users = await self._users.get((user_id,)) if there else ()
        if not users:
            await self._drop(user_id)
            return
        mute, deaf = await self._join.moderation(server_id, user_id)
        seat = Seat(
            user=users[0],
            session_id=session_id,
            server_id=server_id,
            channel_id=channel_id,
            self_mute=bool(self_mute),
            self_deaf=bool(self_deaf),
            mute=mute,
            deaf=deaf,
            suppress=False,
            self_video=_publishes(there[0], "camera"),
            self_stream=_publishes(there[0], "screen"),
            joined_at=joined_at,
            seq=seq,
            sid=there[0].sid,
            expires=self._clock.now_ms() + UNUSED_MS,
        )
        if await self._join.refresh(await self._seats.put(seat)) is None:  # rights were lost while nobody looked
            await self._media.remove(room, identity, "removed")
            await self._seats.drop(user_id)

    async def _drop(self, user_id: int) -> None:
        async def body(tx: Transaction) -> None:
            await tx.execute(store.DROP_SEAT, user=user_id)

        await self._database.write(body)


def _publishes(participant: Participant, source: str) -> bool:
    return source in participant.sources
