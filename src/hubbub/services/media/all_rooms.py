"""The rooms of all media nodes as one: whoever asks need not know where a room is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub.errors import Refused, Unavailable, unless_gone
from hubbub.services.media.api import AttendantPatch, NodeRegistry, Parcel, RoomPlan, RoomsApi
from hubbub.services.media.signals import Attendant, RoomState, Track

TRIES = 3


class AllRooms:
    """Implements RoomsApi. `node(id)` reaches one node; `here` is the one in this process, if there is one."""

    def __init__(self, registry: NodeRegistry, node: Callable[[str], RoomsApi], here: RoomsApi | None) -> None:
        self._registry = registry
        self._node = node
        self._here = here

    async def rooms(self, names: tuple[str, ...]) -> tuple[RoomState, ...]:
        asked = [self._node(id).rooms(names) for id in await self._registry.alive()]
        found = await asyncio.gather(*(unless_gone(each, ()) for each in asked))
        return tuple(room for rooms in found for room in rooms)

    async def attendants(self, room: str) -> tuple[Attendant, ...]:
        lease = await self._registry.holder(room)
        return await unless_gone(self._node(lease.node).attendants(room), ()) if lease else ()

    async def open(self, plan: RoomPlan) -> RoomState:
        """Clients with an operator's token go to a node of their choice: the room must be made there."""
        for _ in range(TRIES):
            lease = await self._registry.holder(plan.name)
            at = self._here if lease is None else self._node(lease.node)
            if at is None:
                raise Refused("media.no_node")
            try:
                return await at.open(plan)
            except Unavailable as gone:
                if gone.started:
                    raise  # else another node was faster: it has the room now
        raise Unavailable("no media node answers", started=False)

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
        lease = await self._registry.holder(room)
        if lease is None:
            raise Refused("media.participant_not_found" if identity else "media.room_not_found")
        return self._node(lease.node)
