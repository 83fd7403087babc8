"""What one media node knows of the leases of rooms: whether it may let anybody in, and under which epoch.

Whoever is let in was asked for at the registry just before (`hold`); when it does not answer, nobody is let in. An answer
is good for `ROOM` seconds from when it was asked for, by this node's own clock: the lease ends no earlier at the registry,
so no other node has the room meanwhile. A node that was stopped for longer finds it run out. Answers may overtake each
other; one of a lower epoch than is known changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.services.media.api import Lease, NodeRegistry

ROOM = 4.0  # seconds that a room stays a node's after its last renewal
SKEW = 0.5  # of these that are not used: the registry's clock may be the faster one
log = logging.getLogger(__name__)


class Leases(Protocol):
    """`shared`: there are other nodes. Where there are none every room is ours, since epoch 0."""

    shared: bool

    async def hold(self, room: str) -> int:
        """See to it that the room is ours: its epoch. Raises Unavailable, not started when it is another's, started when
        nobody can say."""
        ...

    def epoch(self, room: str) -> int | None:
        """Under which epoch the room is ours at this moment; None when it is not, or nobody can say."""
        ...

    def newest(self, room: str) -> int:
        """The highest epoch that is known of it, whoever has it; 0 when none is."""
        ...


class OnlyNode:
    """Implements Leases where there is one node."""

    shared = False

    async def hold(self, room: str) -> int:
        return 0

    def epoch(self, room: str) -> int | None:
        return 0

    def newest(self, room: str) -> int:
        return 0


class Known(NamedTuple):
    """`until`: monotonic seconds of our clock."""

    lease: Lease
    until: float


class Table:
    """What the answers said, without I/O.

    Invariant: what is ours by `epoch` was ours by the newest epoch that any answer told, asked for less than
    `ROOM - SKEW` ago."""

    def __init__(self, id: str) -> None:
        self._id = id
        self._known: dict[str, Known] = {}

    def learn(self, room: str, lease: Lease, asked: float, now: float) -> None:
        """`asked`: when the question left. What has run out is no reason to refuse a lower epoch: answers that were asked
        for even earlier have run out too, and a registry that lost its memory may begin lower."""
        until = asked + ROOM - SKEW
        old = self._known.get(room)
        if old is not None and old.until > now:
            if lease.epoch < old.lease.epoch:
                return
            if lease == old.lease:
                until = max(until, old.until)
        self._known[room] = Known(lease, until)

    def ended(self, room: str, lease: Lease, now: float) -> None:
        """We gave it back: no answer that is still under way makes it ours again under that epoch."""
        self.learn(room, Lease("", lease.epoch + 1), now, now)

    def find(self, room: str, now: float) -> Lease | None:
        known = self._known.get(room)
        return known.lease if known is not None and known.until > now else None

    def epoch(self, room: str, now: float) -> int | None:
        lease = self.find(room, now)
        return lease.epoch if lease is not None and lease.node == self._id else None

    def ours(self, now: float) -> dict[str, Lease]:
        return {room: k.lease for room, k in self._known.items() if k.until > now and k.lease.node == self._id}

    def forget(self, now: float) -> None:
        """What has run out."""
        for room in [room for room, known in self._known.items() if known.until <= now]:
            del self._known[room]


class RoomLeases:
    """Implements Leases over the registry that all nodes share."""

    shared = True

    def __init__(self, registry: NodeRegistry, id: str, clock: Clock) -> None:
        self._registry = registry
        self._id = id
        self._clock = clock
        self._table = Table(id)
        self._asking: Counter[str] = Counter()  # questions under way
        self._returning: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    async def hold(self, room: str) -> int:
        """Asked anew each time, also while a lease stands: it may have been taken from us, if voice believed us dead."""
        try:
            await self.claim(room)
        except Unavailable as error:
            raise Unavailable(f"nobody can say whose the room is: {error}", started=True) from error
        if (epoch := self.epoch(room)) is None:
            raise Unavailable("this media node does not have the room", started=False)
        return epoch

    async def claim(self, room: str) -> Lease | None:
        """Renew ours, or take it if it is nobody's. The newest that is known then. Raises Unavailable."""
        self._asking[room] += 1
        try:
            while (returning := self._returning.get(room)) is not None:
                await asyncio.wait([returning])
            asked = self._clock.monotonic()
            lease = await self._registry.claim(room, self._id, ROOM)
            self._table.learn(room, lease, asked, self._clock.monotonic())
            return self._table.find(room, self._clock.monotonic())
        finally:
            self._asking[room] -= 1
            if not self._asking[room]:
                del self._asking[room]

    def epoch(self, room: str) -> int | None:
        return None if self._closed else self._table.epoch(room, self._clock.monotonic())

    def newest(self, room: str) -> int:
        lease = self._table.find(room, self._clock.monotonic())
        return lease.epoch if lease is not None else 0

    async def give_back(self, in_use: Callable[[], set[str]]) -> None:
        """Leases of rooms that are not in use: at once free for others. One that is asked for again meanwhile waits."""
        now = self._clock.monotonic()
        self._table.forget(now)
        ours = self._table.ours(now)
        idle = ours.keys() - in_use() - self._asking.keys()
        await self._return({room: ours[room] for room in idle})

    async def close(self) -> None:
        """Nothing is ours any more."""
        self._closed = True
        await self._return(self._table.ours(self._clock.monotonic()))

    async def _return(self, leases: dict[str, Lease]) -> None:
        for room, lease in leases.items():
            self._table.ended(room, lease, self._clock.monotonic())
            self._returning[room] = asyncio.create_task(self._release(room, lease), name=f"give back {room}")
        if self._returning:
            await asyncio.wait([*self._returning.values()])

    async def _release(self, room: str, lease: Lease) -> None:
        try:
            await self._registry.release(room, lease)
        except Unavailable as error:
            log.warning("room %s could not be given back, its lease will run out: %s", room, error)
        finally:
            del self._returning[room]
