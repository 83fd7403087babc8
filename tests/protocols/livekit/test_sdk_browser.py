"""The unmodified npm `livekit-client` in Chromium against a real node: two pages, a tone for a microphone."""

from __future__ import annotations

import asyncio
import math
import shutil
import struct
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, async_playwright

from hubbub.services.media.events import ParticipantLeft, SourcesChanged, SpeakingStarted
from tests.protocols.livekit.place import GRANTS, CuttableProxy, MediaPlace, media_place
from tests.waiting import eventually, until

SDK = Path(__file__).parents[3] / "web/node_modules/livekit-client/dist/livekit-client.umd.js"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[MediaPlace]:
    shutil.copy(Path(__file__).with_name("page.html"), tmp_path)
    shutil.copy(SDK, tmp_path)
    async with media_place(tmp_path) as started:
        yield started


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    tone = tmp_path / "tone.wav"
    write_tone(tone)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*FLAGS, f"--use-file-for-fake-audio-capture={tone}"]
        )
        yield chromium
        await chromium.close()


def write_tone(path: Path) -> None:
    """2 s of 440 Hz at -12 dBFS; Chromium plays it in a loop."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        samples = (int(8192 * math.sin(2 * math.pi * 440 * n / 48_000)) for n in range(96_000))
        file.writeframes(b"".join(struct.pack("<h", s) for s in samples))


async def joined(browser: Browser, place: MediaPlace, identity: str, url: str = "", options: str = "{}") -> Page:
    """`options` of the SDK's Room, in JavaScript."""
    page = await (await browser.new_context(permissions=["microphone", "camera"])).new_page()
    await page.goto(f"http://127.0.0.1:{place.port}/pages/page.html")
    token = await place.admit("1:2", identity)
    took = await page.evaluate(f"([url, token]) => join(url, token, {options})", [url or place.url, token])
    print(f"{identity} joined in {took:.0f} ms")
    return page


async def level_arrives(sender: Page, receiver: Page) -> bool:
    """The receiver plays about as loud as the sender records."""
    sent = await sender.evaluate("sent()")
    streams = await receiver.evaluate("received('audio')")
    got = max((s.get("audioLevel", 0) for s in streams), default=0)
    return sent is not None and sent > 0.05 and abs(got - sent) < 0.2 * sent


async def test_two_pages_hear_each_other(browser: Browser, place: MediaPlace) -> None:
    ann = await joined(browser, place, "10", options="{singlePeerConnection: false}")  # does not try /rtc/v1 first
    bob = await joined(browser, place, "11")
    await ann.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(ann, bob), "bob hears ann as loud as she is")
    first = await bob.evaluate("firstSound") - await ann.evaluate("publishedAt")
    print(f"first sound {first:.0f} ms after publishing began")
    await bob.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(bob, ann), "ann hears bob as loud as he is")
    await eventually(lambda: both_speak(ann), "the SDK says that both speak")
    await until(lambda: place.said(SpeakingStarted, identities=("10", "11")), "the bus says so too")
    assert place.said(SourcesChanged, identity="10", sources=("microphone",))
    await ann.evaluate("room.localParticipant.setMicrophoneEnabled(false)")
    await eventually(lambda: bob.evaluate("seen.speakers.join() === '11'"), "a muted ann does not speak")
    assert await bob.evaluate("room.remoteParticipants.get('10').isMicrophoneEnabled") is False
    await ann.close()
    await until(lambda: place.said(ParticipantLeft, identity="10", reason="left"), "a closed page leaves at once")


async def both_speak(page: Page) -> bool:
    return sorted(await page.evaluate("seen.speakers")) == ["10", "11"]


async def test_a_camera_is_seen(browser: Browser, place: MediaPlace) -> None:
    ann, bob = await joined(browser, place, "10"), await joined(browser, place, "11")
    await ann.evaluate("publish('camera')")
    await eventually(lambda: bob.evaluate("seen.frames > 10"), "bob sees ann")
    print("frames of", await bob.evaluate("seen.size"))
    streams = await bob.evaluate("received('video')")
    assert streams[0]["framesDecoded"] > 10
    late = await joined(browser, place, "12")
    await eventually(lambda: late.evaluate("seen.frames > 5"), "who comes later sees ann, too")


async def test_data_and_a_resume(browser: Browser, place: MediaPlace) -> None:
    async with CuttableProxy(place.port) as proxy:
        ann = await joined(browser, place, "10", proxy.url)
        bob = await joined(browser, place, "11")
        await ann.evaluate("publish('microphone')")
        await eventually(lambda: level_arrives(ann, bob), "bob hears ann")
        await send(ann, "hello")
        await send(bob, "hello yourself")
        await eventually(lambda: bob.evaluate("seen.data.length"), "ann's data arrives")
        await eventually(lambda: ann.evaluate("seen.data.length"), "bob's data arrives")
        before = await packets(bob)
        began = time.monotonic()
        assert proxy.cut() >= 1
        await eventually(lambda: ann.evaluate("seen.reconnects.includes('back')"), "ann is back")
        took, more = time.monotonic() - began, await packets(bob) - before
        print(f"back after {took:.2f} s, meanwhile {more} packets of about {took * 50:.0f}")
        assert await ann.evaluate("seen.reconnects") == ["resuming", "back"]
        assert more > took * 50 * 0.8
        await eventually(lambda: level_arrives(ann, bob), "bob still hears ann")
        await send(ann, "again")
        await eventually(lambda: bob.evaluate("seen.data.length === 2"), "data arrives after the resume")
        assert await bob.evaluate("seen.data") == [["10", "hello"], ["10", "again"]]
        assert not place.said(ParticipantLeft)


