"""One window, three places that know nothing of each other: joined by link, written in, one of them lost, all of them kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e import chromium
from tests.e2e.person import PageOf
from tests.scenarios.place import DEADLINE, PASSWORD, Person, Place

NAMES = ("Lantern Bay", "Kiln and Co", "Northside Makers")
# Neither tokens nor cached content of an origin are left on the device.
_FORGOTTEN = """async (origin) => {
  const keys = await new Promise((resolve, reject) => {
    const opening = indexedDB.open('hubbub');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asked = opening.result.transaction('things').objectStore('things').getAllKeys();
      asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
    };
  });
  return ![...keys, ...Object.keys(localStorage)].some(key => String(key).includes(origin));
}"""


@pytest.fixture
async def places(tmp_path: Path) -> AsyncIterator[list[Place]]:
    made = [Place(folder) for folder in (tmp_path / name.split()[0] for name in NAMES)]
    for each in made:
        each.folder.mkdir()
        # One client, many instances: the others let the page of the first one in.
        each.settings = {"HUBBUB_ORIGINS": made[0].url, "HUBBUB_NAME": NAMES[made.index(each)]}
    await asyncio.gather(*(asyncio.to_thread(each.start) for each in made))
    try:
        yield made
    finally:
        for each in made:
            each.stop()


def base(place: Place) -> str:
    return f"/at/http:{urlsplit(place.url).netloc}"


def arch(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Servers").get_by_role("link", name=re.compile(f"^{name}"))


async def links_of(places: list[Place]) -> list[str]:
    """An owner and a server at each, and an invite to it."""
    links: list[str] = []
    for place, name in zip(places, NAMES, strict=True):
        owner = await place.owner("mira")
        server = await owner.make_server(name)
        links.append(f"{place.url}/invite/{await owner.invite_to(server['id'])}")
        await owner.close()
    return links


async def join_elsewhere(person: PageOf, link: str, name: str) -> None:
    """By pasting the link into the own page, where the account at the other place is made too."""
    page = person.page
    await page.get_by_role("button", name=re.compile("^Add a server")).click()
    await page.get_by_label("Invite link or address").fill(link)
    await page.get_by_role("button", name="Open the invite").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await page.get_by_label("What should people call you?").fill("Wren Okafor")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=re.compile("^Join ")).click()
    await expect(person.room("general")).to_be_visible()


async def test_three_places_in_one_window(places: list[Place], opened: Browser) -> None:
    links = await links_of(places)
    wren = await PageOf.open(places[0], opened)
    page = wren.page
    await wren.join_by(links[0], "Wren Okafor")
    for link, name in zip(links[1:], NAMES[1:], strict=True):
        await join_elsewhere(wren, link, name)
    for name in NAMES:
        await arch(page, name).click()
        await wren.go_to("general")
        await wren.write(f"Hello, {name}")
        await wren.reads(f"Hello, {name}")

    places[1].kill()
    await expect(arch(page, NAMES[1])).to_have_accessible_name(re.compile("not reachable"))
    for name in (NAMES[0], NAMES[2]):
        await arch(page, name).click()
        await wren.write(f"Still here, {name}")
        await wren.reads(f"Still here, {name}")
        await expect(page.get_by_text("Reconnecting to")).to_have_count(0)
    await arch(page, NAMES[1]).click()
    await wren.reads(f"Hello, {NAMES[1]}")
    await expect(page.get_by_text(f"Reconnecting to {NAMES[1]}")).to_be_visible()
    await wren.write("Written while away")

    await page.reload()
    for name in (NAMES[1], NAMES[0], NAMES[2]):  # what was cached, of the lost one too
        await arch(page, name).click()
        await wren.reads(f"Hello, {name}")
    await asyncio.to_thread(places[1].start)
    reader = await places[1].login("mira")
    server = (await reader.call("GET", "/api/servers"))[0]["id"]
    room = (await reader.call("GET", f"/api/servers/{server}"))["channels"][0]["id"]
    await arch(page, NAMES[1]).click()
    await expect(page.get_by_text(f"Reconnecting to {NAMES[1]}")).to_have_count(0, timeout=45_000)
    await wren.reads("Written while away")
    await arrives(reader, room, "Written while away")
    assert wren.errors == []


async def arrives(reader: Person, room: str, text: str) -> None:
    """Once, and only once, within the deadline."""
    end = asyncio.get_running_loop().time() + DEADLINE
    while (found := [said["content"] for said in await reader.history(room)].count(text)) != 1:
        assert found < 2
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.1)
    await reader.close()


async def test_a_place_is_removed_from_this_device(places: list[Place], opened: Browser) -> None:
    links = await links_of(places)
    wren = await PageOf.open(places[0], opened)
    page = wren.page
    await wren.join_by(links[0], "Wren Okafor")
    await join_elsewhere(wren, links[1], NAMES[1])
    await page.goto(f"{places[0].url}/settings/places")
    host = urlsplit(places[1].url).netloc
    await page.get_by_role("button", name=f"Remove {host} from this device").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.get_by_role("listitem").filter(has_text=NAMES[1])).to_have_count(0)
    await chromium.until(page, _FORGOTTEN, places[1].url)
    await page.goto(places[0].url)
    await expect(arch(page, NAMES[0])).to_be_visible()
    await expect(arch(page, NAMES[1])).to_have_count(0)
    assert wren.errors == []


async def test_a_place_that_lets_no_other_page_in_says_so(places: list[Place], opened: Browser) -> None:
    links = await links_of(places)
    places[1].stop()
    places[1].settings.pop("HUBBUB_ORIGINS")
    await asyncio.to_thread(places[1].start)
    wren = await PageOf.open(places[0], opened)
    await wren.join_by(links[0], "Wren Okafor")
    await wren.page.goto(f"{places[0].url}{base(places[1])}/invite/{links[1].rpartition('/')[2]}")
    await expect(wren.page.get_by_role("heading", name=re.compile("keeps to its own page"))).to_be_visible()
    await wren.page.get_by_role("button", name="Open it there").click()
    await expect(wren.page).to_have_url(links[1])
    await expect(wren.page.get_by_role("heading", name=NAMES[1])).to_be_visible()
