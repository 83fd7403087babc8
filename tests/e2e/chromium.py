"""Chromium as a person would have it: a window of their own, a microphone that hums, a camera that shows a pattern."""

from __future__ import annotations

import asyncio
import math
import shutil
import struct
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Playwright

TONE_HZ, LOUDNESS = 440, 9000 / 32768
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]

# Every peer connection of the page can be asked for its statistics, and the microphone is taken as it is: echo
# cancellation and noise suppression are made to remove exactly what a test sends, a steady tone.
WATCH = """
window.peers = [];
const Peer = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Peer { constructor(...all) { super(...all); window.peers.push(this); } };
const media = navigator.mediaDevices;
if (media) {
  const get = media.getUserMedia.bind(media);
  media.getUserMedia = (wanted) => get(wanted && wanted.audio
    ? {...wanted, audio: {...(wanted.audio === true ? {} : wanted.audio),
        echoCancellation: false, noiseSuppression: false, autoGainControl: false}}
    : wanted);
}
"""

HEARD = """async () => {
  const found = [];
  for (const peer of window.peers) {
    if (peer.connectionState === 'closed') continue;
    for (const row of (await peer.getStats()).values())
      if (row.type === 'inbound-rtp') found.push({kind: row.kind, level: row.audioLevel || 0,
        packets: row.packetsReceived, frames: row.framesDecoded || 0, width: row.frameWidth || 0});
  }
  return found;
}"""


def tone(path: Path) -> Path:
    """Four seconds of 440 Hz, mono, 48 kHz; Chromium repeats it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        samples = (LOUDNESS * 32767 * math.sin(2 * math.pi * TONE_HZ * at / 48_000) for at in range(48_000 * 4))
        file.writeframes(b"".join(struct.pack("<h", round(each)) for each in samples))
    return path


@asynccontextmanager
async def browser(playwright: Playwright, folder: Path) -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("Chromium is not installed; `make setup-test` installs it")
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={tone(folder / 'tone.wav')}"]
    opened = await playwright.chromium.launch(executable_path=path, args=flags)
    try:
        yield opened
    finally:
        await opened.close()


async def window(opened: Browser, origin: str, **options: Any) -> tuple[BrowserContext, Page]:
    """A person's own browser profile with one page. What the page logs as an error fails the test that looks."""
    context = await opened.new_context(
        viewport=options.pop("viewport", {"width": 1440, "height": 900}), ignore_https_errors=True, **options
    )
    await context.grant_permissions(["microphone", "camera", "clipboard-read", "clipboard-write"], origin=origin)
    await context.add_init_script(WATCH)
    page = await context.new_page()
    page.set_default_timeout(20_000)
    return context, page


async def until(page: Page, condition: str, argument: Any = None, seconds: float = 20) -> Any:
    """Ask the page ten times a second until the JavaScript function gives something true, and return that."""
    end = time.monotonic() + seconds
    while not (found := await page.evaluate(condition, argument)):
        assert time.monotonic() < end, f"waited {seconds} s for {condition}"
        await asyncio.sleep(0.1)
    return found


async def hears(page: Page, at_least: float = 0.1) -> list[dict[str, Any]]:
    """Received sound, measured by the browser: waits until one stream is louder than `at_least` (0..1)."""
    return await until(
        page,
        f"async (least) => {{ const rows = await ({HEARD})();"
        " return rows.some(row => row.kind === 'audio' && row.level > least && row.packets > 25) && rows; }",
        at_least,
    )


async def hears_nothing(page: Page) -> None:
    """Waits until no stream of sound is louder than noise."""
    await until(page, f"async () => (await ({HEARD})()).every(row => row.kind !== 'audio' || row.level < 0.01)")


async def sees(page: Page) -> list[dict[str, Any]]:
    """Waits until a received video has decoded frames."""
    return await until(
        page,
        f"async () => {{ const rows = await ({HEARD})();"
        " return rows.some(row => row.kind === 'video' && row.frames > 5) && rows; }",
    )
