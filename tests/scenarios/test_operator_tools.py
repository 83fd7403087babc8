"""An operator's own tools, by the unmodified `livekit-api` SDK: they see live rooms, act on them, and Hubbub stays true."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey
from livekit import api, rtc

from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.scenarios.place import Person, Place
from tests.scenarios.test_sdk_with_ticket import lounge, sit
from tests.scenarios.test_write_and_read import two
from tests.waiting import until

KEY, SECRET = "operator", "an operator's secret of 32 bytes!"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"HUBBUB_LIVEKIT_KEYS": f"{KEY}: {SECRET}"}


@asynccontextmanager
async def tools(url: str) -> AsyncIterator[api.LiveKitAPI]:
    sdk = api.LiveKitAPI(url, KEY, SECRET)
    try:
        yield sdk
    finally:
        await sdk.aclose()


def permitted(room: str, identity: str, **grants: Any) -> str:
    """A token as tools make it, to join."""
    video = api.VideoGrants(room_join=True, room=room, **grants)
    return api.AccessToken(KEY, SECRET).with_identity(identity).with_name(identity.title()).with_grants(video).to_jwt()


def node_of(place: Place) -> str:
    """Where one media node is."""
    return sorted(place.signalling)[0]


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(api.TwirpError) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_tools_see_the_rooms_of_channels_and_moderate_them(place: Place) -> None:
    owner, guest, server = await two(place)
    room = f"{server['id']}:{lounge(server)}"
    async with owner.gateway() as gateway, tools(place.entrance()) as sdk:
        first, second = await sit(owner, lounge(server)), await sit(guest, lounge(server))
        async with ears(first) as ear, Tone(second):
            await until(ear.hears_tone, "the owner hears the guest")
            listed = (await sdk.room.list_rooms(api.ListRoomsRequest())).rooms
            assert [(each.name, each.num_participants, each.num_publishers) for each in listed] == [(room, 2, 1)]
            people = (await sdk.room.list_participants(api.ListParticipantsRequest(room=room))).participants
            assert {each.identity for each in people} == {owner.id, guest.id}
            here = await sdk.room.get_participant(api.RoomParticipantIdentity(room=room, identity=guest.id))
            track = here.tracks[0]
            assert (track.source, track.muted, here.state) == (api.TrackSource.MICROPHONE, False, here.ACTIVE)

            mute = api.MuteRoomTrackRequest(room=room, identity=guest.id, track_sid=track.sid, muted=True)
            assert (await sdk.room.mute_published_track(mute)).track.muted
            await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["mute"] and d["user_id"] == guest.id)
            await until(lambda: ear.rms < 50, "the muted guest is not heard")
            mute.muted = False
            assert not (await sdk.room.mute_published_track(mute)).track.muted
            await until(ear.hears_tone, "the guest is heard again")

            denied = api.UpdateParticipantRequest(room=room, identity=guest.id, name="somebody else")
            assert await refused(sdk.room.update_participant(denied)) == (403, "permission_denied")
            noted = api.UpdateParticipantRequest(room=room, identity=guest.id, attributes={"seat": "4"})
            assert (await sdk.room.update_participant(noted)).attributes == {"seat": "4"}
        gone = asyncio.Event()
        second.on("disconnected", lambda _: gone.set())
        await sdk.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=guest.id))
        await asyncio.wait_for(gone.wait(), 10)
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id and d["channel_id"] is None)
        await sdk.room.delete_room(api.DeleteRoomRequest(room=room))
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == owner.id and d["channel_id"] is None)
        assert not (await sdk.room.list_rooms(api.ListRoomsRequest())).rooms
        async with owner.gateway() as fresh:
            assert fresh.ready["servers"][0]["voice_states"] == []


async def test_a_room_of_the_operators_own(place: Place) -> None:
    async with tools(node_of(place)) as sdk, tools(place.entrance()) as elsewhere:
        plan = api.CreateRoomRequest(name="studio", metadata="first", max_participants=2, empty_timeout=60)
        made = await sdk.room.create_room(plan)
        assert (made.name, made.metadata, made.max_participants, made.empty_timeout) == ("studio", "first", 2, 60)
        assert (await sdk.room.create_room(plan)).sid == made.sid
        ann, bob, told = rtc.Room(), rtc.Room(), list[Any]()
        bob.on("data_received", lambda packet: told.append((packet.data, packet.topic, packet.participant)))
        await ann.connect(node_of(place), permitted("studio", "ann"))
        await bob.connect(node_of(place), permitted("studio", "bob"))
        assert bob.metadata == "first"
        await elsewhere_sees(elsewhere, "studio")
        with pytest.raises(rtc.ConnectError):
            await rtc.Room().connect(node_of(place), permitted("studio", "cid"), rtc.RoomOptions(connect_timeout=2))

        described = api.UpdateRoomMetadataRequest(room="studio", metadata="second")
        assert (await elsewhere.room.update_room_metadata(described)).metadata == "second"
        await until(lambda: bob.metadata == "second", "the people are told")
        parcel = api.SendDataRequest(room="studio", data=b"cheese", topic="lunch", destination_identities=["bob"])
        await elsewhere.room.send_data(parcel)
        await until(lambda: told, "data arrives")
        assert told == [(b"cheese", "lunch", None)]

        async with ears(bob) as ear, Tone(ann) as tone:
            await until(ear.hears_tone, "bob hears ann")
            choice = api.UpdateSubscriptionsRequest(room="studio", identity="bob", track_sids=[tone.publication.sid])
            await elsewhere.room.update_subscriptions(choice)
            await until(lambda: not ear.hears_tone(), "bob no longer gets ann's track")
            choice.subscribe = True
            await elsewhere.room.update_subscriptions(choice)
            await until(ear.hears_tone, "bob gets it again")
            mute = api.MuteRoomTrackRequest(room="studio", identity="ann", track_sid=tone.publication.sid, muted=True)
            assert (await elsewhere.room.mute_published_track(mute)).track.muted
            await until(lambda: tone.publication.muted, "ann's own client has muted")
            mute.muted = False
            assert await refused(elsewhere.room.mute_published_track(mute)) == (412, "failed_precondition")

        silent = api.ParticipantPermission(can_subscribe=True, can_publish=False)
        changed = await elsewhere.room.update_participant(
            api.UpdateParticipantRequest(room="studio", identity="ann", name="Anna", permission=silent)
        )
        assert (changed.name, changed.permission.can_publish) == ("Anna", False)
        await until(lambda: bob.remote_participants["ann"].name == "Anna", "the others see it")
        await until(lambda: not bob.remote_participants["ann"].track_publications, "ann's track is gone")
        await elsewhere.room.delete_room(api.DeleteRoomRequest(room="studio"))
        await until(lambda: not ann.isconnected() and not bob.isconnected(), "all are out")
        assert await refused(elsewhere.room.delete_room(api.DeleteRoomRequest(room="studio"))) == (404, "not_found")


async def elsewhere_sees(sdk: api.LiveKitAPI, room: str) -> None:
    """Wherever one asks, all rooms are told of; another process learns of a new one within a second."""
    end = time.monotonic() + 10
    while room not in [each.name for each in (await sdk.room.list_rooms(api.ListRoomsRequest())).rooms]:
        assert time.monotonic() < end, f"{room} is not listed"
        await asyncio.sleep(0.05)
    while not (await sdk.room.list_participants(api.ListParticipantsRequest(room=room))).participants:
        assert time.monotonic() < end, f"{room} has no people"
        await asyncio.sleep(0.05)


async def test_a_room_that_a_tool_made_goes_when_its_time_is_over(place: Place) -> None:
    async with tools(node_of(place)) as sdk:
        await sdk.room.create_room(api.CreateRoomRequest(name="brief", empty_timeout=1, departure_timeout=1))
        assert [each.name for each in (await sdk.room.list_rooms(api.ListRoomsRequest())).rooms] == ["brief"]
        end = time.monotonic() + 10
        while (await sdk.room.list_rooms(api.ListRoomsRequest())).rooms:
            assert time.monotonic() < end, "the room stays"
            await asyncio.sleep(0.1)


async def test_what_is_hubbubs_stays_hubbubs_and_what_does_not_exist_is_said(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    room = f"{server['id']}:{lounge(server)}"
    async with tools(node_of(place)) as sdk:
        nobody = api.RoomParticipantIdentity(room=room, identity="5")
        assert await refused(sdk.room.create_room(api.CreateRoomRequest(name=room))) == (403, "permission_denied")
        assert await refused(sdk.room.get_participant(nobody)) == (404, "not_found")
        assert await refused(sdk.room.remove_participant(nobody)) == (404, "not_found")
        assert await refused(sdk.room.send_data(api.SendDataRequest(room=room, data=b"x"))) == (404, "not_found")
        assert not (await sdk.room.list_participants(api.ListParticipantsRequest(room=room))).participants
        move = api.MoveParticipantRequest(room=room, identity="5", destination_room="1:2")
        assert await refused(sdk.room.move_participant(move)) == (501, "unimplemented")
        big = api.SendDataRequest(room=room, data=bytes(70_000))
        assert await refused(sdk.room.send_data(big)) == (400, "invalid_argument")


def signed(secret: str = SECRET, key: str = KEY, lives: int = 60, **video: Any) -> str:
    claims = {"iss": key, "sub": "tool", "nbf": 0, "exp": int(time.time()) + lives, "video": video}
    return jws.serialize_compact({"alg": "HS256"}, httpx_json(claims), OctKey.import_key(secret), ["HS256"])


def httpx_json(value: Any) -> bytes:
    return httpx.Request("POST", "http://x", json=value).content


LISTING = {"roomList": True}
HOSTILE: list[tuple[str, dict[str, Any], int, str]] = [
    ("no token", {"token": ""}, 401, "unauthenticated"),
    ("rubbish", {"token": "x.y.z"}, 401, "unauthenticated"),
    ("forged", {"token": signed(secret="z" * 32, **LISTING)}, 401, "unauthenticated"),
    ("foreign key", {"token": signed(key="hubbub", **LISTING)}, 401, "unauthenticated"),
    ("expired", {"token": signed(lives=-1, **LISTING)}, 401, "unauthenticated"),
    ("to join is not to list", {"token": signed(roomJoin=True, room="y")}, 401, "unauthenticated"),
    ("an admin of one room lists no rooms", {"token": signed(roomAdmin=True, room="y")}, 401, "unauthenticated"),
    (
        "nor another's people",
        {"token": signed(roomAdmin=True, room="y"), "method": "ListParticipants", "body": b'{"room":"z"}'},
        401,
        "unauthenticated",
    ),
    (
        "nor those of no room",
        {"token": signed(roomAdmin=True), "method": "ListParticipants", "body": b"{}"},
        401,
        "unauthenticated",
    ),
    (
        "nor ends it",
        {"token": signed(roomAdmin=True, room="y"), "method": "DeleteRoom", "body": b'{"room":"y"}'},
        401,
        "unauthenticated",
    ),
    ("broken JSON", {"body": b"{"}, 400, "malformed"),
    ("JSON of another shape", {"body": b'{"names": {"a": 1}}'}, 400, "malformed"),
    ("no UTF-8", {"body": b'{"names": ["\xff\xfe"]}'}, 400, "malformed"),
    ("deep JSON", {"body": b'{"x":' + b"[" * 100_000}, 400, "malformed"),
    ("broken protobuf", {"body": b"\xff\xff\xff", "kind": "application/protobuf"}, 400, "malformed"),
    ("another type", {"kind": "text/plain"}, 404, "bad_route"),
    ("no such method", {"method": "Nope"}, 404, "bad_route"),
    ("no such service", {"path": "/twirp/livekit.Egress/ListEgress"}, 404, "bad_route"),
    ("nothing", {"path": "/twirp"}, 404, "bad_route"),
    ("not a POST", {"verb": "GET"}, 404, "bad_route"),
    ("too large", {"body": bytes(300_000)}, 429, "resource_exhausted"),
]


async def test_whoever_asks_wrongly_gets_twirps_errors(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.entrance()) as http:
        for name, how, status, code in HOSTILE:
            token = how.get("token", signed(**LISTING))
            headers = {"Content-Type": how.get("kind", "application/json"), "Authorization": f"Bearer {token}".strip()}
            path = how.get("path", f"/twirp/livekit.RoomService/{how.get('method', 'ListRooms')}")
            answer = await http.request(how.get("verb", "POST"), path, content=how.get("body", b"{}"), headers=headers)
            told = (answer.status_code, answer.headers["content-type"], answer.json()["code"])
            assert told == (status, "application/json", code), name
            assert token not in answer.text or not token, name
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {signed(**LISTING)}"}
        fine = await http.post("/twirp/livekit.RoomService/ListRooms", content=b'{"new": 1}', headers=headers)
        assert (fine.status_code, fine.json()) == (200, {"rooms": []})


async def test_a_ticket_of_hubbubs_is_no_key_to_tools(place: Place) -> None:
    owner: Person = await place.owner()
    server = await owner.make_server()
    ticket = await owner.call("POST", f"/api/channels/{lounge(server)}/voice/join", {})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ticket['token']}"}
    url = ticket["url"].replace("ws", "http", 1) + "/twirp/livekit.RoomService/ListParticipants"
    async with httpx.AsyncClient() as http:
        answer = await http.post(url, json={"room": ticket["room"]}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
