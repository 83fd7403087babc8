"""What a body gets on PostgreSQL: one connection of the pool until it is committed or undone.

Isolation follows from the first statement. A body that begins with `lock` says itself whom it excludes: it runs READ
COMMITTED, so that what it reads after waiting for the lock is what the one before it wrote. Every other body runs
SERIALIZABLE: as if it were alone, like on SQLite, or again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import bindparam
from sqlalchemy.sql.expression import ClauseElement

from hubbub import events, trace
from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.infra.database.base import Conflict, Row
from hubbub.infra.database.outbox import RAISE_HEAD, outbox
from hubbub.infra.database.postgres_relay import Entry, Relay
from hubbub.infra.database.statements import compiled

_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_FAILING = (  # the server, the network or the disk; anything else is a mistake in a statement
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that died unread
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)
_FACT = ("stream", "seq", "topic", "payload", "at", "writer")
ADD_FACT = outbox.insert().values({name: bindparam(name) for name in _FACT}).returning(outbox.c.id)


class Again(Unavailable):
    """Another transaction came in between; the body may run once more."""


def in_our_words(error: BaseException) -> BaseException:
    """PostgreSQL's error as the port's: Conflict, Unavailable, or unchanged when it is a defect of the statement."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return Conflict(str(error))
    if isinstance(error, _AGAIN):
        return Again(f"PostgreSQL: {error}")
    if isinstance(error, _FAILING) and not isinstance(error, asyncpg.DataError):
        return Unavailable(f"PostgreSQL: {error!r}")
    return error


class PostgresTransaction:
    """`entries`: the facts it emitted, known to the relay since their heads were raised."""

    def __init__(self, link: Any, clock: Clock, relay: Relay) -> None:
        self._link = link
        self._clock = clock
        self._relay = relay
        self._begun = False
        self._over = False
        self.entries: list[Entry] = []
        self.failed: BaseException | None = None  # set by any error: the body's work is undone even if it caught it

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        return await self._fetched(statement, values)

    async def execute(self, statement: ClauseElement, /, **values: Any) -> int:
        text, arguments = self._prepared(statement, values)
        status: str = await self._ran(self._link.execute, text, *arguments)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def fetch_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> Sequence[Row]:
        if not rows:
            return []
        prepared = [self._prepared(statement, values) for values in rows]
        found = await self._ran(self._link.fetchmany, prepared[0][0], [arguments for _, arguments in prepared])
        return [tuple(row) for row in found]

    async def lock(self, key: int) -> None:
        if self._begun:
            await self._ran(self._link.execute, "SELECT pg_advisory_xact_lock($1)", key)
        else:
            self._begun = True
            begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({int(key)})"
            await self._ran(self._link.execute, begin)

    async def emit(self, stream: str, event: Event) -> int:
        return await self.emit_all(stream, [(event, trace.traceparent())])

    async def emit_all(self, stream: str, told: Sequence[tuple[Event, str]], /) -> int:
        head: int = (await self._fetched(RAISE_HEAD, {"name": stream, "count": len(told)}))[0][0]
        entries = [self._relay.opened(stream) for _ in told]  # we hold the head: nobody is between it and our commit
        self.entries += entries
        at, first = self._clock.now_ms(), head - len(told) + 1
        same = {"stream": stream, "at": at, "writer": self._relay.writer}
        facts = [
            (event.topic, events.encode_of(cause, event, stream, first + n, at))
            for n, (event, cause) in enumerate(told)
        ]
        rows = [
            {"seq": first + n, "topic": topic, "payload": payload, **same} for n, (topic, payload) in enumerate(facts)
        ]
        for entry, (topic, payload), (id,) in zip(entries, facts, await self.fetch_many(ADD_FACT, rows), strict=True):
            self._relay.written(entry, id, topic, payload)
        return first

    # ---- for the database

    async def commit(self) -> None:
        """Raises as the port does; Unavailable from here may have taken effect."""
        if self._begun:
            await self._ran(self._link.execute, "COMMIT")
        self._over = True

    async def undo(self) -> None:
        """Never raises: a connection that cannot even do that is given up."""
        self._over = True
        if self._begun and not self._link.is_closed():
            try:
                await self._link.execute("ROLLBACK")
            except BaseException:
                with contextlib.suppress(Exception):
                    self._link.terminate()

    # ---- inside

    async def _fetched(self, statement: ClauseElement, values: dict[str, Any]) -> list[Row]:
        text, arguments = self._prepared(statement, values)
        return [tuple(row) for row in await self._ran(self._link.fetch, text, *arguments)]

    def _prepared(self, statement: ClauseElement, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        try:
            text, arguments = compiled(statement, "postgres")
            return text, arguments(values)
        except BaseException as error:
            self.failed = error
            raise

    async def _ran(self, work: Any, text: str, *arguments: Any) -> Any:
        if self._over:
            raise RuntimeError("this transaction is over")
        if self.failed:
            raise self.failed
        try:
            if not self._begun:
                self._begun = True
                await self._link.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            return await work(text, *arguments)
        except BaseException as error:
            self.failed = in_our_words(error)
            if self.failed is error:
                raise
            raise self.failed from error
