"""The power fails at random moments: what was acknowledged is there afterwards, with its facts, and nothing is broken."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from hubbub.clock import SystemClock
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite, sqlite_file
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.sqlite import SqliteDatabase
from tests.faults.ledger import IDS, note, noted, prepare
from tests.faults.lossy_disk import Crash, LossyDisk

ROWS = 1_500
SEED = random.randrange(1 << 32)  # shown by a failing assertion


@pytest.fixture
def acknowledged() -> set[int]:
    return set()


@pytest.fixture
def disk(tmp_path: Path, acknowledged: set[int], monkeypatch: pytest.MonkeyPatch) -> Iterator[LossyDisk]:
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 100)  # so that many of the failures hit a checkpoint
    disk = LossyDisk(tmp_path / "crashes", random.Random(SEED), lambda: frozenset(acknowledged))
    yield disk
    disk.unplug()


async def write_until_the_power_failed(path: Path, disk: LossyDisk, acknowledged: set[int]) -> None:
    database = await SqliteDatabase.open(str(path), clock=SystemClock(), publish=[].extend, prepare=prepare)
    disk.every = 40

    async def writer(first: int) -> None:
        for id in range(first, ROWS, 8):
            await database.write(note(id))
            acknowledged.add(id)

    await asyncio.gather(*(writer(first) for first in range(8)))
    disk.every = 0
    await database.close()
    assert len(disk.crashes) >= 20


async def found_after(crash: Crash) -> set[int]:
    """The rows after the reboot. Each must have exactly one fact, and each stream no gap."""
    published: list[tuple[str, bytes]] = []
    path = str(next(crash.folder.glob("*.db")))
    database = await SqliteDatabase.open(path, clock=SystemClock(), publish=published.extend, prepare=lambda _: None)
    rows = {row[0] for row in await database.fetch(IDS)}
    facts = sorted(noted(payload) for _, payload in published)
    heads = await database.heads([f"ledger:{n}" for n in range(3)])
    await database.close()
    assert {id for _, _, id in facts} == rows
    for stream, head in heads.items():
        assert [seq for name, seq, _ in facts if name == stream] == list(range(1, head + 1))
    link = apsw.Connection(path)
    assert link.pragma("integrity_check") == "ok"
    link.close()
    return rows


async def test_what_was_acknowledged_survives(tmp_path: Path, disk: LossyDisk, acknowledged: set[int]) -> None:
    await write_until_the_power_failed(tmp_path / "ledger.db", disk, acknowledged)
    for crash in disk.crashes:
        lost = crash.acknowledged - await found_after(crash)
        assert not lost, f"seed {SEED}, {crash.folder}"


async def test_this_test_would_notice_a_loss(
    tmp_path: Path, disk: LossyDisk, acknowledged: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "SYNCHRONOUS", "normal")
    await write_until_the_power_failed(tmp_path / "ledger.db", disk, acknowledged)
    lost = [len(crash.acknowledged - await found_after(crash)) for crash in disk.crashes]
    assert sum(each > 0 for each in lost) >= 5, f"seed {SEED}: {lost}"


async def test_a_full_disk_at_commit_fails_the_batch_and_nothing_else(tmp_path: Path, disk: LossyDisk) -> None:
    published: list[tuple[str, bytes]] = []
    database = await SqliteDatabase.open(
        str(tmp_path / "ledger.db"), clock=SystemClock(), publish=published.extend, prepare=prepare
    )
    await database.write(note(1))
    disk.full = True
    refused = await asyncio.gather(*(database.write(note(id)) for id in (2, 3)), return_exceptions=True)
    assert [type(each) for each in refused] == [Unavailable, Unavailable]
    assert await database.fetch(IDS) == [(1,)], "reading goes on"
    disk.full = False
    assert await database.write(note(4)) == 2, "the stream has no gap where the failed writes were"
    assert await database.fetch(IDS) == [(1,), (4,)]
    assert [noted(payload)[2] for _, payload in published] == [1, 4]
    await database.close()


async def test_a_disk_that_fills_up_inside_a_body_undoes_its_batch(tmp_path: Path, disk: LossyDisk) -> None:
    """The pages do not fit in memory, so SQLite writes them before the commit, fails, and ends the transaction."""
    database = await SqliteDatabase.open(
        str(tmp_path / "ledger.db"), clock=SystemClock(), publish=[].extend, prepare=prepare
    )

    async def stubborn(tx: Transaction) -> None:
        with contextlib.suppress(Unavailable):
            await note(2, "x" * 20_000_000)(tx)
        disk.full = False  # somebody made room: outside a transaction the next row would now be committed
        await note(3)(tx)

    disk.full = True
    writing = [database.write(body) for body in (note(1), stubborn, note(5))]
    refused = await asyncio.gather(*writing, return_exceptions=True)
    assert [type(each) for each in refused] == [Unavailable] * 3
    assert await database.fetch(IDS) == []
    assert await database.write(note(9)) == 1
    await database.close()
