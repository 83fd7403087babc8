"""What is SQLite's own: bodies that may not wait, a bounded log, a quiet disk, the mark of what was published."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import apsw
import pytest
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, bindparam, insert, select
from sqlalchemy.dialects import postgresql

from hubbub import events
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite, sqlite_file
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.migrations import migrate
from hubbub.infra.database.schema import Id
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.infra.database.sqlite_file import create_tables
from hubbub.infra.database.statements import compiled
from tests.contract.hand_clock import HandClock

TABLES = MetaData()
notes = Table("notes", TABLES, Column("id", Id(), primary_key=True), Column("body", Text))
pages = Table(
    "pages",
    TABLES,
    Column("id", Id(), primary_key=True),
    Column("note_id", Id(), ForeignKey("notes.id", deferrable=True, initially="DEFERRED")),
)
ADD_PAGE = postgresql.insert(pages).values(id=bindparam("id"), note_id=bindparam("note_id"))
ADD = postgresql.insert(notes).values(id=bindparam("id"), body=bindparam("body"))
IDS = select(notes.c.id).order_by(notes.c.id)


class NoteAdded(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "note.added"
    id: int


events.register(NoteAdded)


def prepare(path: str) -> None:
    migrate(path)
    create_tables(path, TABLES)


def add(id: int, body: str = "") -> Callable[[Transaction], Awaitable[int]]:
    async def run(tx: Transaction) -> int:
        await tx.execute(ADD, id=id, body=body)
        return await tx.emit("notes", NoteAdded(id=id))

    return run


class Opened:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = HandClock()
        self.published: list[tuple[str, bytes]] = []

    async def open(self, path: Path) -> SqliteDatabase:
        return await SqliteDatabase.open(str(path), clock=self.clock, publish=self.published.extend, prepare=prepare)

    def told(self) -> list[int]:
        return [events.decode(payload)[0].seq for _, payload in self.published]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path / "notes.db")


@pytest.fixture
async def database(opened: Opened) -> AsyncIterator[SqliteDatabase]:
    database = await opened.open(opened.path)
    yield database
    await database.close()


# ---- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoilt", [False, True])
async def test_bodies_that_write_much_do_not_all_share_one_commit(tmp_path: Path, spoilt: bool) -> None:
    told: list[bytes] = []
    database = await SqliteDatabase.open(
        str(tmp_path / "x.db"),
        clock=HandClock(),
        publish=lambda facts: told.extend(payload for _, payload in facts),
        prepare=prepare,
    )

    def many(first: int) -> Callable[[Transaction], Awaitable[int]]:
        async def run(tx: Transaction) -> int:
            await tx.fetch_many(ADD, [{"id": id, "body": ""} for id in range(first, first + 100)])
            if spoilt and first == 500:
                raise ValueError("spoilt")
            return await tx.emit("notes", NoteAdded(id=first))

        return run

    firsts = range(0, 8_000, 100)  # more than one commit takes anyway
    results = await asyncio.gather(*(database.write(many(first)) for first in firsts), return_exceptions=True)
    good = [first for first in firsts if not spoilt or first != 500]
    assert [each for each in results if isinstance(each, int)] == list(range(1, len(good) + 1)), (
        "in the order they came"
    )
    assert [row[0] for row in await database.fetch(IDS)] == [first + at for first in good for at in range(100)]
    assert [events.decode(payload)[0].seq for payload in told] == list(range(1, len(good) + 1))
    (sizes,) = database.measures.sizes.series()
    assert sum(sizes.buckets) >= 13, "80 times 102 rows, 512 and a few in each commit"
    await database.close()


async def test_a_body_that_awaits_anything_else_is_undone(opened: Opened, database: SqliteDatabase) -> None:
    async def body(tx: Transaction) -> None:
        await add(1)(tx)
        await asyncio.sleep(0)

    results = await asyncio.gather(database.write(add(2)), database.write(body), return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], TypeError)
    assert await database.fetch(IDS) == [(2,)]
    assert opened.told() == [1]


async def test_a_transaction_ends_with_its_body(database: SqliteDatabase) -> None:
    kept: list[Transaction] = []

    async def body(tx: Transaction) -> None:
        kept.append(tx)

    await database.write(body)
    with pytest.raises(RuntimeError, match="over"):
        await kept[0].execute(ADD, id=1, body="")
    with pytest.raises(RuntimeError, match="over"):
        await kept[0].emit("notes", NoteAdded(id=1))
    assert await database.fetch(IDS) == []


async def test_a_body_may_raise_anything(database: SqliteDatabase) -> None:
    async def cancels(tx: Transaction) -> None:
        await add(1)(tx)
        raise asyncio.CancelledError

    async def misspells(tx: Transaction) -> None:
        await add(2)(tx)
        await tx.execute(ADD, id=3)

    with pytest.raises(asyncio.CancelledError):
        await database.write(cancels)
    with pytest.raises(KeyError):
        await database.write(misspells)
    assert await database.fetch(IDS) == []
    assert await database.write(add(4)) == 1


async def test_a_body_uses_the_database_only_through_its_transaction(database: SqliteDatabase) -> None:
    async def reads(tx: Transaction) -> None:
        await add(1)(tx)
        await database.fetch(IDS)

    async def writes(tx: Transaction) -> None:
        await database.write(add(2))

    for body in (reads, writes):
        with pytest.raises(TypeError, match="awaits only its transaction"):
            await database.write(body)
    assert await database.write(add(3)) == 1
    assert await database.fetch(IDS) == [(3,)]


async def test_fetch_only_reads(database: SqliteDatabase) -> None:
    with pytest.raises(TypeError, match="only reads"):
        await database.fetch(ADD, id=1, body="")
    assert await database.fetch(IDS) == []


async def test_a_write_cancelled_before_its_turn_is_not_done(database: SqliteDatabase) -> None:
    task = asyncio.create_task(database.write(add(1)))
    await asyncio.sleep(0)  # it is queued now, and its commit has not begun
    task.cancel()
    await database.write(add(2))
    assert task.cancelled()
    assert await database.fetch(IDS) == [(2,)]


async def test_a_commit_that_is_refused_leaves_no_transaction_open(database: SqliteDatabase) -> None:
    """Only a deferred constraint can do that, which no table should have: it takes its whole batch along."""

    async def orphan(tx: Transaction) -> None:
        await add(1)(tx)
        await tx.execute(ADD_PAGE, id=1, note_id=99)

    with pytest.raises(Unavailable):
        await database.write(orphan)
    assert await database.write(add(2)) == 1
    assert await database.fetch(IDS) == [(2,)]


async def test_too_many_waiting_writes_are_refused(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "QUEUED", 100)
    results = await asyncio.gather(*(database.write(add(id)) for id in range(150)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(refused) == 50
    assert not any(each.started for each in refused)
    assert len(await database.fetch(IDS)) == 100


# ---- the file --------------------------------------------------------------------------------------------------------


def log_bytes(opened: Opened) -> int:
    return Path(f"{opened.path}-wal").stat().st_size


async def fill(database: SqliteDatabase, first: int, count: int) -> None:
    """About 8 KiB a row."""
    await asyncio.gather(*(database.write(add(id, "x" * 8_000)) for id in range(first, first + count)))


async def test_the_log_is_bounded(opened: Opened, database: SqliteDatabase) -> None:
    for start in range(0, 8_000, 500):  # 64 MB
        await fill(database, start, 500)
    assert opened.path.stat().st_size > 60_000_000
    assert log_bytes(opened) < 12_000_000


async def test_a_reader_elsewhere_makes_the_log_grow_only_while_it_reads(
    opened: Opened, database: SqliteDatabase
) -> None:
    await database.write(add(-1))
    reader = apsw.Connection(str(opened.path))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM notes").fetchall()
    await fill(database, 0, 4_000)  # 32 MB
    assert log_bytes(opened) > 30_000_000, "nothing that it still sees may be overwritten"
    reader.execute("COMMIT")
    reader.close()
    await fill(database, 10_000, 1_500)
    assert log_bytes(opened) <= sqlite_file.WAL_LIMIT


async def test_a_replicated_log_is_left_to_the_one_who_copies_it(opened: Opened) -> None:
    path = str(opened.path)
    database = await SqliteDatabase.open(path, clock=opened.clock, prepare=prepare, replicated=True)
    size = opened.path.stat().st_size
    await fill(database, 0, 2_000)  # 16 MB
    await database.close()
    assert opened.path.stat().st_size == size
    assert log_bytes(opened) > 16_000_000
    again = await opened.open(opened.path)
    assert len(await again.fetch(IDS)) == 2_000
    await again.close()
    assert opened.path.stat().st_size > 16_000_000, "ours again: closing moves the log into the file"


async def test_a_statement_leaves_no_cursor_behind(database: SqliteDatabase) -> None:
    """Two cursors that are alive at once are kept for ever by apsw: a little memory, and time of each later statement."""

    async def writer(number: int) -> None:
        for each in range(500):
            await database.write(add(number * 1000 + each))
            await database.fetch(IDS)

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, apsw.Cursor) for each in gc.get_objects())

    before = alive()  # other tests of this process may have theirs
    await asyncio.gather(writer(1), writer(2))
    for _ in range(100):
        if (left := alive()) <= before:
            break
        await asyncio.sleep(0.1)  # a thread may just be letting go of one; what is kept for ever stays
    assert left <= before


async def test_an_idle_database_writes_nothing(opened: Opened, database: SqliteDatabase) -> None:
    for id in range(20):
        await database.write(add(id))
    opened.clock.forward(3_600)
    assert await database.sweep() == 19, "the newest row keeps the count of ids"

    def written() -> list[tuple[int, int]]:
        files = [Path(f"{opened.path}{end}").stat() for end in ("", "-wal")]
        return [(each.st_mtime_ns, each.st_size) for each in files]

    before = written()
    for _ in range(20):
        opened.clock.forward(30)
        assert await database.sweep() == 0
    assert written() == before


async def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("I am no database. " * 1_000)
    for path in (text, tmp_path / "absent" / "notes.db"):
        with pytest.raises(Unavailable):
            await SqliteDatabase.open(str(path), clock=HandClock())


# ---- the mark --------------------------------------------------------------------------------------------------------


async def after_a_crash(opened: Opened, folder: Path) -> list[int]:
    """What is published at the next start, if the process ended at this moment."""
    for end in ("", "-wal"):
        shutil.copy(f"{opened.path}{end}", folder)
    opened.published.clear()
    database = await opened.open(folder / opened.path.name)
    await database.close()
    return opened.told()


async def test_only_what_came_after_the_mark_is_published_again(
    opened: Opened, database: SqliteDatabase, tmp_path: Path
) -> None:
    for id in range(1, 11):
        await database.write(add(id))
    assert opened.told() == list(range(1, 11))
    folders = [tmp_path / "early", tmp_path / "late"]
    for folder in folders:
        folder.mkdir()
    assert await after_a_crash(opened, folders[0]) == list(range(1, 11))
    opened.clock.forward(6)
    await database.write(add(11))  # this commit takes the mark along: 10
    await database.write(add(12))
    assert await after_a_crash(opened, folders[1]) == [11, 12]


# ---- statements ------------------------------------------------------------------------------------------------------


def test_what_only_sqlalchemy_could_run_is_refused() -> None:
    table: Any = Table("defaults", MetaData(), Column("id", Id(), primary_key=True), Column("n", Id(), default=7))
    with pytest.raises(TypeError, match="defaults"):
        compiled(insert(table).values(id=bindparam("id")), "sqlite")
    with pytest.raises(TypeError, match="among"):
        compiled(select(notes.c.id).where(notes.c.id.in_([1, 2])), "sqlite")
    with pytest.raises(TypeError, match="statement"):
        compiled(notes.c.id == 1, "sqlite")


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_values_written_in_a_statement_stay_beside_those_that_are_bound(engine: Any) -> None:
    text, arguments = compiled(IDS.where(notes.c.id > 5, notes.c.body == bindparam("body")).limit(3), engine)
    assert [each for each in arguments({"body": "x"}) if each != 0] == [5, "x", 3], text
    with pytest.raises(KeyError):
        arguments({})
    with pytest.raises((TypeError, KeyError)):
        arguments({"boddy": "x"})
