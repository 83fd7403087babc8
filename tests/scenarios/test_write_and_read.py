"""The main job: somebody sets the place up, another joins by a link, both write, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.scenarios.place import Person, Place


def text_channel(server: dict[str, Any]) -> str:
    return next(channel["id"] for channel in server["channels"] if channel["type"] == "text")


async def two(place: Place) -> tuple[Person, Person, dict[str, Any]]:
    owner = await place.owner()
    server = await owner.make_server()
    guest = await place.guest("wren", await owner.invite_to(server["id"]))
    return owner, guest, server


async def test_what_one_writes_the_other_sees_at_once(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    async with owner.gateway() as first, guest.gateway() as second:
        by_rest = await owner.send(channel, "Wind model is merged.", nonce="a")
        seen = await second.wait("MESSAGE_CREATE", lambda d: d["message"]["id"] == by_rest["id"])
        assert seen["d"]["message"] == by_rest
        reply = await second.command("message.send", {"channel_id": channel, "content": "Gusts feel *right*."})
        echoed = await first.wait("MESSAGE_CREATE", lambda d: d["message"]["id"] == reply["data"]["id"])
        assert echoed["d"]["message"]["author"]["username"] == "wren"
        assert echoed["d"]["seq"] == seen["d"]["seq"] + 1
    assert [each["content"] for each in await guest.history(channel)] == [
        "Gusts feel *right*.",
        "Wind model is merged.",
    ]


async def test_a_repeated_nonce_is_one_message(place: Place) -> None:
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    first = await owner.http.post(f"/api/channels/{channel}/messages", json={"content": "once", "nonce": "n1"})
    again = await owner.http.post(f"/api/channels/{channel}/messages", json={"content": "once", "nonce": "n1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    together = await asyncio.gather(*(owner.send(channel, "race", nonce="n2") for _ in range(8)))
    assert len({each["id"] for each in together}) == 1
    assert [each["content"] for each in await owner.history(channel)] == ["race", "once"]


async def test_acknowledged_messages_survive_a_kill(place: Place) -> None:
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    sent = [await owner.send(channel, f"message {number}") for number in range(20)]
    place.kill()
    place.start()
    kept = await owner.history(channel, limit=100)
    assert [each["id"] for each in reversed(kept)] == [each["id"] for each in sent]


async def test_a_cut_connection_resumes_with_exactly_what_it_missed(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    async with guest.gateway() as before:
        await owner.send(channel, "seen")
        await before.wait("MESSAGE_CREATE")
        await before.cut()
        missed = [(await owner.send(channel, f"missed {number}"))["id"] for number in range(5)]
        after = await before.resume()
        got = [event["d"]["message"]["id"] for event in after.events if event["t"] == "MESSAGE_CREATE"]
        assert got == missed
        await after.close()


async def test_editing_and_deleting_reach_everybody(place: Place) -> None:
    owner, guest, server = await two(place)
    channel = text_channel(server)
    message = await owner.send(channel, "frist", nonce="n")
    answer = await guest.call(
        "POST", f"/api/channels/{channel}/messages", {"content": "you mean first", "reply_to": message["id"]}
    )
    async with guest.gateway() as gateway:
        edited = await owner.call("PATCH", f"/api/messages/{message['id']}", {"content": "first"})
        assert edited["edited_timestamp"]
        told = await gateway.wait("MESSAGE_UPDATE")
        assert (told["d"]["content"], told["d"]["message"]) == ("first", edited)
        reply = await gateway.command("message.edit", {"message_id": answer["id"], "content": "right"})
        assert reply["data"]["referenced_message"]["id"] == message["id"]
        await owner.call("DELETE", f"/api/messages/{message['id']}", status=204)
        gone = await gateway.wait("MESSAGE_DELETE")
        assert gone["d"]["message_id"] == message["id"]
        assert "problem" not in await gateway.command("message.delete", {"message_id": answer["id"]})
    assert await owner.history(channel) == []
    assert (await owner.http.get(f"/api/channels/{channel}/messages/{message['id']}")).status_code == 404
    again = await owner.send(channel, "a new one", nonce="n")
    assert again["id"] != message["id"]


async def test_history_pages_both_ways_and_around(place: Place) -> None:
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    ids = [(await owner.send(channel, str(number)))["id"] for number in range(130)]
    assert [each["id"] for each in await owner.history(channel, limit=100)] == ids[:29:-1]
    assert [each["id"] for each in await owner.history(channel, before=ids[30], limit=100)] == ids[29::-1]
    assert [each["id"] for each in await owner.history(channel, after=ids[99], limit=10)] == ids[109:99:-1]
    around = [each["id"] for each in await owner.history(channel, around=ids[60], limit=21)]
    assert around == ids[70:49:-1]
    assert await owner.history(channel, after=ids[-1]) == []
    for query in ("limit=0", "limit=101", "before=1&after=2", "before=x"):
        assert (await owner.http.get(f"/api/channels/{channel}/messages?{query}")).status_code == 400


async def test_long_pages_are_gzipped_for_those_who_take_it(place: Place) -> None:
    owner, _, server = await two(place)
    channel = text_channel(server)
    for number in range(20):
        await owner.send(channel, f"number {number}, and some more words of which there are many")
    page, small = f"/api/channels/{channel}/messages", f"/api/channels/{channel}"
    plain = await owner.http.get(page, headers={"Accept-Encoding": "identity"})
    packed = await owner.http.get(page, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])
    assert packed.json() == plain.json()
    for path in (small, "/api/auth/sessions"):
        assert "content-encoding" not in (await owner.http.get(path, headers={"Accept-Encoding": "gzip"})).headers
