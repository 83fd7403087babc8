"""People who are there while pictures are taken: online, in voice rooms, one of them talking, two with cameras."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
from livekit import rtc

from tests.e2e.lantern_bay import Bay
from tests.protocols.livekit.test_sdk_python import Tone
from tests.scenarios.place import Person
from tests.scenarios.test_sdk_with_ticket import sit

ONLINE = {"Mira": "", "Odile": "", "Tomasz": "", "Jonas": "", "Hana": "", "Dev": "chasing a shader bug"}
WIDTH, HEIGHT = 480, 270
RGB = tuple[int, int, int]
WALLS: dict[str, tuple[RGB, RGB, RGB]] = {  # wall, skin, clothes
    "Odile": ((74, 54, 112), (238, 196, 168), (226, 110, 52)),
    "Tomasz": ((52, 84, 52), (222, 178, 150), (176, 122, 60)),
}


def portrait(wall: RGB, skin: RGB, clothes: RGB) -> bytes:
    """Somebody before a wall, as RGBA."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = 1.15 - 0.5 * y / HEIGHT
    picture = np.stack([np.clip(channel * light, 0, 255) for channel in wall] + [np.full(y.shape, 255.0)], axis=-1)
    for color, middle, radii in ((clothes, 1.05, (0.24, 0.42)), (skin, 0.5, (0.085, 0.22))):
        inside = ((x / WIDTH - 0.5) / radii[0]) ** 2 + ((y / HEIGHT - middle) / radii[1]) ** 2 <= 1
        picture[inside] = (*color, 255)
    return picture.astype(np.uint8).tobytes()


@contextlib.asynccontextmanager
async def camera(room: rtc.Room, picture: bytes) -> AsyncIterator[None]:
    """Five times a second the same picture: who comes later gets it too."""
    source = rtc.VideoSource(WIDTH, HEIGHT)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    await room.local_participant.publish_track(track, options)
    frame = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, picture)

    async def show() -> None:
        while True:
            source.capture_frame(frame)
            await asyncio.sleep(0.2)

    showing = asyncio.create_task(show())
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        await source.aclose()


@contextlib.asynccontextmanager
async def seat(person: Person, room: str, *, muted: bool = False) -> AsyncIterator[rtc.Room]:
    sitting = await sit(person, room)
    try:
        if muted:
            await person.call("PATCH", "/api/voice", {"self_mute": True, "self_deaf": False})
        yield sitting
    finally:
        with contextlib.suppress(TimeoutError):  # a place that was ended meanwhile hears no farewell
            await asyncio.wait_for(sitting.disconnect(), 10)


@contextlib.asynccontextmanager
async def there(bay: Bay) -> AsyncIterator[None]:
    galley, watch = bay.rooms["The Galley"], bay.rooms["Night watch"]
    people = bay.people
    async with contextlib.AsyncExitStack() as stack:
        for first, words in ONLINE.items():
            gateway = await stack.enter_async_context(people[first].gateway())
            if words:
                await gateway.send(3, {"status": "online", "custom_status": words})
        mira = await stack.enter_async_context(seat(people["Mira"], galley))
        await stack.enter_async_context(Tone(mira))
        for first, colors in WALLS.items():
            room = await stack.enter_async_context(seat(people[first], galley))
            await stack.enter_async_context(camera(room, portrait(*colors)))
        await stack.enter_async_context(seat(people["Jonas"], galley, muted=True))
        await stack.enter_async_context(seat(people["Hana"], watch))
        yield
