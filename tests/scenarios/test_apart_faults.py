"""Services apart, and one of them or of their servers is killed while people write: what was acknowledged is there once
and in order, nothing hangs past its deadline, and it is well again without anybody's hands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.place import Person
from tests.servers.engines import Nats, Postgres, Redis

ANSWER = 8.0  # seconds: a call's own deadline is 5


@pytest.fixture
async def apart(tmp_path: Path, postgres_server: Postgres) -> AsyncIterator[Apart]:
    """On a NATS and a Redis of its own: these are killed."""
    nats, redis = Nats(), Redis()
    nats.start()
    redis.start()
    place = Apart(tmp_path, postgres_server, nats, redis)
    try:
        await asyncio.to_thread(place.start)
        yield place
    finally:
        await asyncio.to_thread(place.stop)
        nats.stop()
        redis.stop()


async def kill_core(place: Apart) -> None:
    place.parts["core-2"].kill()


async def restart_nats(place: Apart) -> None:
    await asyncio.to_thread(place.nats.kill)
    await asyncio.to_thread(place.nats.start)


async def restart_redis(place: Apart) -> None:
    await asyncio.to_thread(place.redis.kill)
    await asyncio.to_thread(place.redis.start)


FAULTS: dict[str, Callable[[Apart], Awaitable[None]]] = {
    "a chat is killed": kill_core,
    "NATS is restarted": restart_nats,
    "Redis is restarted": restart_redis,
}


WRITERS, EACH = 8, 30


async def write(person: Person, channel: str, writer: int, some: asyncio.Event) -> None:
    """One after the other, each until it is acknowledged; a repeat has the nonce of the first try. `some` tells that
    the first quarter is written."""
    for number in range(EACH):
        message = {"content": f"{writer}:{number}", "nonce": f"{writer}:{number}"}
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with asyncio.timeout(ANSWER):
                    answer = await person.http.post(f"/api/channels/{channel}/messages", json=message)
                if answer.status_code in (200, 201):
                    break
                assert answer.status_code in (429, 503), answer.text
                assert answer.json()["code"]
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
        writing = asyncio.gather(*(write(owner, channel, writer, some) for writer in range(WRITERS)))
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
    for writer in range(WRITERS):
        own = [int(each.partition(":")[2]) for each in stored if each.startswith(f"{writer}:")]
        assert own == list(range(EACH)), "stored once each, in the order in which they were acknowledged"
    await owner.close()
    await guest.close()
