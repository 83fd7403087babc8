"""Facts on their way from the database to the bus, the same on every engine.

`streams` holds the head of each stream; raising it and writing the fact belong to the transaction that changes the
state, so `seq` is contiguous and in commit order. Facts are published right after the commit. `outbox_marks` holds, a
little late, how far publishing came: what lies after it is published again at start (at least once). Facts stay for
10 minutes for those who missed some. The newest row is never deleted: SQLite chooses `id` as the highest plus one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Index, Table, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from hubbub.clock import Clock
from hubbub.infra.database.base import Database, Transaction
from hubbub.infra.database.schema import Blob, Id, Instant, Number, metadata
from hubbub.infra.database.statements import among

KEEP_MS = 600_000
COUNTED = 10_000  # rows that `lag` looks at, at most
PIECE = 500  # rows read or deleted at a time: about 2 ms of the loop
RETRY = 1.0  # seconds until publishing that failed is tried again
MARK_AFTER = 5.0  # seconds: at most so much is published again after a crash

Publish = Callable[[Sequence[tuple[str, bytes]]], None]
log = logging.getLogger(__name__)

streams = Table(
    "streams",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", Number(), nullable=False),
    sqlite_with_rowid=False,
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id(), primary_key=True, autoincrement=True),
    Column("stream", Text, nullable=False),
    Column("seq", Number(), nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", Blob(), nullable=False),
    Column("at", Instant(), nullable=False),
    Column(
        "writer", Number(), nullable=False, server_default="0"
    ),  # the process, where several write: see postgres_relay
    Index("idx_outbox_stream", "stream", "seq", unique=True),
)
marks = Table(
    "outbox_marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("published", Number(), nullable=False),
    sqlite_with_rowid=False,
)

RAISE_HEAD = (
    insert(streams)
    .values(name=bindparam("name"), seq=bindparam("count", type_=streams.c.seq.type))
    .on_conflict_do_update(
        index_elements=[streams.c.name], set_={"seq": streams.c.seq + bindparam("count", type_=streams.c.seq.type)}
    )
    .returning(streams.c.seq)
)
ADD_FACT = insert(outbox).values({name: bindparam(name) for name in ("stream", "seq", "topic", "payload", "at")})
HEADS = select(streams.c.name, streams.c.seq).where(among(streams.c.name, "names"))
AFTER = (
    select(outbox.c.seq, outbox.c.payload)
    .where(outbox.c.stream == bindparam("name"), outbox.c.seq > bindparam("after", type_=Id()))
    .order_by(outbox.c.seq)
    .limit(bindparam("count", type_=Id()))
)
UNPUBLISHED = (
    select(outbox.c.id, outbox.c.topic, outbox.c.payload)
    .where(outbox.c.id > bindparam("mark", type_=Id()))
    .order_by(outbox.c.id)
    .limit(PIECE)
)
MARK = select(marks.c.published).where(marks.c.name == bindparam("name"))
PUT_MARK = (
    insert(marks)
    .values(name=bindparam("name"), published=bindparam("published"))
    .on_conflict_do_update(index_elements=[marks.c.name], set_={"published": bindparam("published")})
)
OLDEST = select(outbox.c.id, outbox.c.at).order_by(outbox.c.id).limit(2)
_oldest = select(outbox.c.id, outbox.c.at).order_by(outbox.c.id).limit(PIECE).subquery()
_unpublished = (
    select(outbox.c.at)
    .where(outbox.c.id > bindparam("mark", type_=Id()))
    .order_by(outbox.c.id)
    .limit(COUNTED)
    .subquery()
)
LAG = select(func.count(), func.min(_unpublished.c.at)).select_from(_unpublished)
DELETE_OLD = delete(outbox).where(
    outbox.c.id.in_(select(_oldest.c.id).where(_oldest.c.at < bindparam("before", type_=Id()))),
    outbox.c.id <= bindparam("published", type_=Id()),
    outbox.c.id < select(func.max(outbox.c.id)).scalar_subquery(),
)


class Committed(NamedTuple):
    """A fact whose transaction is durable."""

    id: int
    topic: str
    payload: bytes


async def heads(database: Database, names: Sequence[str]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    for name, seq in await database.fetch(HEADS, names=names):
        found[name] = seq
    return found


async def events_after(database: Database, stream: str, seq: int, limit: int) -> list[bytes] | None:
    head = (await heads(database, [stream]))[stream]  # before the rows: newer rows do no harm, missing ones would
    if seq == head:
        return []
    rows = await database.fetch(AFTER, name=stream, after=seq, count=limit)
    if not rows or rows[0][0] != seq + 1:
        return None  # too old, or a sequence that this database never gave (it was restored)
    return [payload for _, payload in rows]


class Lag(NamedTuple):
    """Facts that are stored and not yet published: how many (at most COUNTED), and how old the oldest is."""

    facts: int
    seconds: float


def lag(row: Sequence[Any], now_ms: int) -> Lag:
    count, oldest = row
    return Lag(count, max(0.0, (now_ms - oldest) / 1000) if count else 0.0)


class Outbox:
    """Publishes what was committed and cleans up behind. One per process that writes; `name` is that of its mark."""

    def __init__(self, database: Database, clock: Clock, name: str) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._publish: Publish | None = None
        self._behind = True  # facts wait in the table; nobody publishes new ones out of turn
        self._catching_up: asyncio.Task[None] | None = None
        self._published = 0  # highest id handed to the bus
        self._marked = 0  # what the stored mark says
        self._marked_at = clock.monotonic()

    async def publish_to(self, publish: Publish) -> None:
        """Publish what a crash or a late subscriber left behind, in order, then every fact right after its commit."""
        rows = await self._database.fetch(MARK, name=self._name)
        self._published = self._marked = rows[0][0] if rows else 0
        self._publish, self._behind = publish, True
        await self._catch_up()
        if self._behind:
            self._catching_up = asyncio.create_task(self._keep_trying())

    def committed(self, facts: Sequence[Committed]) -> None:
        """Called with the facts of each commit, in order."""
        fresh = [fact for fact in facts if fact.id > self._published]
        if self._behind or not fresh:
            return  # somebody catches up, or did a moment ago
        if fresh[0].id == self._published + 1 and self._told([(topic, payload) for _, topic, payload in fresh]):
            self._published = fresh[-1].id
            return
        self._behind = True  # publishing failed, or another process wrote facts before these
        self._catching_up = asyncio.create_task(self._keep_trying())

    async def _catch_up(self) -> None:
        while rows := await self._database.fetch(UNPUBLISHED, mark=self._published):
            if not self._told([(topic, payload) for _, topic, payload in rows]):
                return
            self._published = rows[-1][0]
            await asyncio.sleep(0)  # others want the loop too
        self._behind = False  # in the same step as the empty answer: `committed` takes over without a gap

    async def _keep_trying(self) -> None:
        while self._behind:
            await self._catch_up()
            await asyncio.sleep(RETRY if self._behind else 0)

    def _told(self, facts: Sequence[tuple[str, bytes]]) -> bool:
        try:
            if self._publish:
                self._publish(facts)
        except Exception:  # the commit stands, and the others of its batch must hear of it
            log.exception("publishing %d facts failed, will try again", len(facts))
            return False
        return self._publish is not None

    async def lag(self) -> Lag:
        return lag((await self._database.fetch(LAG, mark=self._published))[0], self._clock.now_ms())

    def overdue_mark(self) -> int | None:
        """The mark to store along with the next commit, if it is time to."""
        if self._published != self._marked and self._clock.monotonic() - self._marked_at >= MARK_AFTER:
            return self._published
        return None

    def marked(self, published: int) -> None:
        self._marked, self._marked_at = published, self._clock.monotonic()

    async def sweep(self) -> int:
        """Delete facts older than 10 minutes that were published; returns how many. Writes nothing without need."""
        if not self._behind:
            await self._catch_up()  # what another process wrote meanwhile
        before, deleted = self._clock.now_ms() - KEEP_MS, 0
        while True:
            rows = await self._database.fetch(OLDEST)
            if len(rows) < 2 or rows[0][1] >= before or rows[0][0] > self._published:
                return deleted
            deleted += await self._database.write(self._deleting(before))

    def _deleting(self, before: int) -> Callable[[Transaction], Awaitable[int]]:
        published = self._published

        async def body(tx: Transaction) -> int:
            return await tx.execute(DELETE_OLD, before=before, published=published)

        return body

    async def close(self) -> None:
        """A clean end: store the mark, so that nothing is published again."""
        if self._catching_up:
            self._catching_up.cancel()
            await asyncio.wait([self._catching_up])
        if (published := self._published) == self._marked:
            return

        async def body(tx: Transaction) -> None:
            await tx.execute(PUT_MARK, name=self._name, published=published)

        await self._database.write(body)
        self.marked(published)
