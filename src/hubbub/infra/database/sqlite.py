"""The database port on SQLite (apsw): group commit, bodies undone one by one, the outbox in the same transaction.

A body is a coroutine that never really waits here: one `send(None)` runs it, on the loop (about 10 us a statement).
What can wait for the disk or for another process (COMMIT, a busy BEGIN IMMEDIATE, the checkpoint) runs in a one-thread
executor: one hand-over of the interpreter lock per batch. A writer thread that ran the bodies too was as fast up to
90 % load, but beside a saturated loop it fell to 100 writes/s where this way kept 840.

Invariant: the writer's connection is used either by the loop or by the executor, never by both; `_drain` is the only
coroutine that touches it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NamedTuple

import apsw
from sqlalchemy.sql.expression import ClauseElement

from hubbub import trace
from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.infra.database import outbox, sqlite_file
from hubbub.infra.database.base import Row, T, Transaction
from hubbub.infra.database.measures import DatabaseMeasures, outcome
from hubbub.infra.database.migrations import migrate
from hubbub.infra.database.outbox import PUT_MARK, Committed, Lag, Outbox, Publish
from hubbub.infra.database.sqlite_file import CHECKPOINT_PAGES
from hubbub.infra.database.sqlite_transaction import SqliteTransaction, in_our_words
from hubbub.infra.database.statements import compiled

BATCH = 64  # bodies per commit at most: bounds how long the loop is held (about 2 ms)
ROWS = 512  # rows changed per commit, after which no other body is begun: some bodies write for many
QUEUED = 16_384  # bodies waiting; more are refused, or the wait would outlast every caller's deadline
LOCK_WAIT_MS = 10_000  # how long a batch waits for another process to give up the write lock
SWEEP_SECONDS = 30.0

log = logging.getLogger(__name__)
Body = Callable[[Transaction], Awaitable[Any]]


class Waiting(NamedTuple):
    body: Body
    done: asyncio.Future[Any]
    context: Context  # the caller's: its trace goes into the facts that the body emits


class Outcome(NamedTuple):
    done: asyncio.Future[Any]
    value: Any
    error: BaseException | None


class SqliteDatabase:
    def __init__(self, links: sqlite_file.Links, thread: ThreadPoolExecutor, clock: Clock, replicated: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._writer, self._reader = links.writer, links.reader
        self._thread = thread
        self._clock = clock
        self._outbox = Outbox(self, clock, "main")
        self._queued: list[Waiting] = []  # bodies that came while the last commit ran
        self._draining: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._checkpoint_at = CHECKPOINT_PAGES
        self._wal_pages = 0
        self._in_body = False
        self._closed = False
        self.measures = DatabaseMeasures()
        if not replicated:
            self._writer.set_wal_hook(self._grown)

    @classmethod
    async def open(
        cls,
        path: str,
        *,
        clock: Clock,
        publish: Publish | None = None,
        prepare: Callable[[str], None] | None = None,
        replicated: bool = False,
        key: str = "",
    ) -> SqliteDatabase:
        """Open the file, made if absent, after `prepare(path)` (the migrations) brought its tables up to date.

        `publish` gets (topic, encoded fact) of each commit, in order, first of all those that a crash left behind.
        Without it facts wait in the outbox for `publish_to`: assembly calls that once everybody has subscribed.
        `replicated`: another process (Litestream) copies the log and moves it into the file; we never do.
        `key`: encrypts the file; "" leaves it plain.
        Raises Unavailable when the file cannot be opened or is no database."""
        thread = ThreadPoolExecutor(1, "database")
        try:
            links = await asyncio.get_running_loop().run_in_executor(
                thread, sqlite_file.open_links, path, prepare or partial(migrate, key=key), replicated, key
            )
        except BaseException as error:
            thread.shutdown(wait=False)
            if (known := in_our_words(error)) is error:
                raise
            raise known from error
        database = cls(links, thread, clock, replicated)
        if publish:
            await database.publish_to(publish)
        database._sweeping = asyncio.create_task(database._sweep())
        return database

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        self._check()
        text, arguments = compiled(statement, "sqlite")
        self.measures.reads += 1
        if trace.is_recorded():
            with trace.span("database/read", "client", **{"db.query.text": text}):
                return self._read(text, arguments(values))
        return self._read(text, arguments(values))

    async def fetch_proved(self, stream: str, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        return await self.fetch(statement, **values)

    def _read(self, text: str, arguments: tuple[Any, ...]) -> Sequence[Row]:
        try:
            return self._reader.execute(text, arguments).fetchall()
        except apsw.ReadOnlyError as error:
            raise TypeError(f"fetch only reads: {text}") from error
        except apsw.Error as error:
            if (known := in_our_words(error)) is error:
                raise
            raise known from error

    async def write(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        self._check()
        if len(self._queued) >= QUEUED:
            raise Unavailable(f"{QUEUED} writes are waiting already")
        done: asyncio.Future[T] = self._loop.create_future()
        since = self._clock.monotonic()
        with trace.span("database/write", "client"):
            self._queued.append(Waiting(body, done, copy_context()))
            if self._draining is None:
                self._draining = self._loop.create_task(self._drain(), context=Context())
            try:
                return await done
            finally:
                self.measures.writes.add(self._clock.monotonic() - since, outcome(done))

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await outbox.heads(self, streams)

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        return await outbox.events_after(self, stream, seq, limit)

    async def publish_to(self, publish: Publish) -> None:
        """From now on publish facts: those still unpublished first, then each right after its commit."""
        await self._outbox.publish_to(publish)

    async def sweep(self) -> int:
        """Delete published facts older than 10 minutes; returns how many. Runs by itself every 30 seconds."""
        return await self._outbox.sweep()

    def publish_again(self) -> None:
        """Nothing is lost on a bus inside this process."""

    async def lag(self) -> Lag:
        """Of the outbox."""
        return await self._outbox.lag()

    async def close(self) -> None:
        if self._closed:
            return
        if self._sweeping:
            self._sweeping.cancel()
            await asyncio.wait([self._sweeping])
        with contextlib.suppress(Unavailable):
            await self._outbox.close()
        self._closed = True
        while self._draining:
            await asyncio.wait([self._draining])
        self._reader.close()
        await self._loop.run_in_executor(
            self._thread, self._writer.close
        )  # the last one out checkpoints, unless replicated
        self._thread.shutdown()

    def _check(self) -> None:
        if self._closed:
            raise Unavailable("the database is closed")
        if self._in_body:
            raise TypeError("a transaction's body awaits only its transaction")

    # ---- the writer ------------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        try:
            while self._queued:
                batch, self._queued = self._queued[:BATCH], self._queued[BATCH:]
                await self._write(batch)
                if self._wal_pages >= self._checkpoint_at:
                    await self._executed(self._checkpoint)
        finally:
            self._draining = None

    async def _write(self, batch: list[Waiting]) -> None:
        outcomes: list[Outcome] = []
        facts: list[Committed] = []
        committing, mark = False, self._outbox.overdue_mark()
        since = self._clock.monotonic()
        try:
            await self._begin()
            outcomes, facts = self._run(batch)
            if mark is not None:
                text, arguments = compiled(PUT_MARK, "sqlite")
                self._writer.execute(text, arguments({"name": "main", "published": mark}))
            committing = True
            await self._executed(self._commit)
        except BaseException as failure:
            self._undo(batch, failure, committing)
            if not isinstance(failure, Exception):
                raise
            return
        self.measures.commits.add(self._clock.monotonic() - since)
        self.measures.sizes.add(len(batch))
        for done, value, error in outcomes:
            if not done.done():  # else the caller was cancelled
                done.set_exception(error) if error else done.set_result(value)
        if mark is not None:
            self._outbox.marked(mark)
        self._outbox.committed(facts)

    async def _begin(self) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:  # another process writes: wait where nobody is held up
            await self._executed(self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._writer.set_busy_timeout(LOCK_WAIT_MS)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        finally:
            self._writer.set_busy_timeout(0)

    def _run(self, batch: list[Waiting]) -> tuple[list[Outcome], list[Committed]]:
        """All bodies under one savepoint; one each (copies of every page that a body touches, some 15 us) only when one
        of them failed after it had written: then all run again."""
        self._writer.execute("SAVEPOINT batch")
        ran = self._attempt(batch)
        if ran is None:
            self._writer.execute("ROLLBACK TO batch")
            ran = self._run_apart(batch)
        self._writer.execute("RELEASE batch")
        return ran

    def _attempt(self, batch: list[Waiting]) -> tuple[list[Outcome], list[Committed]] | None:
        """None: a body left something that must be undone."""
        outcomes: list[Outcome] = []
        facts: list[Committed] = []
        full = self._writer.total_changes() + ROWS
        for at, (body, done, context) in enumerate(batch):
            if done.done():  # cancelled before its turn
                continue
            before = self._writer.total_changes()
            if before >= full:
                self._put_off(batch, at)
                break
            value, error, told = self._drive(body, context)
            if error and self._writer.total_changes() != before:
                return None
            if not error:
                facts += told
            outcomes.append(Outcome(done, value, error))
        return outcomes, facts

    def _run_apart(self, batch: list[Waiting]) -> tuple[list[Outcome], list[Committed]]:
        outcomes: list[Outcome] = []
        facts: list[Committed] = []
        full = self._writer.total_changes() + ROWS
        for at, (body, done, context) in enumerate(batch):
            if done.done():
                continue
            if self._writer.total_changes() >= full:
                self._put_off(batch, at)
                break
            self._writer.execute("SAVEPOINT body")
            value, error, told = self._drive(body, context)
            if error:
                self._writer.execute("ROLLBACK TO body")
            else:
                facts += told
            self._writer.execute("RELEASE body")
            outcomes.append(Outcome(done, value, error))
        return outcomes, facts

    def _put_off(self, batch: list[Waiting], at: int) -> None:
        """From `at` on they are the first of the next commit."""
        self._queued[:0] = batch[at:]
        del batch[at:]

    def _drive(self, body: Body, context: Context) -> tuple[Any, BaseException | None, list[Committed]]:
        tx = SqliteTransaction(self._writer, self._clock)
        self._in_body = True
        value, error = context.run(drive, body, tx)
        self._in_body = False
        if error and not self._writer.in_transaction:  # SQLite itself undid everything (disk full, I/O error)
            raise error
        return value, error, tx.facts

    def _undo(self, batch: list[Waiting], failure: BaseException, started: bool) -> None:
        """The whole batch failed. `started`: a COMMIT that failed may still be found in the log after a crash."""
        log.error("a batch of %d writes failed: %r", len(batch), failure)
        with contextlib.suppress(apsw.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        for _, done, _ in batch:
            if not done.done():
                done.set_exception(Unavailable(f"the batch failed: {failure!r}", started=started))

    def _commit(self) -> None:
        """Returns no cursor: one that is alive while another one ends is never freed (apsw 3.54 under Python before 3.13
        counts a reference too many), costs 3 KB for good, and is walked by each later statement."""
        self._writer.execute("COMMIT")

    async def _executed(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._thread, work, *arguments)

    # ---- upkeep ----------------------------------------------------------------------------------------------------

    def _grown(self, _link: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Between two batches on the writer itself, so that the log is all copied and starts over at the next write.
        If a reader elsewhere holds an old snapshot, the next try comes after as many pages again."""
        try:
            logged, copied = self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            log.warning("checkpoint failed, will try again: %r", error)
            logged, copied = self._wal_pages, 0
        self._checkpoint_at = CHECKPOINT_PAGES + (logged if copied < logged else 0)
        self._wal_pages = 0

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._outbox.sweep()
            except Unavailable as error:
                log.warning("sweeping the outbox failed, will try again: %s", error)


def drive(body: Body, tx: SqliteTransaction) -> tuple[Any, BaseException | None]:
    """Run a body to its end in one step: its value, or why it must be undone."""
    try:
        running: Any = body(tx)
        try:
            running.send(None)
        except StopIteration as stop:
            return stop.value, tx.failed  # an error that the body caught counts too
        running.close()
        return None, TypeError("a transaction's body awaits only its transaction")
    except (Exception, asyncio.CancelledError) as error:
        return None, error
    finally:
        tx.end()
