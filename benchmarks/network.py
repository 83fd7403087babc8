"""A call between two Chromium windows over bad networks (`crates/netem`): what the listener's statistics say.

    python -m benchmarks.network

Loss is of each half of the way (speaker to server, server to listener), in both directions. `lost_percent` is what never
came, after resends; `concealed_percent` is the share of sound that was made up, late packets included;
`silence_ms` the longest time without a packet.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
from tests.e2e import chromium
from tests.e2e.chromium import hears
from tests.e2e.person import PageOf, both
from tests.e2e.test_bad_network import SOUND
from tests.network import Network
from tests.scenarios.place import Place, free_port

CONDITIONS = (
    "",
    "loss=1,delay=20",
    "loss=5,delay=20",
    "loss=10,delay=40,jitter=15",
    "loss=20,delay=20",
    "burst=0.5,burst_length=8,delay=20",
    "delay=20,reorder=5,hold=30,duplicate=5",
)
SECONDS = 8
REBINDINGS = 3
# Counts packets for so many milliseconds, and notes the longest time in which none came.
LISTEN = f"""async (length) => {{
  const began = performance.now();
  const first = await ({SOUND})();
  let last = first, at = began, longest = 0;
  while (performance.now() - began < length) {{
    await new Promise((r) => setTimeout(r, 10));
    const row = await ({SOUND})(), now = performance.now();
    if (row.packetsReceived > last.packetsReceived) {{ longest = Math.max(longest, now - at); at = now; last = row; }}
  }}
  const grown = (name) => (last[name] || 0) - (first[name] || 0);
  return {{
    packets: grown("packetsReceived"), lost: grown("packetsLost"), nacks: grown("nackCount"),
    concealed: grown("concealedSamples"), samples: grown("totalSamplesReceived"), silence: longest,
    held: 1000 * grown("jitterBufferDelay") / Math.max(1, grown("jitterBufferEmittedCount")),
  }};
}}"""


async def network() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as name:
        folder, media_port = Path(name), free_port()
        with Network(media_port, seed=1) as bad:
            place = Place(folder, HUBBUB_MEDIA_PORT=str(media_port), HUBBUB_PUBLIC_IP=bad.address)
            await asyncio.to_thread(place.start)
            try:
                async with async_playwright() as playwright, chromium.browser(playwright, folder) as opened:
                    mira, wren = await both(place, opened)
                    return await _figures(bad, mira, wren)
            finally:
                await asyncio.to_thread(place.stop)


async def _figures(bad: Network, mira: PageOf, wren: PageOf) -> dict[str, Any]:
    for person in (mira, wren):
        await person.room("Lounge").click()
    for person in (mira, wren):
        await hears(person.page)
    found: dict[str, Any] = {}
    for conditions in CONDITIONS:
        bad.conditions(conditions)
        await asyncio.sleep(2)  # what was on its way, and what estimates need to settle
        found[conditions or "perfect"] = await _listen(wren.page, SECONDS)
        print(f"{conditions or 'perfect'}: {json.dumps(found[conditions or 'perfect'])}", flush=True)
    bad.conditions("delay=20")
    silences: list[float] = []
    for _ in range(REBINDINGS):
        listening = asyncio.create_task(_listen(wren.page, SECONDS))
        await asyncio.sleep(1)
        bad.rebind()
        silences.append((await listening)["silence_ms"])
    found["rebinding_silence_ms"] = silences
    return found


async def _listen(page: Page, seconds: float) -> dict[str, float]:
    row = await page.evaluate(LISTEN, seconds * 1000)
    return {
        # below 0 where resends and duplicates came as well as what they stood for
        "lost_percent": max(0.0, round(100 * row["lost"] / max(1, row["lost"] + row["packets"]), 2)),
        "concealed_percent": round(100 * row["concealed"] / max(1, row["samples"]), 2),
        "nacks": row["nacks"],
        "jitter_buffer_ms": round(row["held"]),
        "silence_ms": round(row["silence"]),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(network())))
