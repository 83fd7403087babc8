"""One channel that everybody writes to: messages acknowledged per second, and what one sender alone waits.

`python -m benchmarks.hot_channel [sqlite] [postgres] [two]` (half a minute). The chat service as assembly builds it, with rights, nonce and facts,
on SQLite and on a PostgreSQL of its own (fsync on); without sockets. CPU is of this process, the server's children apart.
`two`: two services with connections of their own, as in two processes, share the senders.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import uvloop
from tests.servers.engines import Postgres

from benchmarks.measure import percentile
from hubbub.clock import SystemClock
from hubbub.ids import Snowflakes
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import NewChannel
from hubbub.services.channel.service import ChannelService
from hubbub.services.chat.api import Draft
from hubbub.services.chat.recent import CHANNELS
from hubbub.services.chat.service import ChatService
from hubbub.services.user.api import NewUser
from hubbub.services.user.service import UserService

SECONDS = 3.0
SENDERS = (1, 8, 64, 256)
TEXT = "x" * 80
Open = Callable[[], Any]


class Chat:
    """One process's worth of services."""

    def __init__(self, database: Any, worker: int) -> None:
        clock = SystemClock()
        self.database = database
        self.ids = Snowflakes(worker, clock)
        self.users = UserService(database, clock)
        self.channels = ChannelService(database, self.users, self.ids, clock)
        recent = 0 if worker else CHANNELS
        self.service = ChatService(database, self.users, self.channels, self.ids, clock, lambda _: None, recent)

    async def room(self) -> tuple[Principal, int]:
        owner = Principal("person", self.ids.next(), 1)
        new = NewUser(id=owner.user_id, username="owner", display_name=None, email=None, instance_owner=True)
        await self.users.create(new)
        server = (await self.channels.create_server(owner, "server", "Home", "")).server.id
        channel = NewChannel(name="hot", type="text", topic="", parent_id=None)
        return owner, (await self.channels.create_channel(owner, "room", server, channel)).channel.id


async def measure(name: str, chats: list[Chat], owner: Principal, room: int, senders: int) -> None:
    took: list[float] = []
    nonces = count()
    began, cpu = time.perf_counter(), time.process_time()
    until = began + SECONDS

    async def sender(number: int) -> None:
        chat = chats[number % len(chats)].service
        while (since := time.perf_counter()) < until:
            draft = Draft(channel_id=room, content=TEXT, nonce=f"{began} {next(nonces)}", reply_to=None)
            await chat.send(owner, draft)
            took.append(time.perf_counter() - since)

    await asyncio.gather(*(sender(number) for number in range(senders)))
    lasted, used = time.perf_counter() - began, time.process_time() - cpu
    p50, p99 = (percentile(took, share) * 1e3 for share in (0.5, 0.99))
    print(
        f"{name:8} {senders:3} senders: {len(took) / lasted:6.0f} messages/s, "
        f"{used / len(took) * 1e6:4.0f} us CPU each, p50 {p50:5.2f} ms, p99 {p99:6.2f} ms",
        flush=True,
    )


async def one_engine(name: str, opens: list[Open], senders: tuple[int, ...]) -> None:
    workers = range(len(opens)) if name == "sqlite" else range(1, len(opens) + 1)
    chats = [Chat(await opened(), worker) for opened, worker in zip(opens, workers, strict=True)]
    told = [0] * len(chats)

    def counting(at: int) -> Callable[[Any], None]:
        def publish(facts: Any) -> None:
            told[at] += len(facts)

        return publish

    for at, chat in enumerate(chats):
        await chat.database.publish_to(counting(at))
    owner, room = await chats[0].room()
    before = sum(told)
    for many in senders:
        await measure(name, chats, owner, room, many)
    assert sum(told) - before == sum(chat.service.sent for chat in chats), "every message was told"
    for chat in reversed(chats):
        await chat.channels.close()
        await chat.database.close()


KINDS: dict[str, tuple[int, tuple[int, ...]]] = {  # processes, senders
    "sqlite": (1, SENDERS),
    "postgres": (1, SENDERS),
    "two": (2, (64,)),
}


async def one(kind: str, folder: Path) -> None:
    clock, (processes, senders) = SystemClock(), KINDS[kind]
    if kind == "sqlite":
        await one_engine(kind, [lambda: SqliteDatabase.open(str(folder / "x.db"), clock=clock)], senders)
        return
    postgres = Postgres(folder / f"postgres-{kind}")
    postgres.start()
    try:
        url = postgres.fresh_database()
        await one_engine(kind, [lambda: PostgresDatabase.open(url, clock=clock)] * processes, senders)
    finally:
        postgres.stop()


def main(kinds: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the server does not run as root, and must get to its folder
        for kind in kinds or KINDS:
            uvloop.run(one(kind, folder))
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main(sys.argv[1:])
