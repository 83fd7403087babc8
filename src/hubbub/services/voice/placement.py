"""Which media node has a room: one, by a lease in the cache that is taken by compare-and-set and kept by the node.

Implements MediaApi over all nodes, so that nothing else in this service knows that there are several.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from hubbub.errors import Unavailable, unless_gone
from hubbub.infra.tasks import end
from hubbub.services.media.api import (
    Admission,
    Grants,
    Lease,
    LeaveReason,
    MediaApi,
    NodeRegistry,
    Participant,
)

RESERVED = 6.0  # seconds until the node itself must have renewed the lease
LOOK = 1.0  # seconds
TRIES = 3
log = logging.getLogger(__name__)


class Placement:
    """`node(id)` reaches one node. `start(lost)` watches: `lost(room)` when the node of a room is no more."""

    def __init__(self, registry: NodeRegistry, node: Callable[[str], MediaApi]) -> None:
        self._registry = registry
        self._node = node
        self._nodes: dict[str, MediaApi] = {}
        self._rooms: dict[str, Lease] = {}  # of rooms that somebody was admitted to, the last that is known
        self._silent: set[str] = set()  # of these rooms, those whose node is not heard of
        self._task: asyncio.Task[None] | None = None

    async def start(self, lost: Callable[[str], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._watch(lost), name="media-nodes")

    async def stop(self) -> None:
        if self._task is not None:
            await end(self._task)

    # ---- MediaApi

    async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
        refused: set[str] = set()
        for _ in range(TRIES):
            lease = await self._place(room, refused)
            try:
                admission = await self._at(lease.node).admit(room, identity, name, grants)
            except Unavailable as gone:
                if gone.started:
                    raise
                refused.add(lease.node)  # it died, and its leases have not run out yet; or it has lost the room
                await self._registry.release(room, lease)
                continue
            if admission.epoch < lease.epoch:
                continue  # the node does not know yet that the room was given away and back: its token would be refused
            self._rooms[room] = Lease(lease.node, admission.epoch)
            return admission
        raise Unavailable("no media node answers", started=False)

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        if (node := await self._holder(room)) is not None:
            await unless_gone(node.grant(room, identity, grants), None)

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        if (node := await self._holder(room)) is not None:
            await unless_gone(node.remove(room, identity, reason), None)

    async def close(self, room: str) -> None:
        if (node := await self._holder(room)) is not None:
            await unless_gone(node.close(room), None)
        self._rooms.pop(room, None)
        self._silent.discard(room)

    async def participants(self, room: str) -> tuple[Participant, ...]:
        node = await self._holder(room)
        return await unless_gone(node.participants(room), ()) if node is not None else ()

    # ---- inside

    def _at(self, id: str) -> MediaApi:
        if (known := self._nodes.get(id)) is None:
            known = self._nodes[id] = self._node(id)
        return known

    async def _holder(self, room: str) -> MediaApi | None:
        """Who has it, or had it last: its people may still be there, and what is decided about them holds for them."""
        lease = await self._registry.holder(room) or self._rooms.get(room)
        if lease is None:
            return None
        self._rooms[room] = lease
        return self._at(lease.node)

    async def _place(self, room: str, refused: set[str]) -> Lease:
        lease = await self._registry.holder(room)
        if lease is None:
            loads = {id: load for id, load in (await self._registry.alive()).items() if id not in refused}
            if not loads:
                raise Unavailable("there is no media node", started=False)
            least = min(loads.values())
            choice = random.choice([id for id, load in loads.items() if load == least])
            lease = await self._registry.claim(room, choice, RESERVED)
        return lease

    async def _watch(self, lost: Callable[[str], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                if not self._rooms:
                    continue
                alive = await self._registry.alive()
                silent = {room: lease.node for room, lease in self._rooms.items() if lease.node not in alive}
                self._silent &= silent.keys()
                for room in silent.keys() - self._silent:
                    log.warning("media node %s of room %s is silent", silent[room], room)
                    self._silent.add(room)  # its lease runs out by itself: the node may be there, and only cut off
                    await lost(room)
            except Unavailable as error:
                log.warning("the media nodes could not be watched: %s", error)
            except Exception:
                log.exception("the media nodes could not be watched")
