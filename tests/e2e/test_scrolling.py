"""Reading back through hundreds of messages: pages arrive above, rows change, and what one reads does not move by a pixel."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.e2e.chromium import until
from tests.e2e.person import PageOf
from tests.scenarios.place import Person, Place

MESSAGES = 300

# Scrolls by so many pixels, waits two frames, then looks at the row in the middle for 30 more.
_SCROLL = """async (by) => {
  const frame = () => new Promise(requestAnimationFrame);
  const log = document.querySelector('.log');
  log.scrollTop += by;
  await frame(); await frame();
  const middle = log.getBoundingClientRect().top + log.clientHeight / 2;
  const rows = [...document.querySelectorAll('article')];
  const row = rows.find((each) => each.getBoundingClientRect().bottom > middle) || rows.at(-1);
  const now = () => document.querySelector(`[data-row="${row.dataset.row}"]`)?.getBoundingClientRect().top ?? Infinity;
  const before = row.getBoundingClientRect().top;
  let shift = 0;
  for (let at = 0; at < 30; at++) {
    await frame();
    shift = Math.max(shift, Math.abs(now() - before));
  }
  return {shift, first: /message number 0(\\s|$)/.test(document.body.innerText)};
}"""

# From now on: by how much the first row in view moved at most, frame by frame. `window.settle()` ends it.
_EYE = """() => {
  const log = document.querySelector('.log');
  const edge = log.getBoundingClientRect().top;
  const row = [...document.querySelectorAll('article')].find((each) => each.getBoundingClientRect().top >= edge);
  const now = () => document.querySelector(`[data-row="${row.dataset.row}"]`)?.getBoundingClientRect().top ?? Infinity;
  const before = now();
  let shift = 0, on = true;
  const look = () => { shift = Math.max(shift, Math.abs(now() - before)); if (on) requestAnimationFrame(look); };
  look();
  window.settle = () => { on = false; return shift; };
}"""

_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput)
    window.shifts.push({value: entry.value, at: Math.round(entry.startTime),
      what: entry.sources.map(({node}) => node?.className || node?.parentElement?.className || String(node))});
}).observe({type: 'layout-shift', buffered: true});
"""


async def _talk(place: Place, messages: int) -> tuple[Person, str, str, list[dict[str, Any]]]:
    owner = await place.owner("mira")
    server = await owner.make_server()
    channel = next(each["id"] for each in server["channels"] if each["type"] == "text")
    words = [f"message number {number} " + "and some more words " * (number % 9) for number in range(messages)]
    said = [await owner.send(channel, text) for text in words]
    return owner, server["id"], channel, said


async def _back(page: Page, steps: int, by: int = -500) -> float:
    """Scrolls step by step; the most that a row under the eye moved. Ends early at the beginning of the log."""
    worst = 0.0
    for _ in range(steps):
        seen = await page.evaluate(_SCROLL, by)
        worst = max(worst, seen["shift"])
        if seen["first"]:
            return worst
    return worst


async def test_older_pages_arrive_without_a_jump(place: Place, opened: Browser) -> None:
    _, server, channel, _ = await _talk(place, MESSAGES)
    person = await PageOf.open(place, opened)
    await person.log_in("mira", f"/s/{server}/{channel}")
    await expect(person.page.get_by_text(f"message number {MESSAGES - 1} ").first).to_be_visible()
    worst = await _back(person.page, 120)
    await expect(person.page.get_by_text("message number 0", exact=True)).to_be_visible()
    assert worst < 0.5, f"a row moved by {worst} px"
    await person.close()


async def test_what_happens_elsewhere_moves_nothing_under_the_eye(place: Place, opened: Browser) -> None:
    owner, server, channel, said = await _talk(place, 120)
    person = await PageOf.open(place, opened)
    page = person.page
    await person.log_in("mira", f"/s/{server}/{channel}")
    await expect(page.get_by_text("message number 119 ").first).to_be_visible()
    await _back(page, 4)
    top = await page.evaluate(
        "() => [...document.querySelectorAll('article')].findIndex(each => each.getBoundingClientRect().top >= "
        "document.querySelector('.log').getBoundingClientRect().top)"
    )
    assert top > 1, "rows above the view are drawn, so that one of them can grow"
    above = await page.evaluate("() => document.querySelector('article').innerText.match(/number (\\d+)/)[1]")
    await page.evaluate(_EYE)
    long = "Changed: " + "many more words than there were before, over several lines " * 12
    await owner.call("PATCH", f"/api/messages/{said[int(above)]['id']}", {"content": long})
    await until(page, "() => document.body.innerText.includes('Changed: many more')")
    await owner.call("DELETE", f"/api/messages/{said[int(above)]['id']}", None, 204)
    await until(page, "() => !document.body.innerText.includes('Changed: many more')")
    for number in range(3):
        await owner.send(channel, f"below {number}")
    await until(page, "() => !!document.querySelector('.jump')")
    assert await page.evaluate("() => window.settle()") < 0.5
    await person.close()


