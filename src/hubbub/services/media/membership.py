"""One media node among several: it says that it is alive, and holds the leases of the rooms that it has.

Who loses the lease of a room gives it up: a room lives on one node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from hubbub.errors import Unavailable
from hubbub.infra.tasks import end
from hubbub.services.media.api import Lease
from hubbub.services.media.node import MediaNode
from hubbub.services.media.registry import Registry

BEAT = 1.0
ROOM = 6.0  # seconds that a room stays a node's after its last renewal
log = logging.getLogger(__name__)


class Membership:
    def __init__(self, registry: Registry, node: MediaNode, id: str) -> None:
        self._registry = registry
        self._node = node
        self._id = id
        self._held: dict[str, Lease] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._beat()
        self._task = asyncio.create_task(self._run(), name="media-membership")

    async def close(self) -> None:
        if self._task is None:
            return
        await end(self._task)
        with contextlib.suppress(Unavailable):
            await self._registry.leave(self._id)
            for room, lease in self._held.items():
                await self._registry.release(room, lease)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._beat()
            except Unavailable as error:  # rooms go on: nobody else can take them without the cache either
                log.warning("the other processes could not be told that this node lives: %s", error)

    async def _beat(self) -> None:
        rooms = self._node.in_use()
        await self._registry.beat(self._id, len(rooms))
        for room in rooms:
            await self._hold(room)
        for room in self._held.keys() - rooms:
            await self._registry.release(room, self._held.pop(room))

    async def _hold(self, room: str) -> None:
        lease = await self._registry.claim(room, self._id, ROOM)
        if lease.node == self._id:
            self._held[room] = lease
            return
        log.warning("room %s is on another node since epoch %d", room, lease.epoch)
        self._held.pop(room, None)
        self._node.give_up(room)
