"""The rooms of all media nodes as one: whoever asks need not know where a room is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hubbub.errors import Refused, Unavailable
from hubbub.infra.cache.base import Cache
from hubbub.services.media.api import AttendantPatch, Parcel, RoomPlan, RoomsApi
from hubbub.services.media.membership import NODES, node_key, room_key
from hubbub.services.media.signals import Attendant, RoomState, Track

MOST = 1_000  # nodes
T = TypeVar("T")


class AllRooms:
    """Implements RoomsApi. `node(id)` reaches one node; `here` is the one in this process, if there is one."""

    def __init__(self, cache: Cache, node: Callable[[str], RoomsApi], here: RoomsApi | None) -> None:
        self._cache = cache
        self._node = node
        self._here = here

    async def rooms(self, names: tuple[str, ...]) -> tuple[RoomState, ...]:
        ids = [id for id, _ in await self._cache.range(NODES, 0, float("inf"), MOST)]
        alive = await self._cache.get([node_key(id) for id in ids]) if ids else []
        asked = [self._node(id).rooms(names) for id, beat in zip(ids, alive, strict=True) if beat is not None]
        found = await asyncio.gather(*(_unless_dead(each, ()) for each in asked))
        return tuple(room for rooms in found for room in rooms)

    async def attendants(self, room: str) -> tuple[Attendant, ...]:
        holder = await self._cache.holder(room_key(room))
        return await _unless_dead(self._node(holder.holder.decode()).attendants(room), ()) if holder else ()

    async def open(self, plan: RoomPlan) -> RoomState:
        """Clients with an operator's token go to a node of their choice: the room must be made there."""
        if await self._cache.holder(room_key(plan.name)) is not None:
            return await (await self._at(plan.name)).open(plan)
        if self._here is None:
            raise Refused("media.no_node")
        return await self._here.open(plan)

    async def describe(self, room: str, metadata: str) -> RoomState:
        return await (await self._at(room)).describe(room, metadata)

    async def shut(self, room: str) -> None:
        await (await self._at(room)).shut(room)

    async def expel(self, room: str, identity: str) -> None:
        await (await self._at(room, identity)).expel(room, identity)

    async def mute(self, room: str, identity: str, track: str, muted: bool) -> Track | None:
        return await (await self._at(room, identity)).mute(room, identity, track, muted)

    async def change(self, room: str, identity: str, patch: AttendantPatch) -> Attendant:
        return await (await self._at(room, identity)).change(room, identity, patch)

    async def subscribe(self, room: str, identity: str, tracks: tuple[str, ...], wanted: bool) -> None:
        await (await self._at(room, identity)).subscribe(room, identity, tracks, wanted)

    async def send(self, room: str, parcel: Parcel) -> None:
        await (await self._at(room)).send(room, parcel)

    async def _at(self, room: str, identity: str = "") -> RoomsApi:
        """The node that has the room."""
        claim = await self._cache.holder(room_key(room))
        if claim is None:
            raise Refused("media.participant_not_found" if identity else "media.room_not_found")
        return self._node(claim.holder.decode())


async def _unless_dead(call: Awaitable[T], nothing: T) -> T:
    """A node that has just died has no rooms any more."""
    try:
        return await call
    except Unavailable as gone:
        if gone.started:
            raise
        return nothing
