"""Read replicas of PostgreSQL, for what is read often and was written long ago, and is still never given stale.

A replica replays commits in their order. So whoever reads the head of a stream there, then rows, has every change that
raised the head so far. The primary says how far it must be: one look-up by key instead of the reading itself. A replica
that is behind, does not answer or cancels the statement (a conflict with what it replays) is passed over.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from typing import Any

import asyncpg

from hubbub.clock import Clock
from hubbub.infra.database import outbox
from hubbub.infra.database.base import Row
from hubbub.infra.database.measures import DatabaseMeasures
from hubbub.infra.database.statements import compiled

RESTING = 5.0  # seconds for which one that did not answer is not asked again
PATIENCE = 1.0  # seconds for its answer: after that the primary can still answer in time

log = logging.getLogger(__name__)
_failing = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Replicas:
    """One pool of connections for each; they take turns."""

    def __init__(self, pools: Sequence[Any], clock: Clock, measures: DatabaseMeasures) -> None:
        self.pools = tuple(pools)
        self._clock = clock
        self._turns = itertools.count()
        self._resting: dict[int, float] = {}  # until when, by place
        self._measures = measures

    async def read(self, stream: str, head: int, text: str, bound: tuple[Any, ...]) -> Sequence[Row] | None:
        """Rows as they are at `head` of the stream or later; None when no replica can say."""
        first = next(self._turns)
        for step in range(len(self.pools)):
            place = (first + step) % len(self.pools)
            if self._resting.get(place, 0.0) > self._clock.monotonic():
                continue
            try:
                async with asyncio.timeout(PATIENCE):
                    rows = await self._read(self.pools[place], stream, head, text, bound)
            except _failing as error:
                self._resting[place] = self._clock.monotonic() + RESTING
                log.warning("read replica %d does not answer, others do: %r", place + 1, error)
                continue
            if rows is None:
                self._measures.replica_behind += 1
            else:
                self._measures.reads += 1
                self._measures.replica_reads += 1
            return rows
        return None

    @staticmethod
    async def _read(pool: Any, stream: str, head: int, text: str, bound: tuple[Any, ...]) -> Sequence[Row] | None:
        heads, arguments = compiled(outbox.HEADS, "postgres")
        async with pool.acquire() as link:
            try:
                there = await link.fetch(heads, *arguments({"names": [stream]}))
                if head > (there[0][1] if there else 0):
                    return None
                return [tuple(row) for row in await link.fetch(text, *bound)]
            except BaseException:
                link.terminate()  # or giving it back would wait for a server that may be gone
                raise
