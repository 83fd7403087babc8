"""The page: what the first paint loads, and how long a switch between rooms seen before takes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[1] / "src" / "hubbub" / "web"


def weights() -> dict[str, Any]:
    """gzip kB of scripts and styles: what the entry loads at once, and that with the frame that shows a room."""
    manifest = json.loads((WEB / ".vite" / "manifest.json").read_text())
    entry = _closure(manifest, next(key for key, chunk in manifest.items() if chunk.get("name") == "entry"))
    room = entry | _closure(manifest, "src/app/Shell.tsx")
    return {"first_paint_kb_gz": _sum(entry), "cached_room_kb_gz": _sum(room), "files": len(room)}


def _closure(manifest: dict[str, Any], name: str) -> set[str]:
    """Files that loading one chunk loads with it; not what those import later."""
    chunk = manifest[name]
    found = {chunk["file"], *chunk.get("css", ())}
    for other in chunk.get("imports", ()):
        found |= _closure(manifest, other)
    return found


def _sum(names: set[str]) -> float:
    return round(sum(len(gzip.compress((WEB / name).read_bytes(), 9)) for name in names) / 1000, 1)


async def room_switch(switches: int = 40) -> dict[str, Any]:
    """Milliseconds from the click on a room to the frame that shows its messages, in Chromium, both rooms seen before."""
    from playwright.async_api import async_playwright

    from benchmarks.measure import instance, percentile

    with instance() as place:
        owner = await place.owner()
        server = await owner.make_server()
        first = next(each["id"] for each in server["channels"] if each["type"] == "text")
        second = (await owner.call("POST", f"/api/servers/{server['id']}/channels", {"name": "second"}))["id"]
        for channel in (first, second):
            for number in range(60):
                await owner.send(channel, f"message {number} in {channel}")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            context = await browser.new_context(viewport={"width": 1440, "height": 900})
            page = await context.new_page()
            await page.goto(f"{place.url}/login")
            await page.get_by_label("Username").fill("owner")
            await page.get_by_label("Password", exact=True).fill("correct horse battery")
            await page.keyboard.press("Enter")
            await page.get_by_label("Username").wait_for(state="detached")
            times: list[float] = []
            inspector = await context.new_cdp_session(page)
            await inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
            spent: dict[str, float] = {}
            await page.goto(f"{place.url}/s/{server['id']}/{first}")
            for at in range(switches + 2):
                channel = (second, first)[at % 2]
                took = await page.evaluate(_SWITCH, {"path": f"/s/{server['id']}/{channel}", "text": f"in {channel}"})
                if at == 1:
                    spent = await _spent(inspector)
                if at >= 2:
                    times.append(took)
            cpu = {name: (now - spent[name]) / switches * 1000 for name, now in (await _spent(inspector)).items()}
            await browser.close()
    return {
        "p50_ms": round(percentile(times, 0.5), 1),
        "p99_ms": round(percentile(times, 0.99), 1),
        "cpu_ms_per_switch": round(cpu["TaskDuration"], 1),
        "of_it_script_ms": round(cpu["ScriptDuration"], 1),
        "of_it_layout_and_style_ms": round(cpu["LayoutDuration"] + cpu["RecalcStyleDuration"], 1),
    }


async def _spent(inspector: Any) -> dict[str, float]:
    """CPU seconds of the page's main thread so far, by kind: not disturbed by what else the machine does."""
    found = (await inspector.send("Performance.getMetrics"))["metrics"]
    return {each["name"]: each["value"] for each in found}


_SWITCH = """async ({path, text}) => {
  const link = () => document.querySelector(`a[href="${path}"]`);
  while (!link()) await new Promise(requestAnimationFrame);
  const began = performance.now();
  link().click();
  while (![...document.querySelectorAll('article')].some(each => each.textContent.includes(text)))
    await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
