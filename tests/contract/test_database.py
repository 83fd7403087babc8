"""What the database port promises, on every engine.

To add an engine: a class like `Sqlite` below and its name in `ENGINES`. Bodies run again where engines differ: nothing
here counts how often.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar

import asyncpg
import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateTable

from hubbub import events
from hubbub.errors import Refused, Unavailable
from hubbub.infra.database import outbox
from hubbub.infra.database.base import Conflict, Database, Transaction
from hubbub.infra.database.migrations import migrate, postgres_run
from hubbub.infra.database.outbox import Publish
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.infra.database.schema import Blob, Flag, Id, Json
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.infra.database.sqlite_file import create_tables
from hubbub.infra.database.statements import among, dialect
from tests.contract.hand_clock import HandClock

BIG = (1 << 63) - 1
TABLES = MetaData()
shelves = Table("shelves", TABLES, Column("id", Id(), primary_key=True, autoincrement=False))
books = Table(
    "books",
    TABLES,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False, unique=True),
    Column("extra", Json()),
    Column("cover", Blob()),
    Column("lent", Flag(), CheckConstraint("lent IN (0, 1)", name="lent")),
    Column("shelf_id", Id(), ForeignKey("shelves.id")),
)
b = books.c
ROW: dict[str, Any] = {"extra": None, "cover": None, "lent": 0, "shelf_id": None}
ADD = insert(books).values({name: bindparam(name) for name in b.keys()})
PUT = ADD.on_conflict_do_update(index_elements=[b.id], set_={"title": ADD.excluded.title}).returning(b.title)
ONCE = ADD.on_conflict_do_nothing()
ALL = select(b.id, b.title).order_by(b.id)
ONE = select(b.id, b.title, b.extra, b.cover, b.lent, b.shelf_id).where(b.id == bindparam("id", type_=Id()))
BY_ID = select(b.id).where(among(b.id, "ids")).order_by(b.id)
BY_TITLE = select(b.id).where(among(b.title, "titles")).order_by(b.id)
COUNT = select(func.count()).select_from(books)
LEND = update(books).where(b.lent == bindparam("was")).values(lent=bindparam("becomes"))
DROP = delete(books).where(b.id == bindparam("id", type_=Id()))


class BookAdded(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "book.added"
    id: int
    shelf: int

    @property
    def audience(self) -> events.Audience:
        return events.Server(self.shelf)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.shelf,)


events.register(BookAdded)


class Engine:
    """The data of one test, and everything that it opened."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.published: list[tuple[str, bytes]] = []
        self.opened: list[Any] = []

    async def open(self, publish: Publish | None = None) -> Any:
        """Open the same data, again if it was closed."""
        self.opened.append(opened := await self.connect(publish))
        return opened

    async def connect(self, publish: Publish | None) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        for each in self.opened:
            await each.close()

    def facts(self) -> list[tuple[str, int, int]]:
        """(stream, seq, book) of what was published so far, in order."""
        decoded = [events.decode(payload) for _, payload in self.published]
        return [(fact.stream, fact.seq, event.id) for fact, event in decoded if isinstance(event, BookAdded)]


class Sqlite(Engine):
    def __init__(self, request: pytest.FixtureRequest) -> None:
        super().__init__()
        self.path = str(request.getfixturevalue("tmp_path") / "contract.db")

    async def connect(self, publish: Publish | None) -> SqliteDatabase:
        return await SqliteDatabase.open(self.path, clock=self.clock, publish=publish, prepare=self._prepare)

    def _prepare(self, path: str) -> None:
        migrate(path)
        create_tables(path, TABLES)


class Postgres(Engine):
    def __init__(self, request: pytest.FixtureRequest) -> None:
        super().__init__()
        self.url = request.getfixturevalue("postgres_server").fresh_database()

    async def connect(self, publish: Publish | None) -> PostgresDatabase:
        return await PostgresDatabase.open(self.url, clock=self.clock, publish=publish, prepare=self._prepare)

    async def _prepare(self, url: str) -> None:
        await postgres_run.migrate(url)
        link = await asyncpg.connect(url)
        for table in TABLES.sorted_tables:
            await link.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect("postgres"))))
        await link.close()


