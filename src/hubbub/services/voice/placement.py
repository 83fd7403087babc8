"""Which media node has a room: one, by a lease in the cache that is taken by compare-and-set and kept by the node.

Implements MediaApi over all nodes, so that nothing else in this service knows that there are several.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hubbub.errors import Unavailable
from hubbub.infra.cache.base import Cache
from hubbub.infra.tasks import end
from hubbub.services.media.api import Admission, Grants, LeaveReason, MediaApi, Participant

RESERVED = 6.0  # seconds until the node itself must have renewed the lease
LOOK = 1.0  # seconds
TRIES = 3
T = TypeVar("T")
log = logging.getLogger(__name__)


class Placement:
    """`node(id)` reaches one node. `start(lost)` watches: `lost(room)` when the node of a room is no more."""

    def __init__(self, cache: Cache, node: Callable[[str], MediaApi]) -> None:
        self._cache = cache
        self._node = node
        self._nodes: dict[str, MediaApi] = {}
        self._rooms: dict[str, str] = {}  # room -> node, of rooms that somebody was admitted to
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
            at = await self._place(room, refused)
            try:
                admission = await self._at(at).admit(room, identity, name, grants)
            except Unavailable as gone:
                if gone.started:
                    raise
                refused.add(at)  # nobody is there: it died, and its leases have not run out yet
                await self._cache.release(_key(room), at.encode())
                continue
            self._rooms[room] = at
            return admission
        raise Unavailable("no media node answers", started=False)

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        if (node := await self._holder(room)) is not None:
            await _unless_dead(node.grant(room, identity, grants))

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        if (node := await self._holder(room)) is not None:
            await _unless_dead(node.remove(room, identity, reason))

    async def close(self, room: str) -> None:
        if (node := await self._holder(room)) is not None:
            await _unless_dead(node.close(room))

    async def participants(self, room: str) -> tuple[Participant, ...]:
        node = await self._holder(room)
        return (await _unless_dead(node.participants(room)) or ()) if node is not None else ()

    # ---- inside

    def _at(self, id: str) -> MediaApi:
        if (known := self._nodes.get(id)) is None:
            known = self._nodes[id] = self._node(id)
        return known

    async def _holder(self, room: str) -> MediaApi | None:
        claim = await self._cache.holder(_key(room))
        if claim is None:
            return None
        self._rooms[room] = claim.holder.decode()
        return self._at(claim.holder.decode())

    async def _place(self, room: str, refused: set[str]) -> str:
        claim = await self._cache.holder(_key(room))
        if claim is None:
            loads = {id: load for id, load in (await self._alive()).items() if id not in refused}
            if not loads:
                raise Unavailable("there is no media node", started=False)
            least = min(loads.values())
            choice = random.choice([id for id, load in loads.items() if load == least])
            claim = await self._cache.claim(_key(room), choice.encode(), RESERVED)
        return claim.holder.decode()

    async def _alive(self) -> dict[str, int]:
        """Node -> how many rooms it has."""
        ids = [id for id, _ in await self._cache.range("media:nodes", 0, float("inf"), 1_000)]
        loads = await self._cache.get([f"media:node:{id}" for id in ids])
        return {id: int(load) for id, load in zip(ids, loads, strict=True) if load is not None}

    async def _watch(self, lost: Callable[[str], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                if not self._rooms:
                    continue
                alive = await self._alive()
                for room, at in [each for each in self._rooms.items() if each[1] not in alive]:
                    log.warning("media node %s is gone, and room %s with it", at, room)
                    del self._rooms[room]
                    await self._cache.release(_key(room), at.encode())
                    await lost(room)
            except Unavailable as error:
                log.warning("the media nodes could not be watched: %s", error)
            except Exception:
                log.exception("the media nodes could not be watched")


async def _unless_dead(call: Awaitable[T]) -> T | None:
    """What is asked of a node that died has come true already."""
    try:
        return await call
    except Unavailable as gone:
        if gone.started:
            raise
        return None


def _key(room: str) -> str:
    return f"media:room:{room}"
