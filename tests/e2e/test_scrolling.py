"""Reading back through hundreds of messages: pages arrive above, and what one reads does not move by a pixel."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.chromium import window
from tests.scenarios.place import PASSWORD, Place

MESSAGES = 300
_UP = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const rows = () => [...document.querySelectorAll('article')];
  let scroller = rows()[0];
  while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement;
  while (scroller && !/auto|scroll/.test(getComputedStyle(scroller).overflowY)) scroller = scroller.parentElement;
  scroller.scrollTop -= 500;
  await frame(); await frame();
  const middle = scroller.getBoundingClientRect().top + scroller.clientHeight / 2;
  const row = rows().find(each => each.getBoundingClientRect().bottom > middle) || rows().at(-1);
  const before = row.getBoundingClientRect().top;
  let shift = 0;
  for (let at = 0; at < 30; at++) {
    await frame();
    if (row.isConnected) shift = Math.max(shift, Math.abs(row.getBoundingClientRect().top - before));
  }
  return {shift, first: /message number 0(\\s|$)/.test(document.body.innerText)};
}"""


async def test_older_pages_arrive_without_a_jump(place: Place, opened: Browser) -> None:
    owner = await place.owner("mira")
    server = await owner.make_server()
    channel = next(each["id"] for each in server["channels"] if each["type"] == "text")
    for number in range(MESSAGES):
        await owner.send(channel, f"message number {number} " + "and some more words " * (number % 9))
    context, page = await window(opened, place.url)
    await page.goto(f"{place.url}/login")
    await page.get_by_label("Username").fill("mira")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Username")).to_have_count(0)
    await page.goto(f"{place.url}/s/{server['id']}/{channel}")
    await expect(page.get_by_text(f"message number {MESSAGES - 1} ").first).to_be_visible()
    worst = 0.0
    for _ in range(120):
        seen = await page.evaluate(_UP)
        worst = max(worst, seen["shift"])
        if seen["first"]:
            break
    assert seen["first"], "the beginning was not reached"
    assert worst <= 1, f"a row moved by {worst} px"
    await context.close()
