"""Which media nodes live, and which of them has a room: what they and the voice service tell each other in the cache.

`media:nodes` lists all nodes that were ever here (sorted set), `media:node:<id>` is there while one lives and holds how
many rooms it has, `media:room:<room>` is the lease of a room, held in the name of its node.
"""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.infra.cache.base import Cache, Claim
from hubbub.services.media.api import Lease

ALIVE = 4.0  # seconds that a node is believed to live after its last beat
LISTED = 86_400.0
MOST = 1_000  # nodes
_NODES = "media:nodes"


class Registry:
    """Implements NodeRegistry."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    async def beat(self, node: str, rooms: int) -> None:
        """It lives."""
        await self._cache.put(_node(node), str(rooms).encode(), ALIVE)
        await self._cache.score(_NODES, node, self._clock.now_ms() / 1000, LISTED)

    async def leave(self, node: str) -> None:
        await self._cache.delete(_node(node))

    async def alive(self) -> dict[str, int]:
        ids = [id for id, _ in await self._cache.range(_NODES, 0, float("inf"), MOST)]
        rooms = await self._cache.get([_node(id) for id in ids]) if ids else []
        return {id: int(count) for id, count in zip(ids, rooms, strict=True) if count is not None}

    async def holder(self, room: str) -> Lease | None:
        claim = await self._cache.holder(_room(room))
        return _lease(claim) if claim is not None else None

    async def claim(self, room: str, node: str, seconds: float) -> Lease:
        return _lease(await self._cache.claim(_room(room), node.encode(), seconds))

    async def release(self, room: str, lease: Lease) -> None:
        await self._cache.release(_room(room), Claim(lease.node.encode(), lease.epoch))


def _node(id: str) -> str:
    return f"media:node:{id}"


def _room(room: str) -> str:
    return f"media:room:{room}"


def _lease(claim: Claim) -> Lease:
    return Lease(claim.holder.decode(), claim.epoch)
