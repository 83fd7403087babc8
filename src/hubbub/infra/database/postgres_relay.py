"""Facts on their way from PostgreSQL to the bus, where several processes write.

Each process publishes what it wrote itself, right after the commit, facts of one stream in the order of their `seq`.
(Two processes that write to one stream may overtake each other on the bus: who reads it looks at `seq`.)
A row of the outbox names its writer. `outbox_marks` holds for each living writer, a little late, an id up to which all
of its facts are published. A writer holds an advisory lock as long as its connection lives: whoever can take that lock
knows that the writer died, publishes what lies behind its mark, and forgets it. So nothing depends on clocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import bindparam, delete, func, select

from hubbub.clock import Clock
from hubbub.errors import HubbubError
from hubbub.infra.database import outbox as box
from hubbub.infra.database.base import Database, Transaction
from hubbub.infra.database.outbox import MARK_AFTER, PIECE, PUT_MARK, Publish
from hubbub.infra.database.schema import Id
from hubbub.infra.tasks import end

LOOK = 2.0  # seconds between two looks for writers that died
SETTLED = 20.0  # seconds after which a fact that left has arrived, or the connection is known to be dead
LOCKS = 0x48756262  # our class of advisory locks, apart from those of bodies
SWEEPING = -0x48756262  # a body's lock: one process deletes old facts at a time
_NAME = "writer:"

_o, _m = box.outbox.c, box.marks.c
BEHIND = (
    select(_o.id, _o.topic, _o.payload)
    .where(_o.writer == bindparam("writer"), _o.id > bindparam("mark", type_=Id()))
    .order_by(_o.id)
    .limit(PIECE)
)
_behind = (
    select(_o.at)
    .where(_o.writer == bindparam("writer"), _o.id > bindparam("mark", type_=Id()))
    .order_by(_o.id)
    .limit(box.COUNTED)
    .subquery()
)
LAG = select(func.count(), func.min(_behind.c.at)).select_from(_behind)
NEWEST = select(func.max(_o.id))
OTHERS = select(_m.name, _m.published).where(_m.name != bindparam("name"))
LOWEST = select(func.min(_m.published))
FORGET = delete(box.marks).where(_m.name == bindparam("name"))
log = logging.getLogger(__name__)


class Entry:
    """A fact from the raising of its head until it is published. `floor`: an id below its own, known before that."""

    __slots__ = ("committed", "floor", "id", "payload", "stream", "topic")

    def __init__(self, stream: str, floor: int) -> None:
        self.stream = stream
        self.floor = floor
        self.id = 0
        self.topic = ""
        self.payload = b""
        self.committed = False


class Gate:
    """Writes pass; now and then somebody waits until none is inside, and lets the others wait."""

    def __init__(self) -> None:
        self._open, self._empty = asyncio.Event(), asyncio.Event()
        self._open.set()
        self._empty.set()
        self._inside = 0

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncGenerator[None]:
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        self._open.clear()
        try:
            await self._empty.wait()
            yield
        finally:
            self._open.set()


class Relay:
    """Invariant: of one stream, facts of this process leave in order, each after its commit; every own row at or below
    `_mark()` was handed to the bus."""

    def __init__(self, database: Database, clock: Clock, connect: Callable[[], Any]) -> None:
        self._database = database
        self._clock = clock
        self._connect = connect  # a connection of its own, whose life is ours
        self.writer = secrets.randbelow((1 << 31) - 1) + 1
        self.gate = Gate()
        self._publish: Publish | None = None
        self._behind = True  # rows wait in the table; nobody publishes new ones out of turn
        self._lines: dict[str, deque[Entry]] = {}  # of each stream: what is not published yet, in order
        self._open: dict[Entry, None] = {}  # the same entries, oldest first
        self._highest = 0  # id known to be given
        self._published = 0  # while behind: what the mark may not pass
        self._marked, self._marked_at = -1, clock.monotonic()
        self._settled: deque[int] = deque(maxlen=round(SETTLED / LOOK) + 1)  # marks of the last seconds, oldest first
        self._guard: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    # ---- from transactions

    def opened(self, stream: str) -> Entry:
        entry = Entry(stream, self._highest)
        self._lines.setdefault(stream, deque()).append(entry)
        self._open[entry] = None
        return entry

    def written(self, entry: Entry, id: int, topic: str, payload: bytes) -> None:
        entry.id, entry.topic, entry.payload = id, topic, payload
        self._highest = max(self._highest, id)

    def committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            entry.committed = True
        self._leave({entry.stream for entry in entries})

    def undone(self, entries: Sequence[Entry], perhaps_committed: bool) -> None:
        if perhaps_committed and entries:
            self._fall_behind(min(entry.floor for entry in entries))
        for entry in entries:
            line = self._lines.get(entry.stream)
            if line is not None and entry in line:
                line.remove(entry)
            self._open.pop(entry, None)
        self._leave({entry.stream for entry in entries})

    def _leave(self, streams: set[str]) -> None:
        ready: list[Entry] = []
        for stream in streams:
            line = self._lines.get(stream, deque())
            while line and line[0].committed:
                ready.append(line.popleft())
            if not line:
                self._lines.pop(stream, None)
        if not ready:
            return
        ready.sort(key=lambda entry: entry.id)
        floor = min(entry.floor for entry in ready)
        sent = not self._behind and self._told([(entry.topic, entry.payload) for entry in ready])
        for entry in ready:
            self._open.pop(entry, None)
        if not sent and not self._behind:
            self._fall_behind(floor)

    def _told(self, facts: Sequence[tuple[str, bytes]]) -> bool:
        try:
            if self._publish:
                self._publish(facts)
        except Exception:  # the commit stands
            log.warning("publishing %d facts failed, will try again", len(facts), exc_info=True)
            return False
        return self._publish is not None

    def _mark(self) -> int:
        mark = min((entry.floor for entry in self._open), default=self._highest)
        return min(mark, self._published) if self._behind else mark

    def _fall_behind(self, published: int) -> None:
        published = min(published, self._mark())
        self._published, self._behind = published, True

    def publish_again(self) -> None:
        """What left in the last seconds may not have arrived."""
        self._fall_behind(self._settled[0])

    # ---- life

    async def start(self) -> None:
        await self._hold()
        self._published = self._highest = (await self._database.fetch(NEWEST))[0][0] or 0
        self._settled.append(self._published)
        await self._store_mark()
        self._tasks = [asyncio.create_task(self._look(), name="relay")]

    async def publish_to(self, publish: Publish) -> None:
        """What the dead left behind first, then what waits here, then every fact right after its commit."""
        self._publish = publish
        await self._adopt()
        await self._catch_up()
        self._tasks.append(asyncio.create_task(self._keep_up(), name="relay-retry"))

    async def sweep(self, before: int) -> int:
        """Delete facts older than `before` (ms) that every writer has published; how many."""
        await self._store_mark()
        deleted = 0
        while True:
            oldest = await self._database.fetch(box.OLDEST)
            lowest = (await self._database.fetch(LOWEST))[0][0]
            if lowest is None or len(oldest) < 2 or oldest[0][1] >= before or oldest[0][0] > lowest:
                return deleted
            count = await self._database.write(_deleting(before, lowest))
            if not count:
                return deleted
            deleted += count

    async def lag(self) -> box.Lag:
        """Of what this process wrote; nothing is asked while it keeps up."""
        if not self._behind:
            return box.Lag(0, 0.0)
        rows = await self._database.fetch(LAG, writer=self.writer, mark=self._published)
        return box.lag(rows[0], self._clock.now_ms())

    async def close(self) -> None:
        """A clean end: everything is published, so nobody need look after us."""
        await end(*self._tasks)
        with contextlib.suppress(HubbubError):
            if self._behind:
                await self._store_mark()
            else:
                await self._database.write(_forgetting(self._name))
        if self._guard is not None:
            await self._guard.close()

    # ---- in the background

    @property
    def _name(self) -> str:
        return f"{_NAME}{self.writer}"

    async def _hold(self) -> None:
        """Hold our lock on a living connection."""
        if self._guard is None or self._guard.is_closed():
            self._guard = await self._connect()
            await self._guard.execute("SELECT pg_advisory_lock($1, $2)", LOCKS, self.writer)
            self._marked = -1  # somebody may have thought us dead: our mark must be there again

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self._hold()
                self._settled.append(self._mark())
                if self._publish is not None and not self._behind:
                    await self._adopt()
                if self._marked < 0 or self._clock.monotonic() - self._marked_at >= MARK_AFTER:
                    await self._store_mark()
            except (HubbubError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("the outbox could not be looked after, will try again: %s", error)
            except Exception:
                log.exception("the outbox could not be looked after")

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(box.RETRY)
            try:
                if self._behind:
                    await self._catch_up()
            except HubbubError as error:
                log.warning("facts wait in the outbox: %s", error)

    async def _catch_up(self) -> None:
        full = PIECE
        while full == PIECE:
            full = await self._piece(min((entry.floor for entry in self._open), default=self._highest))
        async with self.gate.alone():  # nothing is in flight: what the table holds is everything
            while self._behind:
                if (count := await self._piece(None)) == 0:
                    self._behind = False
                elif count < 0:
                    return

    async def _piece(self, limit: int | None) -> int:
        """Publish one piece of what waits, up to the id `limit`; how many, -1 when the bus refused."""
        rows = await self._database.fetch(BEHIND, writer=self.writer, mark=self._published)
        rows = [row for row in rows if limit is None or row[0] <= limit]
        if rows and not self._told([(topic, payload) for _, topic, payload in rows]):
            return -1
        if rows:
            self._published = rows[-1][0]
        return len(rows)

    async def _adopt(self) -> None:
        for name, _ in await self._database.fetch(OTHERS, name=self._name):
            writer = int(name.removeprefix(_NAME))
            if not await self._guard.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, writer):
                continue  # alive, or somebody else looks after it
            try:
                rows = await self._database.fetch(box.MARK, name=name)
                if rows and await self._publish_of(writer, rows[0][0]):
                    await self._database.write(_forgetting(name))
            finally:
                await self._guard.execute("SELECT pg_advisory_unlock($1, $2)", LOCKS, writer)

    async def _publish_of(self, writer: int, mark: int) -> bool:
        while rows := await self._database.fetch(BEHIND, writer=writer, mark=mark):
            if not self._told([(topic, payload) for _, topic, payload in rows]):
                return False
            mark = rows[-1][0]
        return True

    async def _store_mark(self) -> None:
        mark, self._marked_at = self._mark(), self._clock.monotonic()
        if mark == self._marked:
            return

        async def body(tx: Transaction) -> None:
            await tx.lock(self.writer)
            await tx.execute(PUT_MARK, name=self._name, published=mark)

        await self._database.write(body)
        self._marked = mark


def _deleting(before: int, published: int) -> Callable[[Transaction], Any]:
    async def body(tx: Transaction) -> int:
        await tx.lock(SWEEPING)
        return await tx.execute(box.DELETE_OLD, before=before, published=published)

    return body


def _forgetting(name: str) -> Callable[[Transaction], Any]:
    async def body(tx: Transaction) -> None:
        await tx.execute(FORGET, name=name)

    return body
