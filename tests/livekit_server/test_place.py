"""Two people on an instance that uses LiveKit: tickets, sound, seats by webhooks, moderation; and hooks of strangers."""

from __future__ import annotations

import asyncio
import hashlib
import time
from base64 import b64encode
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import OctKey
from livekit import rtc

from tests.livekit_server.conftest import KEY, SECRET, LiveKit
from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.scenarios.place import Person, Place
from tests.scenarios.test_sdk_with_ticket import (
    lounge,
    sit,
    test_whoever_loses_the_seat_loses_the_sound,  # noqa: F401
)
from tests.scenarios.test_write_and_read import two
from tests.waiting import eventually, until

HOOK = "/api/media/livekit/webhook"


async def test_two_talk_and_are_moderated(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = lounge(server)
    async with owner.gateway() as gateway:
        ticket = await guest.call("POST", f"/api/channels/{channel}/voice/join", {})
        assert ticket["url"] == place.settings["HUBBUB_LIVEKIT_URL"]
        first, second = await sit(owner, channel), rtc.Room()
        await second.connect(ticket["url"], ticket["token"])
        async with ears(first) as ear, ears(second) as other, Tone(second) as tone, Tone(first):
            await until(ear.hears_tone, "the owner hears the guest")
            await until(other.hears_tone, "the guest hears the owner")
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["channel_id"] == channel)
            camera = rtc.LocalVideoTrack.create_video_track("camera", rtc.VideoSource(320, 180))
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
            shown = await second.local_participant.publish_track(camera, options)
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["self_video"])
            gateway.events.clear()
            await second.local_participant.unpublish_track(shown.sid)
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and not d["self_video"])
            seat = f"/api/servers/{server['id']}/voice/{guest.id}"
            await owner.call("PATCH", seat, {"mute": True})
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["mute"] and d["user_id"] == guest.id)
            await until(lambda: tone.publication.muted, "LiveKit has muted the guest")
            await until(lambda: not ear.hears_tone(), "who is not heard")
            await owner.call("PATCH", seat, {"deaf": True})
            await until(lambda: not other.hears_tone(), "nor hears")
        gateway.events.clear()
        await owner.call("PATCH", seat, {"channel_id": None})
        await until(lambda: not second.isconnected(), "the guest is out")
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["channel_id"] is None)
        gateway.events.clear()
        await first.disconnect()
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == owner.id and d["channel_id"] is None)


async def test_a_moderator_moves_somebody(place: Place) -> None:
    owner, guest, server = await two(place)
    other = await owner.call("POST", f"/api/servers/{server['id']}/channels", {"name": "Attic", "type": "voice"}, 201)
    async with guest.gateway() as gateway:
        room = await sit(guest, lounge(server))
        await owner.call("PATCH", f"/api/servers/{server['id']}/voice/{guest.id}", {"channel_id": other["id"]})
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["channel_id"] == other["id"])
        await until(lambda: not room.isconnected(), "the guest is out of the first room")
        moved = await sit(guest, other["id"])
        gateway.events.clear()
        await moved.disconnect()
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["channel_id"] is None)


async def test_seats_outlive_a_restart(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = lounge(server)
    room = await sit(guest, channel)
    await asyncio.to_thread(place.kill)
    await asyncio.to_thread(place.start)
    async with owner.gateway() as gateway:
        states = gateway.ready["servers"][0]["voice_states"]
        assert [(each["user_id"], each["channel_id"]) for each in states] == [(guest.id, channel)]
        await asyncio.sleep(3)  # that nobody puts the guest out can only be seen by waiting
        assert room.isconnected()
        await room.disconnect()
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["channel_id"] is None)


def signed(body: bytes, secret: str = SECRET, key: str = KEY, lives: int = 60, **changed: Any) -> str:
    digest = b64encode(hashlib.sha256(body).digest()).decode()
    claims = {"iss": key, "nbf": 0, "exp": int(time.time()) + lives, "sha256": digest, **changed}
    payload = httpx.Request("POST", "http://x", json=claims).content
    return jws.serialize_compact({"alg": "HS256"}, payload, OctKey.import_key(secret), ["HS256"])


def hook(at: float = 0, **fields: Any) -> bytes:
    event = {"event": "room_started", "id": f"EV_{time.monotonic_ns()}", "createdAt": str(int(at or time.time()))}
    return httpx.Request("POST", "http://x", json={**event, **fields}).content


async def test_hooks_of_strangers_are_refused(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.url) as http:

        async def told(body: bytes, authorization: str) -> tuple[int, str]:
            answer = await http.post(
                HOOK, content=body, headers={"Authorization": authorization} if authorization else {}
            )
            return answer.status_code, answer.json()["code"] if answer.content else ""

        good, old = hook(), hook(at=time.time() - 3600)
        assert await told(good, signed(good)) == (204, "")
        assert await told(good, signed(good)) == (204, "")  # again: passed over
        assert await told(good, "") == (401, "media.hook_unsigned")
        assert await told(good, signed(good, secret="z" * 32)) == (401, "media.hook_unsigned")
        assert await told(good, signed(good, key="stranger")) == (401, "media.hook_unsigned")
        assert await told(good, signed(hook())) == (401, "media.hook_unsigned")  # of another body
        assert await told(good, signed(good, sha256="")) == (401, "media.hook_unsigned")
        assert await told(good, signed(good, lives=-1)) == (401, "media.hook_stale")
        assert await told(old, signed(old)) == (401, "media.hook_stale")
        for bad in (b"", b"{", b"[]", b"\xff", b"{}", hook(id=""), b'{"x":' + b"[" * 50_000):
            assert await told(bad, signed(bad)) == (400, "media.hook_malformed"), bad[:20]
        assert (await told(bytes(600_000), "x"))[0] == 413
        for path in ("/health", "/metrics"):
            assert (await http.get(path)).status_code == 200


async def test_without_livekit_nobody_gets_a_ticket_and_all_else_works(place: Place, livekit_of_place: LiveKit) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    path = f"/api/channels/{lounge(server)}/voice/join"
    await owner.call("POST", path, {})
    await asyncio.to_thread(livekit_of_place.kill)

    async def refused() -> bool:
        answer = await owner.http.post(path, json={})
        return answer.status_code == 503 and answer.json()["code"] == "unavailable"

    await eventually(refused, "a ticket is refused")
    text = next(each["id"] for each in server["channels"] if each["type"] == "text")
    await owner.send(text, "still here")
    await asyncio.to_thread(place.stop)
    await asyncio.to_thread(place.start)  # also begins without it
    await asyncio.to_thread(livekit_of_place.start)
    await eventually(lambda: admitted(owner, path), "a ticket is given again")


async def admitted(owner: Person, path: str) -> bool:
    return (await owner.http.post(path, json={})).status_code == 200
