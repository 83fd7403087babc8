"""The process is killed in the middle of its work, again and again, on one database file."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from hubbub.clock import SystemClock
from hubbub.infra.database.sqlite import SqliteDatabase
from tests.faults.ledger import IDS, noted

CHILD = Path(__file__).with_name("writing_child.py")
KILLS = 12


def live_and_die(path: Path, first: int, lines: int) -> list[tuple[str, int]]:
    """Start the child, kill it once it said so many lines; everything that it said."""
    child = subprocess.Popen([sys.executable, CHILD, path, str(first)], stdout=subprocess.PIPE)
    assert child.stdout
    patience = threading.Timer(60, child.kill)
    patience.start()
    said: list[tuple[str, int]] = []
    for line in child.stdout:
        kind, _, id = line.decode().partition(" ")
        said.append((kind, int(id)))
        if len(said) == lines:
            child.kill()
    child.wait()
    patience.cancel()
    assert len(said) >= lines, f"the child ended by itself with {child.returncode}"
    return said


async def test_every_acknowledged_row_survives_every_kill(tmp_path: Path) -> None:
    path, chance = tmp_path / "ledger.db", random.Random()
    acknowledged: list[int] = []
    told: set[int] = set()
    for life in range(KILLS):
        for kind, id in live_and_die(path, life * 1_000_000, chance.randrange(20, 600)):
            acknowledged.append(id) if kind == "w" else told.add(id)
    published: list[tuple[str, bytes]] = []
    database = await SqliteDatabase.open(str(path), clock=SystemClock(), publish=published.extend)
    rows = Counter(row[0] for row in await database.fetch(IDS))
    heads = await database.heads([f"ledger:{n}" for n in range(3)])
    await database.close()
    told |= {noted(payload)[2] for _, payload in published}
    assert len(acknowledged) > KILLS
    assert [id for id in acknowledged if rows[id] != 1] == []
    assert told == set(rows), "every committed fact was published by one life or another, and nothing else"
    assert sum(heads.values()) == len(rows)
