"""The database port on PostgreSQL (asyncpg): one pooled connection per body, run again when another came in between.

Invariants: a body that was begun is finished whether or not its caller waits; its facts are published by this process
in the order of their streams (see postgres_relay); nothing of asyncpg's errors escapes.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

import asyncpg
from sqlalchemy.sql.expression import ClauseElement

from hubbub import trace
from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.infra.database import outbox
from hubbub.infra.database.base import Row, T, Transaction
from hubbub.infra.database.measures import DatabaseMeasures, outcome
from hubbub.infra.database.migrations.postgres_run import migrate
from hubbub.infra.database.outbox import KEEP_MS, Lag, Publish
from hubbub.infra.database.postgres_relay import Relay
from hubbub.infra.database.postgres_transaction import Again, PostgresTransaction, in_our_words
from hubbub.infra.database.replicas import Replicas
from hubbub.infra.database.statements import compiled
from hubbub.infra.tasks import end

POOL = (5, 20)  # connections: ST-06
QUEUED = 16_384  # bodies waiting or running; more are refused, or the wait would outlast every caller's deadline
CONNECTING = 5  # seconds for a free connection
STATEMENT = 10.0  # seconds for one statement
AGAIN_FOR = 10.0  # seconds: so long a body is run again before we give up
FREELY = 2  # attempts beside all others; after that, those that were beaten take turns within this process
SWEEP_SECONDS = 30.0

log = logging.getLogger(__name__)
_in_body: ContextVar[bool] = ContextVar("in_body", default=False)
Body = Callable[[Transaction], Awaitable[T]]


class PostgresDatabase:
    def __init__(self, pool: Any, connect: Callable[[], Any], clock: Clock, replicas: Sequence[Any]) -> None:
        self._pool = pool
        self.measures = DatabaseMeasures()
        self._replicas = Replicas(replicas, clock, self.measures)
        self._clock = clock
        self._relay = Relay(self, clock, connect)
        self._running: set[asyncio.Task[Any]] = set()
        self._turns = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock,
        publish: Publish | None = None,
        prepare: Callable[[str], Awaitable[None]] = migrate,
        replicas: Sequence[str] = (),
    ) -> PostgresDatabase:
        """Connect, after `prepare(url)` brought the tables up to date.

        `publish` as on SQLite: without it facts wait for `publish_to`. `replicas`: addresses of read replicas, for
        `fetch_proved`; they may come and go. Raises Unavailable when the server is not there."""
        pools: list[Any] = []
        try:
            await prepare(url)
            pools.append(await _pool(url, POOL[0]))
            for address in replicas:
                pools.append(await _pool(address, 0))  # it need not be there now
            database = cls(pools[0], lambda: _connect(url), clock, pools[1:])
            await database._relay.start()
        except BaseException as error:
            for pool in pools:
                pool.terminate()
            if (known := in_our_words(error)) is error:
                raise
            raise known from error
        if publish:
            await database.publish_to(publish)
        database._sweeping = asyncio.create_task(database._sweep(), name="outbox-sweep")
        return database

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        return await self._fetch(self._pool, statement, values)

    async def fetch_proved(self, stream: str, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        if self._replicas.pools:
            head = (await self.heads([stream]))[stream]
            text, arguments = compiled(statement, "postgres")
            with trace.span("database/replica", "client", **{"db.query.text": text}):
                rows = await self._replicas.read(stream, head, text, arguments(values))
            if rows is not None:
                return rows
        return await self.fetch(statement, **values)

    async def write(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        self._check()
        if len(self._running) >= QUEUED:
            raise Unavailable(f"{QUEUED} writes are waiting already")
        since = self._clock.monotonic()
        with trace.span("database/write", "client"):
            task = asyncio.create_task(self._write(body))
            self._running.add(task)
            task.add_done_callback(self._ended)
            try:
                return await asyncio.shield(task)
            finally:
                self.measures.writes.add(self._clock.monotonic() - since, outcome(task))

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await outbox.heads(self, streams)

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        return await outbox.events_after(self, stream, seq, limit)

    async def publish_to(self, publish: Publish) -> None:
        """From now on publish facts: those of dead processes and our own that wait, then each after its commit."""
        await self._relay.publish_to(publish)

    async def sweep(self) -> int:
        """Delete published facts older than 10 minutes; returns how many. Runs by itself every 30 seconds."""
        return await self._relay.sweep(self._clock.now_ms() - KEEP_MS)

    def publish_again(self) -> None:
        """The bus was interrupted: publish what this process wrote lately once more."""
        self._relay.publish_again()

    async def lag(self) -> Lag:
        """Of the outbox."""
        return await self._relay.lag()

    async def close(self) -> None:
        if self._closed:
            return
        if self._sweeping:
            await end(self._sweeping)
        while self._running:
            await asyncio.wait(self._running)
        await self._relay.close()
        self._closed = True
        for pool in (self._pool, *self._replicas.pools):
            try:
                await asyncio.wait_for(pool.close(), CONNECTING)
            except Exception:
                pool.terminate()

    # ---- inside

    def _check(self) -> None:
        if self._closed:
            raise Unavailable("the database is closed")
        if _in_body.get():
            raise TypeError("a transaction's body awaits only its transaction")

    async def _fetch(self, pool: Any, statement: ClauseElement, values: dict[str, Any]) -> Sequence[Row]:
        self._check()
        text, arguments = compiled(statement, "postgres")
        bound = arguments(values)
        self.measures.reads += 1
        with trace.span("database/read", "client", **{"db.query.text": text}):
            return await self._read(pool, text, bound)

    @staticmethod
    async def _read(pool: Any, text: str, bound: tuple[Any, ...]) -> Sequence[Row]:
        try:
            async with pool.acquire(timeout=CONNECTING) as link:
                try:
                    return [tuple(row) for row in await link.fetch(text, *bound)]
                except asyncpg.InternalClientError:
                    link.terminate()  # or the pool would hand it out again
                    raise
        except Exception as error:
            if (known := in_our_words(error)) is error:
                raise
            raise known from error

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone: then nobody else asks

    async def _write(self, body: Body[T]) -> T:
        end, attempt = asyncio.get_running_loop().time() + AGAIN_FOR, 0
        while True:
            try:
                if attempt < FREELY:
                    return await self._attempt(body)
                async with self._turns:
                    return await self._attempt(body)
            except Again as error:
                attempt += 1
                if asyncio.get_running_loop().time() > end:
                    raise Unavailable(f"gave up after {attempt} attempts: {error}", started=False) from error
                await asyncio.sleep(random.uniform(0, 0.002 * min(attempt, 10)))

    async def _attempt(self, body: Body[T]) -> T:
        async with self._relay.gate.passing():
            try:
                link = await self._pool.acquire(timeout=CONNECTING)
            except Exception as error:
                raise Unavailable(f"PostgreSQL: no connection: {error!r}", started=False) from error
            try:
                return await self._run(body, PostgresTransaction(link, self._clock, self._relay))
            finally:
                await self._pool.release(link)

    async def _run(self, body: Body[T], tx: PostgresTransaction) -> T:
        committing = False
        try:
            token = _in_body.set(True)
            try:
                value = await body(tx)
            finally:
                _in_body.reset(token)
            if tx.failed:
                raise tx.failed
            committing, since = True, self._clock.monotonic()
            await tx.commit()
            self.measures.commits.add(self._clock.monotonic() - since)
            self.measures.sizes.add(1)
        except BaseException as error:
            await tx.undo()
            lost = committing and isinstance(error, Unavailable) and not isinstance(error, Again)
            self._relay.undone(tx.entries, perhaps_committed=lost)
            if isinstance(tx.failed, Again):
                raise tx.failed from error
            if lost:
                raise Unavailable(str(error), started=True) from error
            raise
        self._relay.committed(tx.entries)
        return value

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning("sweeping the outbox failed, will try again: %s", error)


async def _keep(_: Any) -> None:
    """Bodies end their transactions themselves and set nothing: a round trip to tidy up would tidy nothing."""


_SETTINGS = {"application_name": "hubbub", "jit": "off"}


async def _pool(url: str, least: int) -> Any:
    return await asyncpg.create_pool(
        url,
        min_size=least,
        max_size=POOL[1],
        statement_cache_size=500,
        command_timeout=STATEMENT,
        timeout=CONNECTING,
        reset=_keep,
        server_settings=_SETTINGS,
    )


async def _connect(url: str) -> Any:
    return await asyncpg.connect(url, command_timeout=STATEMENT, timeout=CONNECTING, server_settings=_SETTINGS)
