"""Keys that work anywhere: go to anything, the list of shortcuts, rooms above and below, read marks; and home's mentions."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from tests.e2e import lantern_bay
from tests.e2e.lantern_bay import Bay
from tests.e2e.person import PageOf
from tests.scenarios.place import PASSWORD, Place


async def inside(place: Place, opened: Browser) -> tuple[PageOf, Bay]:
    bay = await lantern_bay.settle(place)
    wren = await PageOf.open(place, opened)
    page = wren.page
    await page.goto(f"{place.url}/login")
    await page.get_by_label("Username").fill("wren")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Username")).to_have_count(0)
    return wren, bay


async def test_go_to_anything_by_keyboard_alone(place: Place, opened: Browser) -> None:
    wren, bay = await inside(place, opened)
    page = wren.page
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['tech-help']}")
    await expect(page.get_by_role("textbox", name="Message #tech-help")).to_be_visible()
    await page.keyboard.press("ControlOrMeta+k")
    box = page.get_by_role("combobox", name=re.compile("^Go to"))
    await expect(box).to_be_focused()
    await page.keyboard.type("bui")
    await expect(page.get_by_role("option").first).to_contain_text("build-log")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="build-log")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message #build-log")).to_be_focused()

    await page.keyboard.press("ControlOrMeta+k")  # nothing typed: where one was last stands first
    await expect(page.get_by_role("option").nth(1)).to_contain_text("tech-help")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="tech-help")).to_be_visible()

    await page.keyboard.press("ControlOrMeta+k")
    await page.keyboard.type("galley")
    await expect(page.get_by_role("option").first).to_contain_text("The Galley")
    await page.keyboard.press("Shift+Enter")  # goes in, and stays where one is
    await expect(page.get_by_role("region", name="Your call")).to_contain_text("The Galley")
    await expect(page.get_by_role("heading", level=1, name="tech-help")).to_be_visible()

    await page.keyboard.press("ControlOrMeta+k")
    await page.keyboard.type("zzz nothing")
    await expect(page.get_by_text("Nothing has that name. Try fewer letters.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(box).to_have_count(0)
    assert wren.errors == []


async def test_keys_of_the_call_work_while_one_writes(place: Place, opened: Browser) -> None:
    wren, bay = await inside(place, opened)
    page = wren.page
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['The Galley']}")
    await page.get_by_role("button", name="Go in").click()
    mute = page.get_by_role("toolbar", name="Call controls").get_by_role("button", name="Mute", exact=True)
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await wren.go_to("build-log")
    mute = page.get_by_role("region", name="Your call").get_by_role("button", name="Mute")
    await page.get_by_role("textbox", name="Message #build-log").click()
    await page.keyboard.press("m")
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("ControlOrMeta+Shift+m")
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await mute.hover()
    await expect(page.locator(".tip kbd")).to_have_text("M")


async def test_the_list_of_shortcuts(place: Place, opened: Browser) -> None:
    wren, bay = await inside(place, opened)
    page = wren.page
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['build-log']}")
    box = page.get_by_role("textbox", name="Message #build-log")
    await box.click()
    await page.keyboard.press("ControlOrMeta+/")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    for words in ("Go to anything", "Unread above, below", "Push to talk, hold", "Mark server read", "This list"):
        await expect(sheet.get_by_text(words, exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(box).to_be_focused()


async def test_rooms_and_read_marks_by_keyboard(place: Place, opened: Browser) -> None:
    wren, bay = await inside(place, opened)
    page = wren.page
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['build-log']}")
    await expect(page.get_by_role("article").last).to_be_visible()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.get_by_role("heading", level=1, name="photos")).to_be_visible()
    await expect(wren.room("photos")).not_to_have_accessible_name(re.compile("unread"))
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", level=1, name="build-log")).to_be_visible()

    await bay.people["Mira"].send(bay.rooms["photos"], "The chart, in colour")
    await expect(wren.room("photos")).to_have_accessible_name(re.compile("unread"))
    await page.locator("#main").focus()
    await page.keyboard.press("Shift+Escape")
    await expect(wren.room("photos")).not_to_have_accessible_name(re.compile("unread"))
    await page.get_by_role("button", name="Undo").click()
    await expect(wren.room("photos")).to_have_accessible_name(re.compile("unread"))
    await page.keyboard.press("Alt+Shift+ArrowDown")
    await expect(page.get_by_role("heading", level=1, name="photos")).to_be_visible()


async def test_mentions_stand_at_home_and_lead_to_their_message(place: Place, opened: Browser) -> None:
    wren, bay = await inside(place, opened)
    page = wren.page
    await page.goto(place.url)
    await expect(page.get_by_role("heading", level=1, name="Mentions")).to_be_visible()
    await expect(page.get_by_role("article").first).to_contain_text("black horizon")
    await bay.people["Mira"].send(bay.rooms["photos"], f"<@{wren_id(bay)}> the chart, please")
    await expect(page.get_by_role("article").first).to_contain_text("the chart, please")
    await expect(page.get_by_role("article").first).to_contain_text("photos in Lantern Bay")
    await page.get_by_role("button", name="Mark these rooms as read").click()
    await expect(page.get_by_role("navigation", name="Home").locator(".count")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("navigation", name="Home").locator(".count").first).to_be_visible()
    await page.get_by_role("article").first.get_by_role("link", name=re.compile("^Mira Aldous")).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="photos")).to_be_visible()
    await wren.reads("the chart, please")
    assert wren.errors == []


def wren_id(bay: Bay) -> str:
    return bay.people["Wren"].id