ENGINES: dict[str, type[Engine]] = {"sqlite": Sqlite, "postgres": Postgres}


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    backend = ENGINES[request.param](request)
    yield backend
    await backend.close()


@pytest.fixture
async def database(engine: Engine) -> Database:
    return await engine.open(engine.published.extend)


def add(id: int, stream: str | None = None, **values: Any) -> Callable[[Transaction], Any]:
    async def body(tx: Transaction) -> int:
        await tx.execute(ADD, id=id, **{"title": f"book {id}", **ROW, **values})
        return await tx.emit(stream, BookAdded(id=id, shelf=7)) if stream else 0

    return body


async def count(database: Database) -> int:
    return (await database.fetch(COUNT))[0][0]


# ---- values ----------------------------------------------------------------------------------------------------------


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    values = {
        "title": "h\u00e9 \u4f60 \U0001f600 \0",
        "extra": '{"b": [1, null], "a":"\u00e9"}',
        "cover": b"\0\xff" * 9,
    }
    if type(database).__name__ != "SqliteDatabase":
        values["title"] = values["title"].replace("\0", "")  # PostgreSQL has no NUL in texts; protocols refuse it
    await database.write(add(BIG, **values, lent=1))
    row = (await database.fetch(ONE, id=BIG))[0]
    assert tuple(row) == (BIG, values["title"], values["extra"], values["cover"], 1, None)


async def test_lists_of_any_length_are_one_statement(database: Database) -> None:
    for id in (1, 2, BIG):
        await database.write(add(id, title=f'"{id}"'))
    assert [row[0] for row in await database.fetch(BY_ID, ids=[2, BIG, 5])] == [2, BIG]
    assert [row[0] for row in await database.fetch(BY_ID, ids=[])] == []
    assert [row[0] for row in await database.fetch(BY_TITLE, titles=['"1"', "x", '"2"'])] == [1, 2]
    assert len(await database.fetch(BY_ID, ids=list(range(5_000)))) == 2


async def test_a_missing_or_unknown_value_is_an_error(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.fetch(ONE)
    with pytest.raises(TypeError, match="colour"):
        await database.fetch(ONE, id=1, colour="red")


# ---- transactions ----------------------------------------------------------------------------------------------------


async def test_a_write_returns_its_value_and_is_read_back_at_once(database: Database) -> None:
    async def body(tx: Transaction) -> str:
        await tx.execute(ADD, id=1, title="one", **ROW)
        assert [tuple(row) for row in await tx.fetch(ALL)] == [(1, "one")]
        return (await tx.fetch(PUT, id=1, title="first", **ROW))[0][0]

    assert await database.write(body) == "first"
    assert [tuple(row) for row in await database.fetch(ALL)] == [(1, "first")]


async def test_execute_counts_the_rows_it_changed(database: Database) -> None:
    async def body(tx: Transaction) -> list[int]:
        added = [await tx.execute(ONCE, id=id, title=str(id), **ROW) for id in (1, 2, 2)]
        lent = await tx.execute(LEND, was=0, becomes=1)
        return [*added, lent, await tx.execute(LEND, was=0, becomes=1), await tx.execute(DROP, id=2)]

    assert await database.write(body) == [1, 1, 0, 2, 0, 1]


async def test_a_body_that_raises_writes_nothing(engine: Engine, database: Database) -> None:
    async def body(tx: Transaction) -> None:
        await add(1, "shelf:7")(tx)
        raise Refused("book.unwanted", id=1)

    with pytest.raises(Refused, match="unwanted"):
        await database.write(body)
    assert await count(database) == 0
    assert await database.heads(["shelf:7"]) == {"shelf:7": 0}
    assert engine.published == []


async def test_an_error_that_the_body_caught_undoes_it_all_the_same(database: Database) -> None:
    await database.write(add(1))

    async def body(tx: Transaction) -> str:
        await add(2)(tx)
        with contextlib.suppress(Conflict):
            await add(1)(tx)
        return "as if nothing had happened"

    async def going_on(tx: Transaction) -> None:
        await body(tx)
        await add(3)(tx)

    for each in (body, going_on):
        with pytest.raises(Conflict):
            await database.write(each)
        assert await count(database) == 1


@pytest.mark.parametrize(
    "values", [{"id": 1}, {"id": 2, "title": "book 1"}, {"id": 2, "shelf_id": 99}, {"id": 2, "lent": 2}]
)
async def test_constraints_are_conflicts(database: Database, values: dict[str, Any]) -> None:
    await database.write(add(1))
    with pytest.raises(Conflict):
        await database.write(add(**values))
    assert await count(database) == 1


async def test_bodies_that_share_a_commit_fail_alone(engine: Engine, database: Database) -> None:
    await database.write(add(1_000))

    def body(n: int) -> Callable[[Transaction], Any]:
        async def run(tx: Transaction) -> int:
            await add(n, "shelf:7")(tx)
            if n % 4 == 1:
                raise Refused("book.unwanted")
            if n % 4 == 3:
                await add(1_000)(tx)
            return n

        return run

    results = await asyncio.gather(*(database.write(body(n)) for n in range(64)), return_exceptions=True)
    kinds = [type(result).__name__ for result in results]
    assert kinds == ["int", "Refused", "int", "Conflict"] * 16
    assert [result for result in results if isinstance(result, int)] == list(range(0, 64, 2))
    assert await count(database) == 33
    assert sorted(book for _, _, book in engine.facts()) == list(range(0, 64, 2))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 33))


