"""What is taken away is gone from live sockets within a second: sessions, memberships, rights."""

from __future__ import annotations

import asyncio
import time

from tests.scenarios.place import Place
from tests.scenarios.test_write_and_read import text_channel, two

VIEW_CHANNEL, SEND_MESSAGES = 1 << 10, 1 << 11


async def test_a_revoked_session_is_closed_and_its_tokens_die(place: Place) -> None:
    owner = await place.owner()
    async with owner.gateway() as gateway:
        sessions = await owner.call("GET", "/api/auth/sessions")
        began = time.monotonic()
        await owner.call("DELETE", f"/api/auth/sessions/{sessions[0]['id']}")
        assert await gateway.wait_closed() == 4021
        assert time.monotonic() - began < 1
    assert (await owner.http.get("/api/users/@me")).status_code == 401
    refresh = await owner.http.post("/api/auth/refresh", json={"refresh_token": owner.tokens["refresh_token"]})
    assert refresh.status_code == 401


async def test_a_session_bears_the_name_of_the_client_that_connects_with_it(place: Place) -> None:
    owner = await place.owner()
    (before,) = await owner.call("GET", "/api/auth/sessions")
    assert before["device"] != "scenario"
    async with owner.gateway() as gateway:
        await gateway.command("nothing", {})  # what IDENTIFY began is done before it
        (named,) = await owner.call("GET", "/api/auth/sessions")
        assert named == {**before, "device": "scenario"}


async def test_a_kicked_member_sees_nothing_more(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    async with guest.gateway() as gateway, owner.gateway() as other:
        await owner.call("DELETE", f"/api/servers/{server['id']}/members/{guest.id}")
        gone = await gateway.wait("SERVER_DELETE")
        assert gone["d"] == {"server_id": server["id"], "reason": "kicked"}
        await other.wait("MEMBER_REMOVE", lambda d: d["user_id"] == guest.id and d["member_count"] == 1)
        await owner.send(channel, "after the kick")
        await other.wait("MESSAGE_CREATE")
        answer = await gateway.command("messages.page", {"channel_id": channel})
        assert answer["problem"]["code"] == "channel.not_found"
        assert not [each for each in gateway.events if each["t"] == "MESSAGE_CREATE"]


async def test_a_room_closed_to_everybody_vanishes_and_comes_back(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    everybody = f"/api/channels/{channel}/permissions/{server['id']}"
    async with guest.gateway() as gateway:
        await owner.call("PUT", everybody, {"type": "role", "deny": str(VIEW_CHANNEL)})
        await gateway.wait("CHANNEL_DELETE", lambda d: d["channel_id"] == channel)
        await owner.send(channel, "behind closed doors")
        assert (await guest.http.get(f"/api/channels/{channel}/messages")).status_code == 404
        await owner.call("DELETE", everybody)
        back = await gateway.wait("CHANNEL_CREATE", lambda d: d["channel"]["id"] == channel)
        assert int(back["d"]["channel"]["permissions"]) & SEND_MESSAGES
        await owner.send(channel, "open again")
        await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "open again")
        assert not [e for e in gateway.events if e["t"] == "MESSAGE_CREATE" and "closed doors" in str(e)]


async def test_losing_the_right_to_write_is_told_and_enforced(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    async with guest.gateway() as gateway:
        await owner.call(
            "PUT", f"/api/channels/{channel}/permissions/{guest.id}", {"type": "user", "deny": str(SEND_MESSAGES)}
        )
        told = await gateway.wait("PERMISSIONS_UPDATE", lambda d: d["server_id"] == server["id"])
        assert not int(told["d"]["channels"][channel]) & SEND_MESSAGES
        reply = await gateway.command("message.send", {"channel_id": channel, "content": "still?"})
        assert reply["problem"]["code"] == "permission.denied"


async def test_an_entry_that_expires_gives_way_by_itself(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    entry = {"type": "user", "deny": str(SEND_MESSAGES), "expires_in": 2}
    async with guest.gateway() as gateway:
        await owner.call("PUT", f"/api/channels/{channel}/permissions/{guest.id}", entry)
        await gateway.wait("PERMISSIONS_UPDATE", lambda d: not int(d["channels"][channel]) & SEND_MESSAGES)
        await gateway.wait("PERMISSIONS_UPDATE", lambda d: bool(int(d["channels"][channel]) & SEND_MESSAGES))
        assert "data" in await gateway.command("message.send", {"channel_id": channel, "content": "again"})


async def test_an_invite_for_one_lets_one_in(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    invite = await owner.invite_to(server["id"], max_uses=1)
    outcomes = await asyncio.gather(
        *(place.guest(f"guest{number}", invite) for number in range(6)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
    after = await owner.call("GET", f"/api/servers/{server['id']}")
    assert after["member_count"] == 2
    preview = await owner.http.get(f"/api/invites/{invite}")
    assert preview.status_code == 410
    assert preview.json()["code"] == "invite.used_up"


async def test_an_invite_says_what_is_behind_the_door(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server("Lantern Bay")
    made = await owner.call("POST", f"/api/servers/{server['id']}/invites", {"max_age": 60}, 201)
    assert made["url"] == f"{place.url}/invite/{made['token']}"
    import httpx

    async with httpx.AsyncClient(base_url=place.url) as nobody:
        for path in (f"/invites/{made['token']}", f"/api/invites/{made['token']}"):
            seen = (await nobody.get(path)).json()
            assert seen["server"] == {"id": server["id"], "name": "Lantern Bay", "icon": None}
            assert (seen["member_count"], seen["inviter"]["username"]) == (1, "owner")
        assert (await nobody.get("/api/invites/unknown")).status_code == 404


async def test_both_paths_and_both_spellings_answer(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    channel = text_channel(server)
    await owner.send(channel, "hello")
    assert await owner.call("GET", f"/channels/{channel}/messages") == await owner.history(channel)
    assert await owner.call("GET", "/servers/@me") == await owner.call("GET", "/api/servers")
    assert len(await owner.call("GET", f"/api/servers/{server['id']}/members")) == 1
