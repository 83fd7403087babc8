"""Another process writes to the same file, or the file may not grow."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from hubbub.clock import SystemClock
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite, sqlite_file
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.sqlite import SqliteDatabase
from tests.faults.ledger import CLEAR, IDS, note, noted, prepare

HOLDER = Path(__file__).with_name("lock_holder.py")


async def worst_delay_ms(until: asyncio.Event) -> float:
    """How late the loop was at worst, in milliseconds."""
    loop = asyncio.get_running_loop()
    worst = 0.0
    while not until.is_set():
        before = loop.time()
        await asyncio.sleep(0.005)
        worst = max(worst, loop.time() - before - 0.005)
    return worst * 1000


async def test_a_foreign_write_lock_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    database = await SqliteDatabase.open(path, clock=SystemClock(), publish=[].extend, prepare=prepare)
    await database.write(note(1))
    holder = await asyncio.create_subprocess_exec(sys.executable, HOLDER, path, "2", stdout=asyncio.subprocess.PIPE)
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    began, written = asyncio.get_running_loop().time(), asyncio.Event()
    watching = asyncio.create_task(worst_delay_ms(written))
    writing = [asyncio.create_task(database.write(note(id))) for id in (2, 3)]
    await asyncio.sleep(0.5)
    assert await database.fetch(IDS) == [(1,)], "reading goes on meanwhile"
    await asyncio.gather(*writing)
    written.set()
    took = asyncio.get_running_loop().time() - began
    machine = float(await holder.stdout.readline())
    assert took > 1.5, "the lock was held all the time, or this shows nothing"
    assert await watching < 50 + machine, f"beside {machine:.0f} ms for which this machine lets anybody wait"
    assert await database.fetch(IDS) == [(1,), (2,), (3,)]
    await database.close()
    await holder.wait()


async def test_a_lock_that_is_never_given_up_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_WAIT_MS", 300)
    path = str(tmp_path / "ledger.db")
    database = await SqliteDatabase.open(path, clock=SystemClock(), publish=[].extend, prepare=prepare)
    other = apsw.Connection(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refused:
        await database.write(note(1))
    assert refused.value.started is False
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(note(1)) == 1
    await database.close()


async def test_a_file_that_may_not_grow_is_unavailable_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite_file.connect

    def small(path: str, key: str = "") -> apsw.Connection:
        link = connect(path, key)
        link.pragma("max_page_count", int(str(link.pragma("page_count"))) + 30)
        return link

    monkeypatch.setattr(sqlite_file, "connect", small)
    path = str(tmp_path / "ledger.db")
    database = await SqliteDatabase.open(path, clock=SystemClock(), publish=[].extend, prepare=prepare)
    results = await asyncio.gather(*(database.write(note(id)) for id in range(600)), return_exceptions=True)
    kept = [id for id, result in enumerate(results) if isinstance(result, int)]
    refused = [result for result in results if not isinstance(result, int)]
    assert {type(each) for each in refused} == {Unavailable}
    assert not any(each.started for each in refused if isinstance(each, Unavailable))
    assert [row[0] for row in await database.fetch(IDS)] == kept

    async def clear(tx: Transaction) -> int:
        return await tx.execute(CLEAR)

    assert await database.write(clear) == len(kept)
    assert await database.write(note(1_000)) > 0
    assert apsw.Connection(path).pragma("integrity_check") == "ok"
    await database.close()


async def test_facts_of_another_process_are_published_in_their_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    told: list[tuple[str, int, int]] = []
    all_told = asyncio.Event()

    def publish(facts: Sequence[tuple[str, bytes]]) -> None:
        told.extend(noted(payload) for _, payload in facts)
        if len(told) >= 3:
            all_told.set()

    server = await SqliteDatabase.open(path, clock=SystemClock(), publish=publish, prepare=prepare)
    await server.write(note(0))
    tool = await SqliteDatabase.open(path, clock=SystemClock())  # publishes nothing: it has no bus
    await tool.write(note(3))
    await tool.close()
    await server.write(note(6))
    async with asyncio.timeout(10):
        await all_told.wait()
    assert told == [("ledger:0", 1, 0), ("ledger:0", 2, 3), ("ledger:0", 3, 6)]
    await server.close()
