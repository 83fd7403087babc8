"""Services apart, and one of them or of their servers is killed while people write: what was acknowledged is there once
and in order, nothing hangs past its deadline, and it is well again without anybody's hands."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.place import Person, Place
from tests.scenarios.returning import Returning
from tests.servers.engines import Nats, Postgres, Redis

ANSWER = 9.0  # seconds: a call has 5, two in a row would be 10


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    """On servers of its own: these are killed."""
    servers = postgres, nats, redis = Postgres(), Nats(), Redis()
    try:
        for each in servers:
            each.start()
        place = Apart(tmp_path, postgres, nats, redis)
        try:
            await asyncio.to_thread(place.start)
            yield place
        finally:
            await asyncio.to_thread(place.stop)
    finally:
        for each in servers:
            each.stop()


async def kill_core(place: Apart) -> None:
    place.parts["core-2"].kill()


async def replace_core(place: Apart) -> None:
    """It alone has auth and voice: what supervises it starts it again."""
    place.parts["core-1"].kill()
    await asyncio.to_thread(place.parts["core-1"].start)


async def restart_nats(place: Apart) -> None:
    await asyncio.to_thread(place.nats.kill)
    await asyncio.to_thread(place.nats.start)


async def restart_redis(place: Apart) -> None:
    await asyncio.to_thread(place.redis.kill)
    await asyncio.to_thread(place.redis.start)


async def restart_postgres(place: Apart) -> None:
    await asyncio.to_thread(place.postgres.kill)
    await asyncio.sleep(1)  # people go on writing to a database that is not there
    await asyncio.to_thread(place.postgres.start)


FAULTS: dict[str, Callable[[Apart], Awaitable[None]]] = {
    "a chat is killed": kill_core,
    "the only auth is killed and started again": replace_core,
    "NATS is restarted": restart_nats,
    "Redis is restarted": restart_redis,
    "PostgreSQL is restarted": restart_postgres,
}


WRITERS, EACH = 8, 30


async def write(place: Apart, person: Person, channel: str, writer: int, some: asyncio.Event) -> None:
    """One after the other, each until it is acknowledged; a repeat has the nonce of the first try. Who gets no answer
    tries the other gateway. `some` tells that the first quarter is written."""
    entrances = itertools.cycle(each.url for each in place.gateways)
    at = next(entrances)
    for number in range(EACH):
        message = {"content": f"{writer}:{number}", "nonce": f"{writer}:{number}"}
        while True:
            try:
                async with asyncio.timeout(ANSWER):
                    answer = await person.http.post(f"{at}/api/channels/{channel}/messages", json=message)
                if answer.status_code in (200, 201):
                    break
                assert answer.status_code in (429, 503), answer.text
                assert answer.json()["code"]
            except httpx.TransportError:
                at = next(entrances)
            await asyncio.sleep(0.05)
        if number == EACH // 4:
            some.set()


async def read(person: Person, channel: str) -> list[str]:
    """Everything in the channel, oldest first."""
    found: list[dict[str, Any]] = []
    while page := await person.history(channel, limit=100, **({"before": found[-1]["id"]} if found else {})):
        found += page
    return [each["content"] for each in reversed(found)]


@pytest.mark.parametrize("fault", FAULTS)
async def test_acknowledged_messages_outlive_it(apart: Apart, fault: str) -> None:
    owner = await apart.owner()
    server = await owner.make_server()
    channel = next(each for each in server["channels"] if each["type"] == "text")["id"]
    guest = await apart.guest("guest", await owner.invite_to(server["id"]))
    some = asyncio.Event()
    async with guest.gateway() as listening:
        writing = asyncio.gather(*(write(apart, owner, channel, writer, some) for writer in range(WRITERS)))
        async with asyncio.timeout(30):
            await some.wait()
        await FAULTS[fault](apart)
        async with asyncio.timeout(60):
            await writing

        def heard() -> list[str]:
            return [each["d"]["message"]["content"] for each in listening.events if each["t"] == "MESSAGE_CREATE"]

        await listening.until(lambda: len(heard()) >= WRITERS * EACH, "all messages")
        stored = await read(guest, channel)
        assert heard() == stored, "heard once each, in the order of the channel, whatever was lost on the way"
    stored_once_in_order(stored)
    for part in apart.parts.values():
        if part.process is not None and part.process.poll() is None:
            await healthy(part)
    await owner.close()
    await guest.close()


def stored_once_in_order(stored: list[str]) -> None:
    for writer in range(WRITERS):
        own = [int(each.partition(":")[2]) for each in stored if each.startswith(f"{writer}:")]
        assert own == list(range(EACH)), "stored once each, in the order in which they were acknowledged"


async def healthy(part: Place) -> None:
    """Soon, and without anybody's hands."""
    async with httpx.AsyncClient() as http, asyncio.timeout(10):
        while (answer := await http.get(f"{part.url}/health")).status_code != 200:
            assert answer.json()["status"] == "failing"
            await asyncio.sleep(0.1)


async def test_people_of_a_killed_gateway_go_on_at_the_other(apart: Apart) -> None:
    """Some are at either gateway while people write; one gateway dies and stays dead."""
    owner = await apart.owner()
    server = await owner.make_server()
    channel = next(each for each in server["channels"] if each["type"] == "text")["id"]
    invite = await owner.invite_to(server["id"])
    guests = [await apart.guest(f"guest{number}", invite) for number in range(6)]
    doomed, other = apart.gateways
    some = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(
                Returning(guest, channel, [at.url for at in ((doomed, other) if number % 2 else (other, doomed))])
            )
            for number, guest in enumerate(guests)
        ]
        writing = asyncio.gather(*(write(apart, owner, channel, writer, some) for writer in range(WRITERS)))
        async with asyncio.timeout(30):
            await some.wait()
        await readers[1].until(1)
        doomed.kill()
        async with asyncio.timeout(60):
            await writing
        for reader in readers:
            await reader.until(WRITERS * EACH)
        guests[0].http.base_url = other.url
        stored = await read(guests[0], channel)
        for reader in readers:
            assert reader.arrived == stored
            assert reader.url == other.url
        assert [reader.anew for reader in readers] == [1, 2, 1, 2, 1, 2], "a session of another gateway begins anew"
    stored_once_in_order(stored)
    for person in (owner, *guests):
        await person.close()
