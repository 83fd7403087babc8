"""One media node among several: it says that it is alive, and keeps the leases of the rooms that it has.

Who loses the lease of a room gives it up: a room lives on one node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from hubbub.errors import Unavailable
from hubbub.infra.tasks import end
from hubbub.services.media.leases import RoomLeases
from hubbub.services.media.node import MediaNode
from hubbub.services.media.registry import Registry

BEAT = 1.0  # seconds between two renewals of all leases
AT_ONCE = 8  # of them
log = logging.getLogger(__name__)


class Membership:
    def __init__(self, registry: Registry, leases: RoomLeases, node: MediaNode, id: str) -> None:
        self._registry = registry
        self._leases = leases
        self._node = node
        self._id = id
        self._epochs: dict[str, int] = {}  # of rooms in use, at the last beat
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.beat()
        self._task = asyncio.create_task(self._run(), name="media-membership")

    async def close(self) -> None:
        if self._task is None:
            return
        await end(self._task)
        with contextlib.suppress(Unavailable):
            await self._registry.leave(self._id)
        await self._leases.close()

    async def beat(self) -> None:
        """Raises Unavailable: then people who are in go on, and nobody comes in once the leases have run out."""
        rooms = self._node.in_use()
        await self._registry.beat(self._id, len(rooms))
        listed = list(rooms)
        for start in range(0, len(listed), AT_ONCE):  # a thousand round trips one by one would outlast the leases
            await asyncio.gather(*(self._keep(room) for room in listed[start : start + AT_ONCE]))
        for room in self._epochs.keys() - rooms:
            del self._epochs[room]
        await self._leases.give_back(self._node.in_use)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self.beat()
            except Unavailable as error:
                log.warning("the other processes could not be told that this node lives: %s", error)
            except Exception:
                log.exception("the leases of rooms could not be renewed")

    async def _keep(self, room: str) -> None:
        lease = await self._leases.claim(room)
        if lease is None or not lease.node:
            return  # nobody can say yet
        if lease.node != self._id:
            log.warning("room %s is on another node since epoch %d", room, lease.epoch)
            self._epochs.pop(room, None)
            self._node.give_up(room)
        elif self._epochs.setdefault(room, lease.epoch) != lease.epoch:
            self._epochs[room] = lease.epoch
            self._node.renew(room)
