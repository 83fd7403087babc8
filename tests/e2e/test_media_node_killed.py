"""Two people at different gateways talk; the media node of their room dies, and they hear each other again soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page

from tests.e2e.chromium import until
from tests.e2e.person import both
from tests.scenarios.apart import MEDIA_ALONE, Apart
from tests.scenarios.place import Place
from tests.servers.engines import Nats, Postgres, Redis

SOON = 5.0  # seconds

# Sound that arrives: louder than 0.1, by one of the peer connections made after the first `known`.
HEARD = """async (known) => {
  for (const peer of window.peers.slice(known))
    for (const row of (await peer.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'audio' && row.packetsReceived > 5 && row.audioLevel > 0.1) return true;
  return false;
}"""


@pytest.fixture
async def apart(
    tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> AsyncIterator[Apart]:
    place = Apart(tmp_path, postgres_server, nats_server, redis_server, MEDIA_ALONE)
    try:
        await asyncio.to_thread(place.start)
        yield place
    finally:
        await asyncio.to_thread(place.stop)


async def connections(page: Page) -> int:
    return await page.evaluate("window.peers.length")


async def node_of_the_room(place: Apart) -> Place:
    """One media node has it, the others have none."""
    nodes = [part for part in place.parts.values() if part.services == ("media",)]
    async with httpx.AsyncClient() as http:
        answers = [await http.get(f"{node.url}/health") for node in nodes]
    (at,) = (node for node, answer in zip(nodes, answers, strict=True) if answer.json()["counters"]["media.rooms"])
    return at


async def test_heard_again_within_five_seconds(apart: Apart, opened: Browser) -> None:
    mira, wren = await both(apart.gateways[0], opened, apart.gateways[1])
    await mira.go_to("general")
    await wren.go_to("general")
    await mira.write("Wind model is merged.")
    await wren.reads("Wind model is merged.")
    await wren.write("Gusts feel right.")
    await mira.reads("Gusts feel right.")

    await mira.room("Lounge").click()
    await wren.room("Lounge").click()
    for page in (mira.page, wren.page):
        await until(page, HEARD, 0)
    doomed = await node_of_the_room(apart)
    known = [await connections(page) for page in (mira.page, wren.page)]
    doomed.kill()
    began = time.monotonic()
    await asyncio.gather(*(until(page, HEARD, at) for page, at in zip((mira.page, wren.page), known, strict=True)))
    seconds = time.monotonic() - began
    print(f"heard again after {seconds:.2f} s")
    assert seconds < SOON, f"heard again after {seconds:.1f} s"
    assert mira.errors == wren.errors == []
