"""What the browser asks for before a room kept on this device stands on the screen: at most 150 kB of scripts and styles."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e.chromium import until, window
from tests.scenarios.place import PASSWORD, Place

BUDGET = 150_000
WEB = Path(__file__).parents[2] / "src" / "hubbub" / "web"

# The first frame with a message in it, and how far the list of what was asked for had come by then.
_WATCH = """
window.painted = null;
new MutationObserver((_, watch) => {
  if (!document.querySelector('article')) return;
  watch.disconnect();
  requestAnimationFrame(() => {
    const now = performance.now();
    window.painted = performance.getEntriesByType('resource').filter((each) => each.startTime <= now)
      .map((each) => new URL(each.name).pathname);
  });
}).observe(document, {subtree: true, childList: true});
"""

_KEPT = """async (room) => {
  for (const {name} of await indexedDB.databases()) {
    const opened = await new Promise((done) => Object.assign(indexedDB.open(name), {onsuccess: (e) => done(e.target.result)}));
    for (const store of opened.objectStoreNames) {
      const keys = await new Promise((done) => Object.assign(
        opened.transaction(store).objectStore(store).getAllKeys(), {onsuccess: (e) => done(e.target.result)}));
      if (keys.some((key) => String(key).endsWith(`room|${room}`))) return true;
    }
    opened.close();
  }
  return false;
}"""


async def test_first_paint_of_a_cached_room(place: Place, opened: Browser) -> None:
    owner = await place.owner("mira")
    server = await owner.make_server()
    channel = next(each["id"] for each in server["channels"] if each["type"] == "text")
    for number in range(30):
        await owner.send(channel, f"message **{number}**")
    for language in ("en-GB", "de-DE"):
        context, page = await window(opened, place.url, locale=language)
        await page.goto(f"{place.url}/login")
        await page.get_by_label(re.compile("Username|Benutzername")).fill("mira")
        await page.get_by_label(re.compile("^(Password|Passwort)$")).fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_label(re.compile("Username|Benutzername"))).to_have_count(0)
        await page.goto(f"{place.url}/s/{server['id']}/{channel}")
        await expect(page.locator("article strong", has_text="29")).to_be_visible()
        await until(page, _KEPT, channel)
        await page.add_init_script(_WATCH)
        await page.route(
            re.compile("/channels/.*/messages"), lambda _: None
        )  # the history can come from the cache only
        await page.reload()
        asked = [each for each in await until(page, "() => window.painted") if each.endswith((".js", ".css"))]
        weighed = {each: len(gzip.compress((WEB / each.lstrip("/")).read_bytes(), 9)) for each in asked}
        assert len(asked) > 2
        assert sum(weighed.values()) <= BUDGET, weighed
        await context.close()
