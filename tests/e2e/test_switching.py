"""From room to room: what was seen before is there at once, each room keeps its own draft, nothing of one leaks into another."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.person import PageOf
from tests.scenarios.place import Place

# Clicks the room and looks at every frame until its heading and a message of it stand there.
_GO = """async ({href, text}) => {
  const bare = () => !!document.querySelector('.sk-log, [aria-busy="true"]');
  document.querySelector(`a[href="${href}"]`).click();
  let blank = 0;
  for (let frame = 0; frame < 300; frame++) {
    await new Promise(requestAnimationFrame);
    if (bare()) blank++;
    if ([...document.querySelectorAll('article')].some((each) => each.innerText.includes(text))) return blank;
  }
  return -1;
}"""


async def test_rooms_seen_before_show_no_skeleton_and_keep_their_drafts(place: Place, opened: Browser) -> None:
    owner = await place.owner("mira")
    server = await owner.make_server()
    rooms = {}
    for name in ("first", "second", "third"):
        made = await owner.call("POST", f"/api/servers/{server['id']}/channels", {"name": name}, 201)
        rooms[name] = made["id"]
        for number in range(30):
            await owner.send(made["id"], f"{name} says {number}")
    person = await PageOf.open(place, opened)
    page = person.page
    await person.log_in("mira", f"/s/{server['id']}/{rooms['first']}")
    box = page.locator("[data-composer]")
    for name in rooms:
        await person.go_to(name)
        await person.reads(f"{name} says 29")
        await expect(box).to_have_attribute("aria-label", f"Message #{name}")
        await expect(page.locator(".cm-content")).to_have_count(1)
        await box.click()
        await page.keyboard.type(f"draft of {name}")
    for name in ("first", "third", "second", "first"):
        ask = {"href": f"/s/{server['id']}/{rooms[name]}", "text": f"{name} says 29"}
        assert await page.evaluate(_GO, ask) == 0, f"{name} showed a skeleton"
        await expect(box).to_have_text(f"draft of {name}")
        await box.click()
        await page.keyboard.press("ControlOrMeta+z")  # nothing was written here since the room opened
        await expect(box).to_have_text(f"draft of {name}")
    await page.reload()
    await person.reads("first says 29")
    await expect(box).to_have_text("draft of first")
    assert person.errors == []
    await person.close()
