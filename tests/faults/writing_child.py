"""Writes for ever and says so: `w <id>` once a write was acknowledged, `p <id>` for each published fact.

Usage: writing_child.py DATABASE FIRST_ID. Each line goes out in one system call, so a kill cuts between lines.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

from ledger import note, noted, prepare

from hubbub.clock import SystemClock
from hubbub.infra.database.sqlite import SqliteDatabase


def publish(facts: Sequence[tuple[str, bytes]]) -> None:
    for _, payload in facts:
        os.write(1, b"p %d\n" % noted(payload)[2])


async def main(path: str, first: int) -> None:
    database = await SqliteDatabase.open(path, clock=SystemClock(), publish=publish, prepare=prepare)
    ids = iter(range(first, 1 << 62))

    async def writer() -> None:
        for id in ids:
            await database.write(note(id))
            os.write(1, b"w %d\n" % id)

    await asyncio.gather(*(writer() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
