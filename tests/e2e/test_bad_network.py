"""A call in Chromium over a network that loses, delays, reorders and rebinds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.chromium import LOUDNESS, hears, until
from tests.e2e.person import PageOf, both
from tests.network import Network
from tests.scenarios.place import Place, free_port
from tests.servers.process import running

SOUND = """async () => {
  for (const peer of window.peers) {
    if (peer.connectionState === 'closed') continue;
    for (const row of (await peer.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'audio' && row.packetsReceived > 0) return row;
  }
}"""
# More packets than so many, and as loud as the tone is.
AGAIN = f"""async (packets) => {{ const row = await ({SOUND})();
  return row && row.packetsReceived > packets && Math.abs(row.audioLevel - {LOUDNESS}) < 0.1 && row; }}"""


@pytest.fixture
def far(tmp_path: Path) -> Iterator[tuple[Place, Network]]:
    media_port = free_port()
    with Network(media_port, seed=1) as network:
        place = Place(tmp_path, HUBBUB_MEDIA_PORT=str(media_port), HUBBUB_PUBLIC_IP=network.address)
        with running(place):
            yield place, network


async def call(place: Place, opened: Browser) -> tuple[PageOf, PageOf]:
    mira, wren = await both(place, opened)
    await mira.room("Lounge").click()
    await wren.room("Lounge").click()
    for person in (mira, wren):
        await hears(person.page)
    return mira, wren


async def goes_on(page: Page, packets: int = 100) -> dict[str, Any]:
    """So many more packets arrive, and the tone is played as loud as it is."""
    row = await page.evaluate(SOUND)
    return await until(page, AGAIN, row["packetsReceived"] + packets, 30)


async def test_loss_and_reordering_are_hidden(far: tuple[Place, Network], opened: Browser) -> None:
    place, network = far
    people = await call(place, opened)
    network.conditions("loss=5,delay=20,jitter=15,reorder=3,hold=30,duplicate=2")
    before = [await person.page.evaluate(SOUND) for person in people]
    for person in people:
        await goes_on(person.page, 250)
    for person, old in zip(people, before, strict=True):
        row = await person.page.evaluate(SOUND)
        arrived = row["packetsReceived"] - old["packetsReceived"]
        lost = row["packetsLost"] - old["packetsLost"]
        assert lost < 0.03 * (arrived + lost), row  # what is lost on either half of the way is sent again
        assert person.errors == []
    stats = network.stats()
    assert min(stats[way][what] for way in ("up", "down") for what in ("lost", "held", "duplicated")) > 3, stats


async def test_a_call_survives_new_addresses(far: tuple[Place, Network], opened: Browser) -> None:
    place, network = far
    people = await call(place, opened)
    for _ in range(2):
        network.rebind()
        await asyncio.gather(*(goes_on(person.page) for person in people))
    assert [person.errors for person in people] == [[], []]


async def test_a_call_begins_on_a_bad_network(far: tuple[Place, Network], opened: Browser) -> None:
    place, network = far
    network.conditions("loss=10,delay=40,jitter=20")
    for person in await call(place, opened):
        await goes_on(person.page)
