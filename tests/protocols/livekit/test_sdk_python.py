"""The unmodified PyPI `livekit` SDK (libwebrtc inside) against a real node."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc

from tests.protocols.livekit.place import MediaPlace, media_place, until

RATE = 48_000
AMPLITUDE = 8000
LOUDNESS = AMPLITUDE / math.sqrt(2)  # RMS of the tone


@pytest.fixture
async def place() -> AsyncIterator[MediaPlace]:
    async with media_place() as started:
        yield started


@asynccontextmanager
async def joined(place: MediaPlace, room: str, identity: str, url: str = "", **grants: bool) -> AsyncIterator[rtc.Room]:
    client = rtc.Room()
    token = await place.admit(room, identity, **grants)
    began = time.monotonic()
    await client.connect(url or place.url, token)
    print(f"{identity} joined in {(time.monotonic() - began) * 1000:.0f} ms")
    try:
        yield client
    finally:
        await client.disconnect()


class Tone:
    """A microphone that plays 440 Hz until it is closed."""

    def __init__(self, client: rtc.Room) -> None:
        self._client = client
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
        self._task: asyncio.Task[None] | None = None
        self.publication: rtc.LocalTrackPublication | None = None

    async def __aenter__(self) -> Tone:
        track = rtc.LocalAudioTrack.create_audio_track("tone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        self.publication = await self._client.local_participant.publish_track(track, options)
        self._task = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._source.aclose()

    async def _play(self) -> None:
        count, at = RATE // 50, 0
        while True:
            wave = AMPLITUDE * np.sin(2 * np.pi * 440 * (np.arange(count) + at) / RATE)
            at += count
            await self._source.capture_frame(rtc.AudioFrame(wave.astype(np.int16).tobytes(), RATE, 1, count))


class Ear:
    """Listens to the first audio track that a client gets."""

    def __init__(self, client: rtc.Room) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self.first: float | None = None  # when something was heard first
        self.rms = 0.0
        self.silent_longest = 0.0
        self._heard_last = 0.0
        client.on("track_subscribed", self._subscribed)
        for participant in client.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._subscribed(publication.track)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
            self.rms = float(np.sqrt(np.mean(samples**2)))
            if self.rms > LOUDNESS / 2:
                now = time.monotonic()
                if self.first is None:
                    self.first = now
                else:
                    self.silent_longest = max(self.silent_longest, now - self._heard_last)
                self._heard_last = now

    def hears_tone(self) -> bool:
        return abs(self.rms - LOUDNESS) < LOUDNESS * 0.1 and time.monotonic() - self._heard_last < 0.2

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_two_hear_each_other(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob:
        ear = Ear(bob)
        began = time.monotonic()
        async with Tone(ann):
            await until(ear.hears_tone, "bob hears ann's tone")
            assert ear.first is not None
            print(f"first sound {(ear.first - began) * 1000:.0f} ms after publishing, RMS {ear.rms:.0f}")
            ear2 = Ear(ann)
            async with Tone(bob):
                await until(ear2.hears_tone, "ann hears bob's tone")
            await ear2.aclose()
        await ear.aclose()
