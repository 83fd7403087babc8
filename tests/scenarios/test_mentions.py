"""The list of mentions over REST, for people who are inside and for nobody else."""

from __future__ import annotations

import httpx

from tests.scenarios.place import Place
from tests.scenarios.test_write_and_read import text_channel, two

VIEW_CHANNEL = 1 << 10


async def test_mentions_of_all_servers_are_one_list(place: Place) -> None:
    owner, guest, server = await two(place)
    other = await owner.make_server("Kiln and Co")
    await guest.call("POST", f"/api/invites/{await owner.invite_to(other['id'])}")
    first = await owner.send(text_channel(server), f"<@{guest.id}> the chart, please")
    second = await owner.send(text_channel(other), "@everyone the kiln is warm")
    await owner.send(text_channel(server), "nobody in particular")
    found = await guest.call("GET", "/api/users/@me/mentions")
    assert found == [second, first]
    assert await guest.call("GET", f"/api/users/@me/mentions?limit=1&before={second['id']}") == [first]
    assert await owner.call("GET", "/api/users/@me/mentions") == []


async def test_a_closed_room_leaves_the_list(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    await owner.send(channel, f"<@{guest.id}> the chart, please")
    assert len(await guest.call("GET", "/api/users/@me/mentions")) == 1
    entry = {"type": "user", "deny": str(VIEW_CHANNEL)}
    await owner.call("PUT", f"/api/channels/{channel}/permissions/{guest.id}", entry)
    assert await guest.call("GET", "/api/users/@me/mentions") == []


async def test_what_was_read_can_be_unread_again_to_the_beginning(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    said = await owner.send(channel, f"<@{guest.id}> the chart, please")
    for upto, calls in ((said["id"], 0), ("0", 1)):
        mark = await guest.call("PUT", f"/api/channels/{channel}/read", {"message_id": upto})
        assert mark == {"channel_id": channel, "last_message_id": upto, "mention_count": calls}
        async with guest.gateway() as gateway:
            assert mark in gateway.ready["read_states"]
    await guest.call("PUT", f"/api/channels/{channel}/read", {"message_id": "1"}, 404)


async def test_mentions_refuse_what_makes_no_sense(place: Place) -> None:
    owner = await place.owner()
    for query in ("limit=0", "limit=101", "before=x", "before=99999999999999999999", "limit=many"):
        answer = await owner.http.get(f"/api/users/@me/mentions?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["code"].startswith(("message.", "request.")), answer.text
    async with httpx.AsyncClient(base_url=place.url) as http:
        assert (await http.get("/api/users/@me/mentions")).status_code == 401
