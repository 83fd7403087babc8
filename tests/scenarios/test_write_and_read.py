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
