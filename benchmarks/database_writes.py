"""Durable messages per second: insert a row, raise the head of its stream, write its fact, commit, publish.

`python benchmarks/database_writes.py [FOLDER]`; the folder (default: the current one) chooses the disk.
CPU is of the whole process, both threads; the disk's share of the time is whatever the disk takes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count
from typing import ClassVar

import uvloop
from sqlalchemy import Column, MetaData, Table, Text, bindparam
from sqlalchemy.dialects.postgresql import insert

from hubbub import events
from hubbub.clock import SystemClock
from hubbub.infra.bus.memory import MemoryBus
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.migrations import migrate
from hubbub.infra.database.schema import Id
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.infra.database.sqlite_file import create_tables

SECONDS = 3.0
TEXT = "x" * 80
TABLES = MetaData()
messages = Table(
    "bench_messages",
    TABLES,
    Column("channel_id", Id(), primary_key=True, autoincrement=False),
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    sqlite_with_rowid=False,
)
ADD = insert(messages).values({name: bindparam(name) for name in ("channel_id", "id", "content")})


class BenchMessageCreated(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "message.created"
    id: int
    channel_id: int
    content: str

    @property
    def audience(self) -> events.Audience:
        return events.Channel(self.channel_id, 1)

    @property
    def routing(self) -> tuple[int, ...]:
        return (1, self.channel_id)


def send(id: int, channel_id: int) -> Callable[[Transaction], Awaitable[int]]:
    async def body(tx: Transaction) -> int:
        await tx.execute(ADD, channel_id=channel_id, id=id, content=TEXT)
        return await tx.emit(f"channel:{channel_id}", BenchMessageCreated(id=id, channel_id=channel_id, content=TEXT))

    return body


async def measure(database: SqliteDatabase, ids: Iterator[int], writers: int, channels: int) -> None:
    took: list[float] = []
    until, cpu = time.perf_counter() + SECONDS, time.process_time()

    async def writer(number: int) -> None:
        while (began := time.perf_counter()) < until:
            await database.write(send(next(ids), number % channels))
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(writer(number) for number in range(writers)))
    used = (time.process_time() - cpu) / len(took) * 1e6
    p50, p99 = (sorted(took)[len(took) * share // 100] * 1e3 for share in (50, 99))
    print(
        f"{writers:3} writers, {channels:2} channels: {len(took) / SECONDS:7.0f} transactions/s, "
        f"{used:4.0f} us CPU each, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    )


async def main(folder: str) -> None:
    def prepare(path: str) -> None:
        migrate(path)
        create_tables(path, TABLES)

    bus, ids = MemoryBus(), count()
    heard = 0

    def listen(subject: str, payload: bytes) -> None:
        nonlocal heard
        heard += 1

    await bus.subscribe("message.>", listen)

    def publish(facts: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in facts:
            bus.publish(topic, payload)

    with tempfile.TemporaryDirectory(dir=folder) as place:
        database = await SqliteDatabase.open(f"{place}/x.db", clock=SystemClock(), publish=publish, prepare=prepare)
        for writers, channels in ((1, 1), (64, 1), (64, 64)):
            await measure(database, ids, writers, channels)
        await database.close()
    await bus.close()
    assert heard == next(ids), "every message was published"


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else "."))
