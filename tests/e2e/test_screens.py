"""Every screen in both themes and at four widths: axe finds nothing, nothing scrolls sideways, and a picture is taken.

Pictures go to a temporary folder; `make screenshots` puts them into docs/screenshots/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e import chromium, company, lantern_bay
from tests.e2e.chromium import until
from tests.e2e.lantern_bay import Bay
from tests.scenarios.place import PASSWORD, Place

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEIGHTS = {1440: 900, 1024: 768, 390: 844, 320: 640}
_RUN = """async (rules) => (await axe.run(document, {runOnly: rules})).violations.map(
  each => `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`)"""
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

Screen = Callable[[Page, Place, Bay], Awaitable[None]]


async def setup(page: Page, place: Place, bay: Bay) -> None:
    await page.goto(f"{place.url}/setup?token=seen-in-the-terminal")
    await expect(page.get_by_label("Display name")).to_be_visible()


async def invite(page: Page, place: Place, bay: Bay) -> None:
    await page.goto(f"{place.url}/invite/{bay.invite}")
    await expect(page.get_by_role("heading", name="Lantern Bay")).to_be_visible()


async def expired(page: Page, place: Place, bay: Bay) -> None:
    await page.goto(f"{place.url}/invite/no-such-invite")
    await expect(page.get_by_role("heading", name="This invitation is over")).to_be_visible()


async def login(page: Page, place: Place, bay: Bay) -> None:
    await page.goto(f"{place.url}/login")
    await expect(page.get_by_label("Username")).to_be_visible()


async def inside(page: Page, place: Place, who: str = "wren") -> None:
    await page.goto(f"{place.url}/login")
    await page.get_by_label("Username").fill(who)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Username")).to_have_count(0)


async def text(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['build-log']}")
    await expect(page.get_by_role("article").last).to_contain_text("black horizon")


async def empty(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['tech-help']}")
    await expect(page.get_by_text("Nothing said here yet")).to_be_visible()


async def tree(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/s/{bay.server}")
    await expect(page.get_by_role("navigation", name="Rooms").first).to_be_attached()


async def home(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(place.url)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def voice(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['The Galley']}")
    await page.get_by_role("button", name="Go in").click()
    await expect(page.get_by_role("toolbar", name="Call controls")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Connection: Good")).first).to_be_visible()


async def audio(page: Page, place: Place, bay: Bay) -> None:
    await voice(page, place, bay)
    await page.get_by_role("toolbar", name="Call controls").get_by_role("button", name="Microphone and sound").click()
    await expect(page.get_by_text("Push to talk").first).to_be_visible()


async def settings(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/settings")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def mentions(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/mentions")
    await expect(page.get_by_role("article").first).to_contain_text("black horizon")


async def switcher(page: Page, place: Place, bay: Bay) -> None:
    await text(page, place, bay)
    await page.keyboard.press("ControlOrMeta+k")
    await expect(page.get_by_role("combobox", name=re.compile("^Go to"))).to_be_focused()
    await page.keyboard.type("ga")
    await expect(page.get_by_role("option").filter(has_text="The Galley").first).to_be_visible()


async def shortcuts(page: Page, place: Place, bay: Bay) -> None:
    await text(page, place, bay)
    await page.keyboard.press("ControlOrMeta+/")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def places(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/settings/places")
    await expect(page.get_by_text("this page")).to_be_visible()


async def keys(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.goto(f"{place.url}/settings/keys")
    await expect(page.get_by_text("Go to anything")).to_be_visible()


async def person(page: Page, place: Place, bay: Bay) -> None:
    await text(page, place, bay)
    await page.locator("article h3 button").last.click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def menu(page: Page, place: Place, bay: Bay) -> None:
    await text(page, place, bay)
    await page.get_by_role("main").get_by_role("button", name="More about build-log").click()
    await expect(page.get_by_role("menuitem").first).to_be_visible()


async def dialog(page: Page, place: Place, bay: Bay) -> None:
    await tree(page, place, bay)
    await page.get_by_role("button", name="Add a server").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def tooltip(page: Page, place: Place, bay: Bay) -> None:
    await text(page, place, bay)
    await page.wait_for_load_state("networkidle")  # a pointer that rests already enters nothing that is drawn under it
    await page.get_by_role("button", name="Members").hover()
    await expect(page.locator(".tip")).to_be_visible()


async def loading(page: Page, place: Place, bay: Bay) -> None:
    await inside(page, place)
    await page.route("**/messages?*", lambda _: None)
    await page.goto(f"{place.url}/s/{bay.server}/{bay.rooms['photos']}")
    await expect(page.get_by_text("Loading messages")).to_be_attached()


async def offline(page: Page, place: Place, bay: Bay) -> None:
    """Ends the place: the last screen of a round."""
    await text(page, place, bay)
    place.kill()
    await expect(page.get_by_role("button", name="Try now")).to_be_visible(timeout=20_000)


SCREENS: tuple[Screen, ...] = (
    setup, invite, expired, login, text, empty, tree, home, mentions, switcher, shortcuts, person, voice, audio,
    settings, places, keys, menu, dialog, tooltip, loading, offline,
)  # fmt: skip
BETWEEN: tuple[Screen, ...] = (  # those that are laid out anew below 1200 px, or are tight at 320
    invite, text, home, switcher, shortcuts, person, voice, settings, menu,
)  # fmt: skip


@pytest.mark.parametrize(
    ("theme", "width"),
    [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390), ("light", 1024), ("dark", 320)],
)
async def test_screens(place: Place, opened: Browser, tmp_path: Path, theme: str, width: int) -> None:
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    bay = await lantern_bay.settle(place)
    size = {"width": width, "height": HEIGHTS[width]}
    found: dict[str, Any] = {}
    async with company.there(bay):
        for screen in SCREENS if width in (1440, 390) else BETWEEN:
            context, page = await chromium.window(opened, place.url, viewport=size, color_scheme=theme)
            errors: list[str] = []
            page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
            await screen(page, place, bay)
            await page.evaluate("() => document.fonts.ready.then(() => true)")
            await until(page, "() => document.getAnimations().every(each => each.playState !== 'running')")
            name = f"{screen.__name__}-{theme}{'' if width == 1440 else f'-{width}'}.png"
            await page.screenshot(path=folder / name)
            await page.evaluate(AXE.read_text())  # not a script tag: the page's own policy would refuse it
            problems = [*await page.evaluate(_RUN, RULES), *errors]
            if (sideways := await page.evaluate(_SIDEWAYS)) > 0:
                problems.append(f"the page scrolls sideways by {sideways} px")
            if problems:
                found[name] = problems
            await context.close()
    assert not found, "\n".join(f"{name}: {each}" for name, problems in found.items() for each in problems)
