"""Who is here, who types, who sits in which voice room: told to those who may know."""

from __future__ import annotations

from tests.scenarios.place import Place
from tests.scenarios.test_write_and_read import text_channel, two


async def test_online_typing_and_away(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    async with owner.gateway() as first:
        async with guest.gateway() as second:
            await first.wait("PRESENCE_UPDATE", lambda d: d["user_id"] == guest.id and d["status"] == "online")
            assert owner.id in {each["user_id"] for each in second.ready["presences"]}
            await second.command("typing", {"channel_id": channel})
            typing = await first.wait("TYPING_START")
            assert (typing["d"]["user_id"], typing["d"]["channel_id"]) == (guest.id, channel)
            await second.send(3, {"status": "dnd", "custom_status": "sanding hulls"})
            await first.wait(
                "PRESENCE_UPDATE", lambda d: d["status"] == "dnd" and d["custom_status"] == "sanding hulls"
            )
            assert not [each for each in second.events if each["t"] == "TYPING_START"]
        await first.wait("PRESENCE_UPDATE", lambda d: d["user_id"] == guest.id and d["status"] == "offline")


async def test_unread_marks_and_mentions_follow_the_reader(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    called = await owner.send(channel, f"<@{guest.id}> could you try the build?")
    assert called["mentions"] == [guest.id]
    await owner.send(channel, "and `<@1>` is code")
    async with guest.gateway() as gateway, guest.gateway() as other_device:
        state = next(each for each in gateway.ready["read_states"] if each["channel_id"] == channel)
        assert state["mention_count"] == 1
        newest = (await guest.history(channel))[0]["id"]
        reply = await gateway.command("read", {"channel_id": channel, "message_id": newest})
        assert reply["data"] == {"channel_id": channel, "last_message_id": newest, "mention_count": 0}
        await other_device.wait("READ_STATE_UPDATE", lambda d: d["last_message_id"] == newest)


async def test_seats_are_seen_and_moderated(place: Place) -> None:
    owner, guest, server = await two(place)
    lounge = next(each["id"] for each in server["channels"] if each["type"] == "voice")
    second = (
        await owner.call("POST", f"/api/servers/{server['id']}/channels", {"name": "Night watch", "type": "voice"})
    )["id"]
    moderate = f"/api/servers/{server['id']}/voice/{guest.id}"
    async with owner.gateway() as gateway:
        ticket = await guest.call("POST", f"/api/channels/{lounge}/voice/join", {"self_mute": True})
        assert ticket["url"] in place.signalling
        assert ticket["token"]
        seen = await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == guest.id)
        assert (seen["d"]["channel_id"], seen["d"]["self_mute"], seen["d"]["mute"]) == (lounge, True, False)
        await owner.call("PATCH", moderate, {"mute": True})
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["mute"])
        await owner.call("PATCH", moderate, {"channel_id": second})
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["channel_id"] == second and d["mute"])
        assert (await guest.http.patch(moderate, json={"mute": False})).status_code == 403
        await owner.call("PATCH", moderate, {"channel_id": None})
        last = await gateway.wait(
            "VOICE_STATE_UPDATE",
            lambda d: d["channel_id"] is None and d["seq"] == max(each["d"]["seq"] for each in states(gateway)),
        )
        assert last["d"]["user_id"] == guest.id
        await guest.call("POST", f"/api/channels/{lounge}/voice/join", {})
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["channel_id"] == lounge and d["mute"])  # mute stays
        after = await gateway.resume()
        assert after.session_id == gateway.session_id
        await after.close()
    async with owner.gateway() as fresh:
        (there,) = fresh.ready["servers"][0]["voice_states"]
        assert (there["user_id"], there["channel_id"], there["mute"]) == (guest.id, lounge, True)


def states(gateway) -> list[dict]:
    return [each for each in gateway.events if each["t"] == "VOICE_STATE_UPDATE"]


async def test_who_is_put_out_right_after_a_move_stays_out(place: Place) -> None:
    """A page that only follows a move says what it knows, as the web client does; a person's own wish is another."""
    owner, guest, server = await two(place)
    lounge = next(each["id"] for each in server["channels"] if each["type"] == "voice")
    rooms = f"/api/servers/{server['id']}/channels"
    second, third = [(await owner.call("POST", rooms, {"name": n, "type": "voice"}))["id"] for n in ("Second", "Third")]
    moderate = f"/api/servers/{server['id']}/voice/{guest.id}"
    await guest.call("POST", f"/api/channels/{lounge}/voice/join", {})
    follow = f"/api/channels/{second}/voice/join"
    moved = await owner.call("PATCH", moderate, {"channel_id": second})
    ticket = await guest.call("POST", follow, {"seq": moved["seq"]})
    await owner.call("PATCH", moderate, {"channel_id": None})

    node, bearer = ticket["url"].replace("ws", "http", 1), {"Authorization": f"Bearer {ticket['token']}"}
    assert (await guest.http.get(f"{node}/rtc/validate", headers=bearer)).status_code == 401
    for late in (moved, ticket["state"]):  # asked before they were told, or again for a ticket that is spent
        refused = await guest.http.post(follow, json={"seq": late["seq"]})
        assert (refused.status_code, refused.json()["code"]) == (409, "voice.overruled")
    async with owner.gateway() as gateway:
        assert gateway.ready["servers"][0]["voice_states"] == []

    own = await guest.call("POST", follow, {})
    await owner.call("PATCH", moderate, {"channel_id": third})
    back = await guest.http.post(follow, json={"seq": own["state"]["seq"]})  # the last move holds
    assert back.json()["code"] == "voice.overruled"
    async with owner.gateway() as gateway:
        (there,) = gateway.ready["servers"][0]["voice_states"]
        assert there["channel_id"] == third


async def test_a_full_room_is_full(place: Place) -> None:
    owner, guest, server = await two(place)
    lounge = next(each["id"] for each in server["channels"] if each["type"] == "voice")
    await owner.call("PATCH", f"/api/channels/{lounge}", {"user_limit": 1})
    await owner.call("POST", f"/api/channels/{lounge}/voice/join", {})
    full = await guest.http.post(f"/api/channels/{lounge}/voice/join", json={})
    assert (full.status_code, full.json()["code"]) == (403, "voice.full")
    wrong = await guest.http.post(f"/api/channels/{text_channel(server)}/voice/join", json={})
    assert wrong.json()["code"] == "channel.not_voice"


async def test_a_clean_stop_says_so(place: Place) -> None:
    owner = await place.owner()
    async with owner.gateway() as gateway:
        assert place.stop() == 0
        assert await gateway.wait_closed() == 1012