async def test_a_fetch_sees_every_write_acknowledged_before_it(database: Database) -> None:
    async def writer(first: int) -> None:
        for id in range(first, first + 40):
            await database.write(add(id))
            assert await database.fetch(ONE, id=id)

    await asyncio.gather(*(writer(first) for first in range(0, 800, 100)))
    assert await count(database) == 320


async def test_a_lock_is_held_by_one_body_at_a_time(database: Database) -> None:
    """Each reads how many there are and writes the next number: without a lock two would choose the same."""

    async def body(tx: Transaction) -> int:
        await tx.lock(7)
        id = (await tx.fetch(COUNT))[0][0]
        await add(id)(tx)
        return id

    assert sorted(await asyncio.gather(*(database.write(body) for _ in range(50)))) == list(range(50))


async def test_cancelling_the_caller_harms_nobody_else(engine: Engine, database: Database) -> None:
    tasks = [asyncio.create_task(database.write(add(n, "shelf:7"))) for n in range(100)]
    for turns, task in enumerate(tasks[::7]):
        for _ in range(turns % 4):
            await asyncio.sleep(0)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    kept = {n for n, result in enumerate(results) if not isinstance(result, BaseException)}
    rows = {row[0] for row in await database.fetch(ALL)}
    assert len(kept) >= 80
    assert kept <= rows
    assert {book for _, _, book in engine.facts()} == rows, "a fact is published exactly when its body was committed"
    await database.write(add(500))


# ---- facts -----------------------------------------------------------------------------------------------------------


async def test_a_stream_counts_without_gaps_and_is_published_in_order(engine: Engine, database: Database) -> None:
    results = await asyncio.gather(*(database.write(add(n, f"shelf:{n % 3}")) for n in range(300)))
    assert await database.heads(["shelf:0", "shelf:1", "shelf:2", "shelf:9"]) == {
        "shelf:0": 100,
        "shelf:1": 100,
        "shelf:2": 100,
        "shelf:9": 0,
    }
    for stream in range(3):
        told = [(seq, book) for name, seq, book in engine.facts() if name == f"shelf:{stream}"]
        assert [seq for seq, _ in told] == list(range(1, 101))
        assert all(results[book] == seq for seq, book in told)
    assert {topic for topic, _ in engine.published} == {"book.added.7"}


async def test_one_body_may_emit_several_facts(engine: Engine, database: Database) -> None:
    async def body(tx: Transaction) -> list[int]:
        return [await tx.emit(stream, BookAdded(id=n, shelf=7)) for n, stream in enumerate(["a", "b", "a", "a"])]

    assert await database.write(body) == [1, 1, 2, 3]
    assert engine.facts() == [("a", 1, 0), ("b", 1, 1), ("a", 2, 2), ("a", 3, 3)]


