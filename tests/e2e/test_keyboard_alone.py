"""Without a mouse: log in, open a room, write, mend, join voice, mute, leave. And what moderators do is heard."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Page, expect

from tests.e2e.chromium import hears, hears_nothing
from tests.e2e.person import PageOf, both
from tests.scenarios.place import PASSWORD, Place

_IN_REGION = """(name) => !!document.activeElement?.closest(`[aria-label="${name}"]`)
  || !!document.activeElement?.querySelector(`:scope > [aria-label="${name}"]`)"""


async def region(page: Page, name: str) -> None:
    """F6 until the focus is in the region of that name."""
    for _ in range(10):
        if await page.evaluate(_IN_REGION, name):
            return
        await page.keyboard.press("F6")
    raise AssertionError(f"F6 does not reach {name}")


async def room(page: Page, name: str) -> None:
    """By typing the beginning of its name in the tree."""
    await region(page, "Rooms")
    await page.keyboard.type(name[:4], delay=30)
    await page.keyboard.press("Enter")


async def test_the_main_job_by_keyboard(place: Place, opened: Browser) -> None:
    owner = await place.owner("mira")
    await owner.make_server("Lantern Bay")
    person = await PageOf.open(place, opened)
    page = person.page
    await page.goto(f"{place.url}/login")
    await page.get_by_label("Username").focus()
    await page.keyboard.type("mira")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Username")).to_have_count(0)
    await page.goto(f"{place.url}/s/{(await owner.call('GET', '/api/servers'))[0]['id']}")

    await expect(person.room("general")).to_be_visible()
    await room(page, "general")
    await expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_focused()
    await page.keyboard.type("Gusts feel rihgt")
    await page.keyboard.press("Enter")
    await person.reads("Gusts feel rihgt")
    await expect(page.locator(".msg.pending")).to_have_count(0)  # there is nothing to change before it arrived
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("Gusts feel right")
    await page.keyboard.press("Enter")
    await person.reads("Gusts feel right")
    await expect(page.get_by_text("edited").first).to_be_visible()

    await room(page, "Lounge")
    controls = page.get_by_role("toolbar", name="Call controls")
    await expect(controls).to_be_visible()
    mute = controls.get_by_role("button", name="Mute", exact=True)
    await region(page, "Rooms")
    await page.keyboard.press("m")
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("m")
    await expect(mute).to_have_attribute("aria-pressed", "false")

    await region(page, "Call controls")
    for _ in range(5):  # a group of buttons: Tab walks through them
        if await mute.evaluate("(each) => each === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    tip = page.locator(".tip", has_text="Mute")
    await expect(tip).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(tip).to_have_count(0)
    await expect(mute).to_be_focused()
    await controls.get_by_role("button", name="Leave").focus()
    await page.keyboard.press("Enter")
    await expect(controls).to_have_count(0)


async def test_a_moderator_silences_and_moves_and_the_page_follows(place: Place, opened: Browser) -> None:
    mira, wren = await both(place, opened)
    owner = await place.login("mira.aldous")
    server = (await owner.call("GET", "/api/servers"))[0]["id"]
    second = await owner.call("POST", f"/api/servers/{server}/channels", {"name": "Night watch", "type": "voice"})
    me = (await owner.call("GET", f"/api/servers/{server}/members?query=wren"))[0]["user"]["id"]
    await mira.room("Lounge").click()
    await wren.room("Lounge").click()
    await hears(mira.page)

    await owner.call("PATCH", f"/api/servers/{server}/voice/{me}", {"mute": True})
    await hears_nothing(mira.page)
    await owner.call("PATCH", f"/api/servers/{server}/voice/{me}", {"mute": False})
    await hears(mira.page)

    await owner.call("PATCH", f"/api/servers/{server}/voice/{me}", {"channel_id": second["id"]})
    await expect(mira.room("Night watch")).to_have_accessible_name(re.compile("1 person"))
    await mira.room("Night watch").click()
    await hears(mira.page)
    await hears(wren.page)
