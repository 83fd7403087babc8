"""Holding a key of the cache for as long as this process lives: numbers and offices that only one process may have."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from hubbub.errors import Unavailable
from hubbub.infra.cache.base import Cache, Claim
from hubbub.infra.tasks import end

WORKERS = 1 << 10  # of snowflakes; 0 is the one of a process that is alone
TTL = 15.0  # seconds after which the key of a process that died is free
RENEW = 4.0
TRY = 0.5  # seconds between two tries to take what another one holds

log = logging.getLogger(__name__)


class Lease:
    """`lost()` is called when another process holds the key: this one must stop at once.

    While the cache is away nobody else can take the key either; when it comes back empty, whoever claims first has it."""

    def __init__(self, cache: Cache, key: str, holder: bytes, lost: Callable[[], None]) -> None:
        self._cache = cache
        self._key = key
        self._holder = holder
        self._lost = lost
        self._claim: Claim | None = None
        self._task: asyncio.Task[None] | None = None

    async def take(self) -> bool:
        """One try. From then on it is held until `close`."""
        claim = await self._cache.claim(self._key, self._holder, TTL)
        if claim.holder != self._holder:
            return False
        self._claim = claim
        self._task = asyncio.create_task(self._renew(), name=f"lease-{self._key}")
        return True

    async def wait(self) -> None:
        """Until it is ours."""
        said = False
        while True:
            if await self.take():
                return
            if not said:
                said = True
                log.info("%s is held by another process: standing by", self._key)
            await asyncio.sleep(TRY)

    async def close(self) -> None:
        if self._task is None or self._claim is None:
            return
        await end(self._task)
        with contextlib.suppress(Unavailable):
            await self._cache.release(self._key, self._claim)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                claim = await self._cache.claim(self._key, self._holder, TTL)
            except Unavailable as error:
                log.warning("%s could not be renewed, will try again: %s", self._key, error)
                continue
            if claim.holder != self._holder:
                log.critical("%s is held by another process", self._key)
                self._lost()
                return
            self._claim = claim  # of a new epoch, if the cache came back empty


async def take_worker(cache: Cache, holder: bytes, lost: Callable[[], None]) -> tuple[int, Lease]:
    """A number for snowflakes that no other process has. Raises Unavailable when all are taken."""
    for number in random.sample(range(1, WORKERS), WORKERS - 1):
        lease = Lease(cache, f"worker:{number}", holder, lost)
        if await lease.take():
            return number, lease
    raise Unavailable("every worker number is taken")