async def test_a_fact_is_published_after_its_commit(engine: Engine) -> None:
    seen: list[int] = []
    database = await engine.open(lambda facts: watchers.append(asyncio.ensure_future(look(len(facts)))))
    watchers: list[asyncio.Future[None]] = []

    async def look(told: int) -> None:
        seen.append(await count(database) - told)

    await asyncio.gather(*(database.write(add(n, "shelf:7")) for n in range(20)))
    await asyncio.gather(*watchers)
    assert len(seen) >= 1
    assert min(seen) >= 0


async def test_missed_facts_can_be_asked_for(database: Database) -> None:
    for n in range(1, 11):
        await database.write(add(n, "shelf:7"))
    assert await database.events_after("shelf:7", 10, 100) == []
    assert await database.events_after("never", 0, 100) == []
    missed = await database.events_after("shelf:7", 4, 3)
    assert missed is not None
    assert [events.decode(payload)[0].seq for payload in missed] == [5, 6, 7]
    assert await database.events_after("shelf:7", 11, 100) is None, "a head from another life: read the state afresh"


async def test_facts_are_kept_for_ten_minutes(engine: Engine, database: Any) -> None:
    for n in range(1, 1_201):
        await database.write(add(n, "shelf:7"))
    engine.clock.forward(599)
    assert await database.sweep() == 0
    await database.write(add(5_000, "shelf:7"))
    engine.clock.forward(2)
    assert await database.sweep() == 1_200
    assert await database.sweep() == 0
    assert await database.events_after("shelf:7", 1_199, 10) is None
    assert len(await database.events_after("shelf:7", 1_200, 10) or []) == 1
    assert await database.heads(["shelf:7"]) == {"shelf:7": 1_201}


async def test_facts_stay_in_order_when_everything_old_was_deleted(engine: Engine, database: Any) -> None:
    for n in range(6):
        await database.write(add(n, "shelf:7"))
        engine.clock.forward(1_000)
        await database.sweep()
    await database.close()
    again = await engine.open(engine.published.extend)
    await again.write(add(100, "shelf:7"))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 8))


async def test_facts_wait_until_somebody_publishes(engine: Engine) -> None:
    database = await engine.open()
    for n in range(1, 1_101):
        await database.write(add(n, "shelf:7"))
    engine.clock.forward(3_600)
    assert await database.sweep() == 0, "nobody has heard of them yet"
    adding = asyncio.create_task(database.write(add(5_000, "shelf:7")))
    await database.publish_to(engine.published.extend)
    await adding
    await database.write(add(5_001, "shelf:7"))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 1_103))


async def test_nothing_is_published_again_after_a_clean_end(engine: Engine) -> None:
    first = await engine.open(engine.published.extend)
    await first.write(add(1, "shelf:7"))
    await first.close()
    second = await engine.open(engine.published.extend)
    await second.write(add(2, "shelf:7"))
    assert engine.facts() == [("shelf:7", 1, 1), ("shelf:7", 2, 2)]


async def test_facts_that_could_not_be_published_are_kept_and_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "RETRY", 0.02)
    caplog.set_level(logging.CRITICAL)
    working, caught_up = True, asyncio.Event()

    def publish(facts: Sequence[tuple[str, bytes]]) -> None:
        if not working:
            raise OSError("no route")
        engine.published.extend(facts)
        if len(engine.published) == 20:
            caught_up.set()

    database = await engine.open(publish)
    for n in range(1, 11):
        await database.write(add(n, "shelf:7"))
    working = False
    for n in range(11, 20):
        assert await database.write(add(n, "shelf:7")) == n, "the write stands"
    engine.clock.forward(3_600)
    assert await database.sweep() == 10, "what nobody heard of is not deleted"
    working = True
    await database.write(add(20, "shelf:7"))
    async with asyncio.timeout(10):
        await caught_up.wait()
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 21))


# ---- the end ---------------------------------------------------------------------------------------------------------


async def test_close_finishes_what_was_accepted_and_refuses_the_rest(engine: Engine, database: Database) -> None:
    writing = [asyncio.create_task(database.write(add(n))) for n in range(200)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writing) == [0] * 200
    with pytest.raises(Unavailable) as refused:
        await database.write(add(500))
    assert refused.value.started is False
    with pytest.raises(Unavailable):
        await database.fetch(COUNT)
    assert await count(await engine.open()) == 200