async def test_nothing_on_the_page_jumps(place: Place, opened: Browser) -> None:
    """Cumulative layout shift 0: reload with a cache, another room and back, a message in, history above."""
    owner, server, channel, _ = await _talk(place, 120)
    other = await owner.call("POST", f"/api/servers/{server}/channels", {"name": "second"}, 201)
    for number in range(20):
        await owner.send(other["id"], f"**second** `{number}`")
    person = await PageOf.open(place, opened)
    page = person.page
    await page.add_init_script(_SHIFTS)
    await person.log_in("mira", f"/s/{server}/{channel}")
    await expect(page.get_by_text("message number 119 ").first).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("message number 119 ").first).to_be_visible()
    await person.go_to("second")
    await person.reads("second 19")
    await person.go_to("general")
    await owner.send(channel, "one more")
    await person.reads("one more")
    await _back(page, 8, -250)
    assert await page.evaluate("() => window.shifts") == []
    await person.close()


# Every number drawn while the log is read downwards, half a screen a step, until the last one; in the order of the page.
_READ_ON = """async (last) => {
  const frame = () => new Promise(requestAnimationFrame);
  const log = document.querySelector('.log');
  const seen = new Set();
  let ordered = true;
  for (let step = 0; step < 400 && !seen.has(last); step++) {
    for (let at = 0; at < 4; at++) await frame();
    const drawn = [...document.querySelectorAll('article .msg-b')]
      .map((row) => Number(row.innerText.match(/^(?:.*\\n)*?message number (\\d+)/)?.[1])).filter((each) => each >= 0);
    ordered &&= drawn.every((each, at) => at === 0 || each === drawn[at - 1] + 1);
    for (const each of drawn) seen.add(each);
    log.scrollTop += log.clientHeight / 2;
  }
  return {seen: [...seen].sort((a, b) => a - b), ordered};
}"""


async def test_a_quote_leads_to_its_message_and_reading_on_leads_back(place: Place, opened: Browser) -> None:
    owner, server, channel, said = await _talk(place, MESSAGES)
    for number in (MESSAGES - 30, 0):
        answer = {"content": f"answer to {number}", "reply_to": said[number]["id"]}
        await owner.call("POST", f"/api/channels/{channel}/messages", answer)
    person = await PageOf.open(place, opened)
    page = person.page
    await person.log_in("mira", f"/s/{server}/{channel}")
    await expect(page.get_by_text("answer to 0")).to_be_in_viewport()

    near = page.locator(f'article[data-row="{said[MESSAGES - 30]["id"]}"]')
    await expect(near).not_to_be_in_viewport()
    await page.locator("article", has_text=f"answer to {MESSAGES - 30}").locator("button.reply-to").click()
    await expect(near).to_be_in_viewport(ratio=1)
    await expect(near).to_be_focused()

    await page.get_by_role("button", name="To the newest").click()
    await expect(page.get_by_text("answer to 0")).to_be_in_viewport()
    await page.locator("article", has_text="answer to 0").locator("button.reply-to").click()
    first = page.locator(f'article[data-row="{said[0]["id"]}"]')
    await expect(first).to_be_in_viewport(ratio=1)
    await expect(first).to_be_focused()
    await expect(first).to_have_attribute("data-sought", "")

    read = await page.evaluate(_READ_ON, MESSAGES - 1)
    assert read["ordered"]
    assert read["seen"] == list(range(MESSAGES))
    await until(
        page,
        "() => { const log = document.querySelector('.log'); log.scrollTop = log.scrollHeight; return !document.querySelector('.jump'); }",
    )
    await owner.send(channel, "said live again")
    await expect(page.get_by_text("said live again")).to_be_in_viewport()

    await page.goto(f"{place.url}/s/{server}/{channel}?message={said[40]['id']}")
    linked = page.locator(f'article[data-row="{said[40]["id"]}"]')
    await expect(linked).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="To the newest").click()
    await expect(page.get_by_text("said live again")).to_be_in_viewport()
    await person.close()
