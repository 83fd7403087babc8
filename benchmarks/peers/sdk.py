"""Clients of the unmodified Python SDK, and the sounds and pictures that they make."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from livekit import rtc

from benchmarks.peers.systems import Seat

DEADLINE = 40.0  # LiveKit misses a killed client after 21 s


# The SDK's own choice, which tries version 1 of the protocol first and pays for the attempt where there is none; and
# version 0 at once, with two peer connections, as Hubbub's own client has it.
PROTOCOLS: dict[str, rtc.RoomOptions] = {"": rtc.RoomOptions(), ", v0": rtc.RoomOptions(single_peer_connection=False)}


@asynccontextmanager
async def joined(seat: Seat, options: rtc.RoomOptions = PROTOCOLS[""]) -> AsyncIterator[rtc.Room]:
    room = rtc.Room()
    await room.connect(*seat, options)
    try:
        yield room
    finally:
        await room.disconnect()


class Moment:
    """When an event of a room came first, of those that `accept` likes."""

    def __init__(self, room: rtc.Room, event: Any, accept: Callable[..., bool] = lambda *_: True) -> None:
        self._came = asyncio.Event()
        self._accept = accept
        self.at = 0.0
        room.on(event, self._seen)

    def _seen(self, *details: object) -> None:
        if not self.at and self._accept(*details):
            self.at = time.perf_counter()
            self._came.set()

    async def since(self, began: float) -> float:
        """Milliseconds from then."""
        await asyncio.wait_for(self._came.wait(), DEADLINE)
        return (self.at - began) * 1000


class Eye:
    """When the first frame of any video track is decoded."""

    def __init__(self, room: rtc.Room) -> None:
        self.frame = asyncio.Event()
        self.at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        room.on("track_subscribed", self._subscribed)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            self._tasks.append(asyncio.create_task(self._watch(track)))

    async def _watch(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            if not self.at:
                self.at = time.perf_counter()
                self.frame.set()

    async def since(self, began: float) -> float:
        await asyncio.wait_for(self.frame.wait(), DEADLINE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return (self.at - began) * 1000


@asynccontextmanager
async def showing(room: rtc.Room) -> AsyncIterator[float]:
    """A camera at 30 frames a second; gives when publishing began."""
    source = rtc.VideoSource(640, 360)
    frame = rtc.VideoFrame(640, 360, rtc.VideoBufferType.RGBA, bytes(640 * 360 * 4))

    async def play() -> None:
        while True:
            source.capture_frame(frame)
            await asyncio.sleep(1 / 30)

    task = asyncio.create_task(play())
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(
        source=rtc.TrackSource.SOURCE_CAMERA, video_codec=rtc.VideoCodec.VP8, simulcast=False
    )
    began = time.perf_counter()
    publication = await room.local_participant.publish_track(track, options)
    try:
        yield began
    finally:
        await room.local_participant.unpublish_track(publication.sid)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await source.aclose()
