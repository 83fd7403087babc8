"""What is PostgreSQL's own: several processes on one database, and bodies that meet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import asyncpg
import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateIndex, CreateTable

from hubbub import events
from hubbub.errors import Unavailable
from hubbub.infra.database import outbox, postgres_relay, schema
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.migrations import newest, postgres_run
from hubbub.infra.database.migrations.new import import_tables
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.infra.database.statements import dialect
from hubbub.infra.tasks import end
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Postgres

HOLD = insert(outbox.marks).values(name=func.gen_random_uuid().cast(outbox.marks.c.name.type), published=1 << 60)
HELD = select(func.count()).select_from(outbox.marks).where(outbox.marks.c.published == 1 << 60)


class Written(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "note.made"
    id: int

    @property
    def audience(self) -> events.Audience:
        return events.Services()


events.register(Written)


class Process:
    """One of several on the same database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[tuple[str, int, int]] = []
        self._news = asyncio.Event()
        self.database: PostgresDatabase

    async def start(self) -> None:
        self.database = await PostgresDatabase.open(self.url, clock=HandClock(), publish=self.publish)

    def publish(self, facts: Any) -> None:
        for _, payload in facts:
            fact, event = events.decode(payload)
            assert isinstance(event, Written)
            self.heard.append((fact.stream, fact.seq, event.id))
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def die(self) -> None:
        """As SIGKILL looks from the server: every connection is gone and nobody tidied up."""
        relay: Any = self.database._relay
        await end(*relay._tasks, self.database._sweeping)
        relay._guard.terminate()
        self.database._pool.terminate()


@pytest.fixture
async def processes(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Process]]:
    monkeypatch.setattr(postgres_relay, "LOOK", 0.05)
    url = postgres_server.fresh_database()
    made = [Process(url), Process(url)]
    for each in made:
        await each.start()
    yield made
    for each in made:
        await each.database.close()


def note(id: int, stream: str = "s") -> Callable[[Transaction], Any]:
    async def body(tx: Transaction) -> int:
        return await tx.emit(stream, Written(id=id))

    return body


async def test_each_process_publishes_what_it_wrote_and_the_stream_is_whole(processes: list[Process]) -> None:
    writing = [each.database.write(note(n)) for n in range(100) for each in processes]
    seqs = await asyncio.gather(*writing)
    assert sorted(seqs) == list(range(1, 201))
    for each in processes:
        own = [seq for _, seq, _ in each.heard]
        assert len(own) == 100
        assert own == sorted(own)
    together = sorted(seq for each in processes for _, seq, _ in each.heard)
    assert together == list(range(1, 201))


async def test_what_a_dead_process_did_not_publish_another_one_does(processes: list[Process]) -> None:
    dying, living = processes
    await dying.database.write(note(1))
    dying.database._relay._publish = lambda _: (_ for _ in ()).throw(OSError("the bus is gone"))  # type: ignore[assignment]
    for n in range(2, 700):
        await dying.database.write(note(n, f"s{n % 2}"))
    await asyncio.sleep(0)
    assert living.heard == [], "a living process looks after itself"
    await dying.die()
    await living.until(lambda: len({each for each in living.heard if each[0] != "s"}) == 698)
    for stream in ("s0", "s1"):
        seqs = [seq for name, seq, _ in living.heard if name == stream]
        assert seqs == list(range(1, 350))


async def test_a_process_that_starts_publishes_what_the_dead_left(processes: list[Process]) -> None:
    for each in processes:
        each.database._relay._publish = lambda _: (_ for _ in ()).throw(OSError("the bus is gone"))  # type: ignore[assignment]
        await each.database.write(note(1, f"left by {processes.index(each)}"))
        await each.die()
    heir = Process(processes[0].url)
    await heir.start()
    await heir.until(lambda: {stream for stream, _, _ in heir.heard} >= {"left by 0", "left by 1"})
    await heir.database.close()


async def test_bodies_without_a_lock_run_as_if_alone(processes: list[Process]) -> None:
    """Each writes only if nobody has: with weaker isolation both processes, and many bodies of one, would."""
    wrote: list[int] = []

    async def body(tx: Transaction) -> bool:
        if (await tx.fetch(HELD))[0][0]:
            return False
        await tx.execute(HOLD)
        return True

    wrote = await asyncio.gather(*(each.database.write(body) for _ in range(20) for each in processes))
    assert wrote.count(True) == 1
    assert (await processes[0].database.fetch(HELD))[0][0] == 1


async def test_a_body_awaits_only_its_transaction(processes: list[Process]) -> None:
    database = processes[0].database

    async def body(tx: Transaction) -> None:
        await database.fetch(HELD)

    with pytest.raises(TypeError, match="only its transaction"):
        await database.write(body)


async def test_a_server_that_goes_and_comes_back(postgres_server: Postgres) -> None:
    """Its own server: the others' connections must live."""
    own = Postgres()
    try:
        own.start()
        process = Process(own.url("postgres"))
        await process.start()
        await process.database.write(note(1))
        await asyncio.to_thread(own.kill)
        with pytest.raises(Unavailable):
            await process.database.write(note(2))
        with pytest.raises(Unavailable):
            await process.database.fetch(HELD)
        await asyncio.to_thread(own.start)
        seq = 0
        async with asyncio.timeout(20):
            while not seq:
                with contextlib.suppress(Unavailable):
                    seq = await process.database.write(note(3))
                await asyncio.sleep(0.05)
        assert seq == 2, "what failed was not written"
        await process.until(lambda: ("s", 2, 3) in process.heard)
        await process.database.close()
    finally:
        own.stop()


async def test_no_server_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await PostgresDatabase.open("postgresql://hubbub@127.0.0.1:1/none", clock=HandClock())


# ---- migrations ------------------------------------------------------------------------------------------------------

STRUCTURE = """
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
 WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
ORDER BY 1, 2, 3"""


async def test_migrated_tables_are_those_that_the_code_describes(postgres_server: Postgres) -> None:
    import_tables("hubbub.services")
    migrated, described = postgres_server.fresh_database(), postgres_server.fresh_database()
    await asyncio.gather(*(postgres_run.migrate(migrated) for _ in range(4)))  # as processes do that start together
    link = await asyncpg.connect(described)
    for table in schema.metadata.sorted_tables:
        await link.execute(str(CreateTable(table).compile(dialect=dialect("postgres"))))
        for index in table.indexes:
            await link.execute(str(CreateIndex(index).compile(dialect=dialect("postgres"))))
    other = await asyncpg.connect(migrated)
    own = {row[1] for row in await other.fetch(STRUCTURE)}
    expected = [tuple(row) for row in await link.fetch(STRUCTURE) if row[1] in own]
    assert [tuple(row) for row in await other.fetch(STRUCTURE)] == expected
    assert len(own) > 20
    assert await postgres_run.stored(other) == newest()
    await other.execute("UPDATE alembic_version SET version_num = '9999'")
    await other.close()
    await link.close()
    with pytest.raises(Unavailable, match="9999"):
        await postgres_run.migrate(migrated)