async def send(page: Page, text: str) -> None:
    await page.evaluate(
        "text => room.localParticipant.publishData(new TextEncoder().encode(text), {reliable: true})", text
    )


async def packets(page: Page) -> int:
    return sum(s["packetsReceived"] for s in await page.evaluate("received('audio')"))


async def more_packets(page: Page, than: int) -> bool:
    return await packets(page) > than


async def test_moderation(browser: Browser, place: MediaPlace) -> None:
    ann, bob = await joined(browser, place, "10"), await joined(browser, place, "11")
    await ann.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(ann, bob), "bob hears ann")
    await place.service.grant("1:2", "10", replace(GRANTS, muted=True))
    await eventually(lambda: bob.evaluate("!room.remoteParticipants.get('10').isMicrophoneEnabled"), "bob is told")
    muted_at = await packets(bob)
    await asyncio.sleep(0.5)  # that nothing comes can only be seen by waiting
    assert await packets(bob) - muted_at < 3
    await place.service.grant("1:2", "10", GRANTS)
    await eventually(lambda: more_packets(bob, muted_at + 20), "bob hears ann again")
    await place.service.grant("1:2", "10", replace(GRANTS, speak=False))
    await eventually(lambda: ann.evaluate("seen.unpublished"), "ann's track is taken away")
    assert "insufficient permissions" in await ann.evaluate("publish('microphone').then(() => '', e => e.message)")
    await place.service.grant("1:2", "10", GRANTS)
    await eventually(lambda: ann.evaluate("room.localParticipant.permissions.canPublishSources.includes(2)"), "given")
    await ann.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(ann, bob), "bob hears ann once more")
    await place.service.remove("1:2", "10", "removed")
    await eventually(lambda: ann.evaluate("seen.disconnected === 'PARTICIPANT_REMOVED'"), "ann is told")
    await eventually(lambda: bob.evaluate("room.remoteParticipants.size === 0"), "bob is told")


async def test_the_same_track_is_published_again_at_once(browser: Browser, place: MediaPlace) -> None:
    ann, bob = await joined(browser, place, "10"), await joined(browser, place, "11")
    await ann.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(ann, bob), "bob hears ann")
    await ann.evaluate("""async () => {
        const { track } = room.localParticipant.getTrackPublication("microphone");
        await room.localParticipant.unpublishTrack(track, false);
        await room.localParticipant.publishTrack(track);
    }""")
    sid = await ann.evaluate("room.localParticipant.getTrackPublication('microphone').trackSid")
    await eventually(
        lambda: bob.evaluate("sid => room.remoteParticipants.get('10').trackPublications.has(sid)", sid), "told"
    )
    before = await packets(bob)
    await eventually(lambda: more_packets(bob, before + 20), "bob hears ann again")


SCENARIOS = (
    "signal-reconnect",
    "disconnect-signal-on-resume",
    "disconnect-signal-on-resume-no-messages",
    "leave-full-reconnect",
    "node-failure",
)


async def test_the_sdks_own_scenarios_end_well(browser: Browser, place: MediaPlace) -> None:
    ann, bob = await joined(browser, place, "10"), await joined(browser, place, "11")
    await ann.evaluate("publish('microphone')")
    await eventually(lambda: level_arrives(ann, bob), "bob hears ann")
    for scenario in SCENARIOS:
        await ann.evaluate("seen.reconnects = []")
        began = time.monotonic()
        await ann.evaluate("scenario => room.simulateScenario(scenario)", scenario)
        await eventually(lambda: ann.evaluate("seen.reconnects.includes('back')"), f"ann is back after {scenario}")
        print(f"{scenario}: back after {time.monotonic() - began:.2f} s, {await ann.evaluate('seen.reconnects')}")
        before = await packets(bob)
        await eventually(lambda: more_packets(bob, before + 10), f"sound goes on after {scenario}")  # noqa: B023
        await eventually(lambda: level_arrives(ann, bob), f"bob hears ann after {scenario}")
    assert {e.reason for e in place.said(ParticipantLeft)} == {"replaced"}


async def test_a_bad_token_is_explained(browser: Browser, place: MediaPlace) -> None:
    page = await joined(browser, place, "10")
    message = await page.evaluate(
        "url => new LivekitClient.Room().connect(url, 'a.b.c').then(() => '', e => e.message)", place.url
    )
    assert "invalid token" in message
