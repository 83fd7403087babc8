"""A library on every engine: the tables, statements and facts of the database port's contract.

To add an engine: a class like `Sqlite` below and its name in `ENGINES`.
"""

from __future__ import annotations

from collections.abc import Callable
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
from hubbub.infra.database.base import Database, Transaction
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


def add(id: int, stream: str | None = None, **values: Any) -> Callable[[Transaction], Any]:
    async def body(tx: Transaction) -> int:
        await tx.execute(ADD, id=id, **{"title": f"book {id}", **ROW, **values})
        return await tx.emit(stream, BookAdded(id=id, shelf=7)) if stream else 0

    return body


async def count(database: Database) -> int:
    return (await database.fetch(COUNT))[0][0]
