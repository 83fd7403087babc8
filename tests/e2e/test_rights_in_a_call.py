"""The rights to speak and to film come and go during a call; whoever gets them back is heard and may film again."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from hubbub.services.channel.permission_bits import SPEAK, USE_CAMERA
from tests.e2e.chromium import hears, hears_nothing
from tests.e2e.person import both
from tests.scenarios.place import Place


async def test_what_a_right_gives_ends_with_it_and_comes_back(place: Place, opened: Browser) -> None:
    mira, wren = await both(place, opened)
    owner = await place.login("mira.aldous")
    server = (await owner.call("GET", "/api/servers"))[0]["id"]
    rooms = (await owner.call("GET", f"/api/servers/{server}"))["channels"]
    lounge = next(each["id"] for each in rooms if each["type"] == "voice")
    me = (await owner.call("GET", f"/api/servers/{server}/members?query=wren"))[0]["user"]["id"]

    async def deny(bits: int) -> None:
        entry = {"type": "user", "deny": str(bits), "allow": "0"}
        await owner.call("PUT", f"/api/channels/{lounge}/permissions/{me}", entry)

    await deny(SPEAK)
    await mira.room("Lounge").click()
    await wren.room("Lounge").click()
    controls = wren.page.get_by_role("toolbar", name="Call controls")
    await expect(controls).to_be_visible()
    for _ in range(2):
        await hears_nothing(mira.page)
        await deny(0)
        await hears(mira.page)
        await deny(SPEAK)

    camera = controls.get_by_role("button", name="Camera", exact=True)
    await camera.click()
    await expect(mira.room("Lounge").locator("xpath=ancestor::li[1]")).to_contain_text("camera on")
    await deny(USE_CAMERA)
    await expect(camera).to_have_count(0)
    await expect(mira.room("Lounge").locator("xpath=ancestor::li[1]")).not_to_contain_text("camera on")
    await deny(0)
    await expect(camera).to_have_attribute("aria-pressed", re.compile("false"))
    await hears(mira.page)
