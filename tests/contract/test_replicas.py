"""Read replicas that really stream: what they answer is never older than what was acknowledged, and they may be gone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar

import asyncpg
import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from hubbub import events
from hubbub.infra.database import outbox, replicas
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.postgres import PostgresDatabase
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Postgres, Replica

_m = outbox.marks.c
_put = insert(outbox.marks).values(name="note", published=bindparam("number"))
PUT = _put.on_conflict_do_update(index_elements=[_m.name], set_={"published": _put.excluded.published})
NOTE = select(_m.published).where(_m.name == bindparam("name"))


class Posted(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "note.replicated"
    number: int

    @property
    def audience(self) -> events.Audience:
        return events.Services()


events.register(Posted)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Postgres, Replica]]:
    primary = Postgres()
    replica = Replica(primary)
    try:
        primary.start()
        replica.start()
        yield primary, replica
    finally:
        replica.stop()
        primary.stop()


class Notes:
    """One number, written and read through the port."""

    def __init__(self, database: PostgresDatabase, clock: HandClock) -> None:
        self.database, self.clock = database, clock

    async def put(self, number: int) -> None:
        async def body(tx: Transaction) -> None:
            await tx.execute(PUT, number=number)
            await tx.emit("notes", Posted(number=number))

        await self.database.write(body)

    async def get(self) -> int:
        return (await self.database.fetch_proved("notes", NOTE, name="note"))[0][0]

    @property
    def counted(self) -> tuple[int, int]:
        return self.database.measures.replica_reads, self.database.measures.replica_behind

    async def from_replica(self) -> int:
        """What it says once one says something; replaying takes a moment."""
        used = self.counted[0]
        async with asyncio.timeout(30):
            while True:
                self.clock.forward(replicas.RESTING + 1)  # it may not even have the database yet
                found = await self.get()
                if self.counted[0] > used:
                    return found


@pytest.fixture
async def notes(servers: tuple[Postgres, Replica]) -> AsyncIterator[Notes]:
    primary, replica = servers
    url, clock = primary.migrated_database(), HandClock()
    copy = replica.url(url.rpartition("/")[2])
    database = await PostgresDatabase.open(url, clock=clock, replicas=[copy])
    yield Notes(database, clock)
    await database.close()


async def order(server: Postgres, command: str) -> None:
    link = await asyncpg.connect(server.url("postgres"))
    await link.execute(command)
    await link.close()


def children(server: Postgres) -> list[int]:
    """The processes that answer: each has a group of its own."""
    assert server.process is not None
    stats = {
        int(each.parent.name): each.read_text().rpartition(")")[2].split() for each in Path("/proc").glob("[0-9]*/stat")
    }
    return [pid for pid, fields in stats.items() if int(fields[1]) == server.process.pid]


def tell(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


async def test_each_acknowledged_write_is_in_the_next_answer_whoever_gives_it(notes: Notes) -> None:
    for number in range(200):
        await notes.put(number)
        assert await notes.get() == number
    assert await notes.from_replica() == 199


async def test_one_that_lags_is_passed_over_until_it_has_come_along(
    notes: Notes, servers: tuple[Postgres, Replica]
) -> None:
    await notes.put(1)
    assert await notes.from_replica() == 1
    await order(servers[1], "SELECT pg_wal_replay_pause()")
    try:
        await notes.put(2)
        used, behind = notes.counted
        assert [await notes.get() for _ in range(5)] == [2] * 5
        assert notes.counted == (used, behind + 5)
    finally:
        await order(servers[1], "SELECT pg_wal_replay_resume()")
    assert await notes.from_replica() == 2


async def test_one_that_is_killed_or_stands_still_holds_nobody_up(
    notes: Notes, servers: tuple[Postgres, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "PATIENCE", 0.2)
    replica = servers[1]
    await notes.put(7)
    assert await notes.from_replica() == 7
    backends = children(replica)
    tell(backends, signal.SIGSTOP)
    try:
        async with asyncio.timeout(5):
            assert [await notes.get() for _ in range(3)] == [7, 7, 7]
    finally:
        tell(backends, signal.SIGCONT)
    replica.kill()
    notes.clock.forward(replicas.RESTING + 1)
    assert await notes.get() == 7
    replica.start()
    await notes.put(8)
    assert await notes.from_replica() == 8


async def test_the_place_starts_without_it_and_takes_it_in_later(servers: tuple[Postgres, Replica]) -> None:
    primary, replica = servers
    url, clock = primary.migrated_database(), HandClock()
    away = "postgresql://hubbub@127.0.0.1:1/none"
    copy = replica.url(url.rpartition("/")[2])
    database = await PostgresDatabase.open(url, clock=clock, replicas=[away, copy])
    notes = Notes(database, clock)
    await notes.put(3)
    assert await notes.from_replica() == 3, "the second one, while the first is away"
    await database.close()
