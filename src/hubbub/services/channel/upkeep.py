"""What happens by itself: entries end on time, and what nobody needs any more goes away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.sql.expression import ClauseElement

from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.infra.database.base import Database, Transaction
from hubbub.infra.tasks import end
from hubbub.services.channel import facts, requests, store
from hubbub.services.channel.server_delete import ServerDelete
from hubbub.services.channel.snapshot import Snapshots

LOOK = 1.0  # seconds: the clock of day may be set, so nobody sleeps longer
SWEEP_MS = 300_000
KEEP_INVITES_MS = 7 * 24 * 3_600_000  # expired: until then their link says so
PIECE = 500

log = logging.getLogger(__name__)


class Upkeep:
    """Rights are resolved with the present instant, so an entry that has ended counts for nothing from that instant on;
    what happens here is that others learn of it."""

    def __init__(self, database: Database, snapshots: Snapshots, servers: ServerDelete, clock: Clock) -> None:
        self._database = database
        self._snapshots = snapshots
        self._servers = servers
        self._clock = clock
        self._next: int | None = None  # the earliest end of an entry
        self._unsure = False  # whether `_next` is still the earliest
        self._sweep_at = 0
        self._task: asyncio.Task[None] | None = None

    def expiring(self, instant: int) -> None:
        self._next = instant if self._next is None else min(self._next, instant)

    def look_again(self) -> None:
        """Another process may have written an entry that ends sooner."""
        self._unsure = True

    async def start(self) -> None:
        self._next = await self._next_end()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.warning("upkeep failed, will try again: %s", error)
            wait = LOOK if self._next is None else min(LOOK, (self._next - self._clock.now_ms()) / 1000)
            await asyncio.sleep(max(wait, 0.01))

    async def look(self) -> None:
        """Do what is due. Costs nothing when nothing is."""
        now = self._clock.now_ms()
        if self._unsure:
            self._unsure = False
            self._next = await self._next_end()
        if self._next is not None and now >= self._next:
            await self._end_entries(now)
        if self._servers.pending:
            await self._servers.sweep()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_MS
            await self._sweep(now)

    async def _end_entries(self, now: int) -> None:
        while rows := await self._database.fetch(store.EXPIRED_SERVERS, now=now):
            for (server_id,) in rows:
                await self._snapshots.change(server_id, _ending(server_id, now))
        self._next = await self._next_end()

    async def _next_end(self) -> int | None:
        return (await self._database.fetch(store.NEXT_EXPIRY))[0][0]

    async def _sweep(self, now: int) -> None:
        for statement, before in (
            (store.DELETE_LAPSED, now),
            (store.DELETE_OLD_REQUESTS, now - requests.KEEP_MS),
            (store.DELETE_OLD_INVITES, now - KEEP_INVITES_MS),
        ):
            while await self._database.write(_deleting(statement, before)):
                pass


def _deleting(statement: ClauseElement, before: int) -> Callable[[Transaction], Awaitable[int]]:
    async def body(tx: Transaction) -> int:
        return await tx.execute(statement, now=before, count=PIECE)

    return body


def _ending(server_id: int, now: int) -> Callable[[Transaction], Awaitable[None]]:
    async def body(tx: Transaction) -> None:
        await tx.lock(server_id)
        ended = await tx.fetch(store.DELETE_EXPIRED, server=server_id, now=now)
        if not ended or not await tx.fetch(store.SERVER, server=server_id):
            return
        only_people = all(kind == "user" for _, kind in ended)
        await facts.rights_changed(tx, server_id, tuple({id for id, _ in ended}) if only_people else ())

    return body
