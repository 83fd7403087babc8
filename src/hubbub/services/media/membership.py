"""One media node among several: it says that it is alive, and holds the leases of the rooms that it has.

In the cache: `media:nodes` lists all nodes that were ever here (sorted set), `media:node:<id>` is there while one lives
and holds how many rooms it has, `media:room:<room>` is the lease of a room. Who loses the lease of a room gives it up:
a room lives on one node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.infra.cache.base import Cache
from hubbub.infra.tasks import end
from hubbub.services.media.node import MediaNode

BEAT = 1.0
ALIVE = 4.0  # seconds that a node is believed to live after its last beat
ROOM = 6.0  # seconds that a room stays a node's after its last renewal
LISTED = 86_400.0
NODES = "media:nodes"
log = logging.getLogger(__name__)


def node_key(id: str) -> str:
    return f"media:node:{id}"


def room_key(room: str) -> str:
    return f"media:room:{room}"


class Membership:
    def __init__(self, cache: Cache, node: MediaNode, id: str, clock: Clock) -> None:
        self._cache = cache
        self._node = node
        self._id = id
        self._clock = clock
        self._held: dict[str, int] = {}  # room -> epoch of our lease
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._beat()
        self._task = asyncio.create_task(self._run(), name="media-membership")

    async def close(self) -> None:
        if self._task is None:
            return
        await end(self._task)
        with contextlib.suppress(Unavailable):
            await self._cache.delete(node_key(self._id))
            for room in self._held:
                await self._cache.release(room_key(room), self._id.encode())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._beat()
            except Unavailable as error:  # rooms go on: nobody else can take them without the cache either
                log.warning("the other processes could not be told that this node lives: %s", error)

    async def _beat(self) -> None:
        rooms = self._node.in_use()
        await self._cache.put(node_key(self._id), str(len(rooms)).encode(), ALIVE)
        await self._cache.score(NODES, self._id, self._clock.now_ms() / 1000, LISTED)
        for room in rooms:
            await self._hold(room)
        for room in self._held.keys() - rooms:
            del self._held[room]
            await self._cache.release(room_key(room), self._id.encode())

    async def _hold(self, room: str) -> None:
        claim = await self._cache.claim(room_key(room), self._id.encode(), ROOM)
        if claim.holder == self._id.encode():
            self._held[room] = claim.epoch
            return
        log.warning("room %s is on another node since epoch %d", room, claim.epoch)
        self._held.pop(room, None)
        self._node.give_up(room)
