"""SIGKILL again and again while people write: every acknowledged message is there once, and in the order of its ids."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx

from tests.scenarios.place import Person, Place
from tests.scenarios.test_write_and_read import text_channel

KILLS = 10
WRITERS = 4


async def test_ten_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.start()
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    acknowledged: dict[str, str] = {}  # nonce -> id
    stopped = asyncio.Event()
    chance = random.Random(7)

    async def write(writer: int) -> None:
        """Like a client: a message without an answer is sent again with its nonce until there is one."""
        number = 0
        while not stopped.is_set():
            nonce = f"{writer}-{number}"
            try:
                body = {"content": f"message {nonce}", "nonce": nonce}
                answer = await owner.http.post(f"/api/channels/{channel}/messages", json=body, timeout=5)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            assert answer.status_code in (200, 201), answer.text
            acknowledged[nonce] = answer.json()["id"]
            number += 1

    writers = [asyncio.create_task(write(writer)) for writer in range(WRITERS)]
    try:
        for kill in range(KILLS):
            enough = len(acknowledged) + 15 + chance.randrange(40)
            while len(acknowledged) < enough:
                await asyncio.sleep(0.005)
                for each in writers:
                    if each.done():
                        each.result()
            place.kill()
            await asyncio.to_thread(place.start)
            assert kill < KILLS
        stopped.set()
        await asyncio.gather(*writers)
        kept = await everything(owner, channel)
    finally:
        stopped.set()
        place.stop()
    ids = [int(each["id"]) for each in kept]
    assert ids == sorted(ids)
    nonces = [each["nonce"] for each in kept]
    assert len(set(nonces)) == len(nonces), "a message is there twice"
    assert {each["nonce"]: each["id"] for each in kept if each["nonce"] in acknowledged} == acknowledged
    for writer in range(WRITERS):
        own = [int(nonce.partition("-")[2]) for nonce in nonces if nonce.startswith(f"{writer}-")]
        assert own == sorted(own), "one writer's messages changed places"


async def everything(person: Person, channel: str) -> list[dict[str, str]]:
    """Oldest first, by paging back."""
    pages: list[dict[str, str]] = []
    before = "9223372036854775807"
    while page := await person.history(channel, limit=100, before=before):
        pages += page
        before = page[-1]["id"]
    return pages[::-1]
