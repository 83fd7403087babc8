"""What people do with the page, in their words."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.e2e import chromium
from tests.scenarios.place import PASSWORD, Place


class PageOf:
    """One person at one window."""

    def __init__(self, place: Place, context: BrowserContext, page: Page) -> None:
        self.place = place
        self.context = context
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def open(cls, place: Place, opened: Browser, **options: Any) -> PageOf:
        return cls(place, *await chromium.window(opened, place.url, **options))

    async def set_up(self, name: str = "Mira Aldous", server: str = "Lantern Bay") -> None:
        """From the link in the terminal to the first room."""
        page = self.page
        await page.goto(f"{self.place.url}/setup?token={self.place.setup_token}")
        await page.get_by_label("Display name").fill(name)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name=re.compile("Next: name")).click()
        await page.get_by_label("Name", exact=True).fill(server)
        await page.get_by_role("button", name=re.compile("Next: can people")).click()
        await page.get_by_role("button", name="Go inside").click()
        await expect(self.room("general")).to_be_visible()

    async def log_in(self, username: str, path: str = "/") -> None:
        """With the password that all people of tests have, then to an address of the place."""
        page = self.page
        await page.goto(f"{self.place.url}/login")
        await page.get_by_label("Username").fill(username)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Username")).to_have_count(0)
        await page.goto(f"{self.place.url}{path}")

    async def join_by(self, link: str, name: str) -> None:
        page = self.page
        await page.goto(link)
        await page.get_by_label("What should people call you?").fill(name)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name=re.compile("^Join ")).click()
        await expect(self.room("general")).to_be_visible()

    def room(self, name: str) -> Any:
        return self.page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile(f"^{name}"))

    async def invite_link(self, server: str = "Lantern Bay") -> str:
        """By the server's menu, as shown in the dialog."""
        await self.page.get_by_role("button", name=re.compile(f"^{server}")).click()
        await self.page.get_by_role("menuitem", name=re.compile("Invite")).click()
        shown = self.page.get_by_label("Invite link", exact=True)
        await expect(shown).to_have_text(re.compile("^http"))
        link = await shown.inner_text()
        await self.page.get_by_role("button", name="Done").click()
        return link

    async def go_to(self, room: str) -> None:
        await self.room(room).click()
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text(room)

    async def write(self, text: str) -> None:
        await self.page.get_by_role("textbox", name=re.compile("^Message")).click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    async def reads(self, text: str) -> None:
        await expect(self.page.get_by_role("article").filter(has_text=text).first).to_be_visible()

    async def texts(self, like: str) -> list[str]:
        """Message bodies that contain `like`, in the order on the screen."""
        bodies = await self.page.get_by_role("article").all_inner_texts()
        return [line for body in bodies for line in body.splitlines() if like in line]

    async def close(self) -> None:
        await self.context.close()


async def both(place: Place, opened: Browser, elsewhere: Place | None = None) -> tuple[PageOf, PageOf]:
    """Mira sets up and Wren comes by her invite, by another gateway of the same place if one is given."""
    mira, wren = await PageOf.open(place, opened), await PageOf.open(elsewhere or place, opened)
    await mira.set_up()
    link = await mira.invite_link()
    await wren.join_by(link.replace(place.url, wren.place.url), "Wren Okafor")
    return mira, wren
