"""What a shared cache would spare the newest page of a room when the services are apart (docs/decisions/0007).

`python -m benchmarks.shared_pages`: starts PostgreSQL, Redis and NATS, puts 200 rooms of 500 messages there, and reads
newest pages of 50: from PostgreSQL, and from copies in Redis and in memory (as the product does) that one look at the
stream's head proves fresh. Then the profiles of a page's ten authors: asked of the user service over NATS, as the
product does, and read from Redis. Milliseconds at the caller; CPU of this process and of the servers, per page.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.process import ServerProcess

from benchmarks.measure import TICK, percentile
from hubbub.clock import SystemClock
from hubbub.ids import MAX_ID
from hubbub.infra import rpc
from hubbub.infra.bus.nats import NatsBus
from hubbub.infra.cache.redis import RedisCache
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.services.chat import store
from hubbub.services.chat.store import MessageRow
from hubbub.services.user.api import User, UserApi
from hubbub.services.user.service import UserService

ROOMS, DEPTH, PAGE, AUTHORS, SECONDS = 200, 500, 50, 10, 4.0
FILL = f"""
INSERT INTO messages (id, channel_id, server_id, author_id, content, mention_everyone)
SELECT room * 1000000 + n, room, 1, 1 + n % {AUTHORS}, repeat('word ', 4 + (n * 7 + room) % 40), 0
FROM generate_series(1, {ROOMS}) room, generate_series(1, {DEPTH}) n;
INSERT INTO streams SELECT 'channel:' || room, {DEPTH} FROM generate_series(1, {ROOMS}) room;
INSERT INTO users SELECT n, 'person', 'person' || n, 'Person ' || n, NULL, NULL, 0, 0 FROM generate_series(1, {AUTHORS}) n;
ANALYZE;
"""
PEOPLE = tuple(range(1, AUTHORS + 1))
_rows = msgspec.msgpack.Decoder(tuple[int, list[MessageRow]])
_user = msgspec.msgpack.Decoder(User)
_encode = msgspec.msgpack.encode
Page = Callable[[int], Awaitable[Any]]


class Pages:
    """The same page from three places."""

    def __init__(self, database: PostgresDatabase, cache: RedisCache) -> None:
        self._database = database
        self._cache = cache
        self._memory: dict[int, tuple[int, list[MessageRow]]] = {}

    async def stored(self, room: int) -> list[MessageRow]:
        rows = await self._database.fetch(store.BEFORE, channel=room, border=MAX_ID, count=PAGE)
        return [store.message(row) for row in rows]

    async def shared(self, room: int) -> list[MessageRow]:
        name = f"channel:{room}"
        (known,), heads = await asyncio.gather(self._cache.get([f"newest:{room}"]), self._database.heads([name]))
        if known is not None:
            head, rows = _rows.decode(known)
            if head == heads[name]:
                return rows
        rows = await self.stored(room)
        await self._cache.put(f"newest:{room}", _encode((heads[name], rows)), 3600)
        return rows

    async def remembered(self, room: int) -> list[MessageRow]:
        name = f"channel:{room}"
        head = (await self._database.heads([name]))[name]
        known = self._memory.get(room)
        if known is None or known[0] != head:
            known = self._memory[room] = (head, await self.stored(room))
        return known[1]


async def timed(read: Page, servers: list[ServerProcess], at_once: int) -> dict[str, float]:
    """Rooms by turns for some seconds; everything is read once before."""
    for room in range(1, ROOMS + 1):
        await read(room)
    took: list[float] = []
    end = time.monotonic() + SECONDS

    async def reader(who: int) -> None:
        room = who * 37
        while (began := time.monotonic()) < end:
            room = room % ROOMS + 1
            await read(room)
            took.append(time.monotonic() - began)

    before, own = [cpu(each) for each in servers], time.process_time()
    await asyncio.gather(*(reader(who) for who in range(at_once)))
    theirs = {each.name: cpu(each) - was for each, was in zip(servers, before, strict=True)}
    return {
        "p50_ms": round(percentile(took, 0.5) * 1000, 2),
        "p99_ms": round(percentile(took, 0.99) * 1000, 2),
        "own_us": round((time.process_time() - own) / len(took) * 1e6),
        **{f"{name}_us": round(seconds / len(took) * 1e6) for name, seconds in theirs.items()},
    }


def cpu(server: ServerProcess) -> float:
    """Of it and its children."""
    assert server.process is not None
    root, total = server.process.pid, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == root or int(fields[1]) == root:
            total += int(fields[11]) + int(fields[12])
    return total / TICK


async def measured(postgres: Postgres, redis: Redis, nats: Nats) -> dict[str, Any]:
    url = postgres.migrated_database()
    link = await asyncpg.connect(url)
    await link.execute(FILL)
    await link.close()
    database, cache = await PostgresDatabase.open(url, clock=SystemClock()), RedisCache(redis.url, "bench")
    buses = [await NatsBus.connect(nats.url, "bench", lambda: None) for _ in range(2)]
    users = UserService(database, SystemClock())
    stop = await rpc.serve(UserApi, users, buses[0])
    remote = rpc.remote(UserApi, buses[1])
    for user in await users.get(PEOPLE):
        await cache.put(f"user:{user.id}", _encode(user), 3600)

    async def asked(_: int) -> Any:
        return await remote.get(PEOPLE)

    async def kept(_: int) -> Any:
        return [_user.decode(each) for each in await cache.get([f"user:{id}" for id in PEOPLE]) if each]

    pages, found = Pages(database, cache), {}
    ways: dict[str, Page] = {
        "rows from PostgreSQL": pages.stored,
        "rows from Redis, proved": pages.shared,
        "rows from memory, proved": pages.remembered,
        "authors by call": asked,
        "authors from Redis": kept,
    }
    for at_once in (1, 16):
        for name, read in ways.items():
            found[f"{name}, {at_once} at once"] = await timed(read, [postgres, redis, nats], at_once)
    stop()
    for bus in buses:
        await bus.close()
    await cache.close()
    await database.close()
    return found


def main() -> None:
    servers = Postgres(), Redis(), Nats()
    try:
        for each in servers:
            each.start()
        for name, figures in uvloop.run(measured(*servers)).items():
            print(f"{name}: {json.dumps(figures)}")
        print(f"load: {os.getloadavg()}")
    finally:
        for each in servers:
            each.stop()


if __name__ == "__main__":
    main()
