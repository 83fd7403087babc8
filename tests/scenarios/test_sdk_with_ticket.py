"""The unmodified LiveKit SDK with a ticket from the API, on the whole product: hears, is heard, is seen, is moderated."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc

from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.scenarios.place import Person, Place
from tests.scenarios.test_write_and_read import two
from tests.waiting import until


async def sit(person: Person, channel: str) -> rtc.Room:
    ticket = await person.call("POST", f"/api/channels/{channel}/voice/join", {})
    room = rtc.Room()
    await room.connect(ticket["url"], ticket["token"])
    return room


def lounge(server: dict[str, Any]) -> str:
    return next(each["id"] for each in server["channels"] if each["type"] == "voice")


async def test_two_sdk_clients_hear_each_other_and_a_moderator_silences_one(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = lounge(server)
    async with owner.gateway() as gateway:
        first, second = await sit(owner, channel), await sit(guest, channel)
        async with ears(first) as ear, Tone(second):
            await until(ear.hears_tone, "the owner hears the guest's tone")
            await gateway.wait("VOICE_SPEAKING", lambda d: d["user_ids"] == [guest.id])
            gateway.events.clear()
            await owner.call("PATCH", f"/api/servers/{server['id']}/voice/{guest.id}", {"mute": True})
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["mute"] and d["user_id"] == guest.id)
            await gateway.wait("VOICE_SPEAKING", lambda d: d["user_ids"] == [])
            await until(lambda: ear.rms < 50, "the muted guest is not heard")
        await second.disconnect()
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["channel_id"] is None)
        await first.disconnect()


async def test_whoever_loses_the_seat_loses_the_sound(place: Place) -> None:
    owner, guest, server = await two(place)
    room = await sit(guest, lounge(server))
    gone = asyncio.Event()
    room.on("disconnected", lambda _: gone.set())
    await owner.call("DELETE", f"/api/servers/{server['id']}/members/{guest.id}")
    await asyncio.wait_for(gone.wait(), 10)


async def test_a_ticket_is_good_for_one_room_and_dies_with_the_seat(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    ticket = await owner.call("POST", f"/api/channels/{lounge(server)}/voice/join", {})
    bearer = {"Authorization": f"Bearer {ticket['token']}"}
    node = ticket["url"].replace("ws", "http", 1)
    valid = await owner.http.get(f"{node}/rtc/validate", headers=bearer)
    assert valid.status_code == 200
    await owner.call("DELETE", "/api/voice")
    spent = await owner.http.get(f"{node}/rtc/validate", headers=bearer)
    assert spent.status_code == 401
