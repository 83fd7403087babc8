"""What a client gets that was away, or that the bus lost something for: everything it missed, or the word to begin anew."""

from __future__ import annotations

import asyncio

import pytest

from tests.protocols.websocket.gateway_client import Client, hub, settle


async def test_resume_brings_what_was_missed() -> None:
    async with hub() as h:
        w = h.world
        ann = w.user("ann")
        room = w.channel(w.server("Home", ann), "room")
        first = await h.open(ann)
        await settle()
        h.cut(first)
        for number in range(5):
            w.say(room, ann, str(number))
        await settle()
        again = await h.resume(first, ann)
        assert again is not None
        assert again.names() == ["MESSAGE_CREATE"] * 5 + ["RESUMED"]
        assert again.named("RESUMED") == [{"replayed": 5}]
        await h.promise(again, ann)


@pytest.mark.parametrize("how", ["late", "other session", "other person", "unknown", "ahead", "behind"])
async def test_resume_is_refused(how: str) -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        room = w.channel(w.server("Home", ann), "room")
        client = await h.open(ann)
        await settle()
        h.cut(client)
        principal, id, sequence = client.session.principal, client.session.id, client.sequence
        if how == "late":
            h.clock.seconds += 121
            await h.gateway._upkeep.step(h.clock.seconds)  # pyright: ignore[reportPrivateUsage]
        elif how == "other session":
            principal = type(principal)("person", ann.id, 2)
        elif how == "other person":
            principal = type(principal)("person", bob.id, 1)
        elif how == "unknown":
            id = "nothing"
        elif how == "ahead":
            sequence += 1
        else:
            for number in range(2_100):
                w.say(room, ann, str(number))
            for _ in range(10):
                await settle()
        assert h.gateway.resume(principal, id, sequence, Client()) is None


async def test_who_comes_back_on_another_socket_replaces_the_old_one() -> None:
    async with hub() as h:
        ann = h.world.user("ann")
        first = await h.open(ann)
        second = await h.resume(first, ann)
        assert second is not None
        assert first.ending == "replaced"
        h.cut(first)  # the old socket's end changes nothing
        h.clock.seconds += 1000
        await h.gateway._upkeep.step(h.clock.seconds)  # pyright: ignore[reportPrivateUsage]
        assert await h.resume(second, ann) is not None


async def test_lost_events_are_had_again() -> None:
    async with hub() as h:
        w = h.world
        ann = w.user("ann")
        server = w.server("Home", ann)
        room = w.channel(server, "room")
        client = await h.open(ann)
        w.say(room, ann, "1")
        w.losing = True
        w.say(room, ann, "2")
        w.say(room, ann, "3")
        w.losing = False
        w.say(room, ann, "4")
        w.say(room, ann, "5")
        await settle()
        assert [each["message"]["content"] for each in client.named("MESSAGE_CREATE")] == list("12345")
        assert (h.gateway.health.gaps, h.gateway.health.repaired) == (1, 4)


async def test_events_that_are_gone_for_good_end_the_session() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann)
        room = w.channel(server, "room")
        a, b = await h.open(ann), await h.open(bob)
        w.say(room, ann, "1")
        w.losing = True
        w.say(room, ann, "2")
        w.losing = False
        w.forgotten.add(f"channel:{room}")
        w.say(room, ann, "3")
        await settle()
        assert a.invalid_for
        assert b.invalid_for is None
        assert h.gateway.health.invalid == 1


async def test_unknown_rights_fail_closed(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        room = w.channel(server, "room")
        b = await h.open(bob)
        b.clear()
        w.unavailable = 2
        w.hide(bob, room)
        w.say(room, ann, "secret")
        async with asyncio.timeout(3):
            while w.unavailable:  # noqa: ASYNC110  (the pauses between the questions are real)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        await settle()
        assert b.names() == ["CHANNEL_DELETE", "PERMISSIONS_UPDATE"]
        w.unavailable = 1_000
        monkeypatch.setattr("hubbub.services.gateway.lane.STEP_SECONDS", 0.5)
        w.hide(bob, room, hidden=False)
        async with asyncio.timeout(5):
            while b.invalid_for is None:  # noqa: ASYNC110  (the pauses between the questions are real)
                await asyncio.sleep(0.01)
        assert b.invalid_for == "rights could not be checked"


async def test_an_overflowing_bus_is_noticed() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        room = w.channel(server, "room")
        b = await h.open(bob)
        w.say(room, ann, "1")
        await settle()
        w.losing = True
        w.say(room, ann, "2")
        secret = w.channel(server, "secret", hide=[bob])
        w.hide(bob, room)
        w.losing = False
        h.gateway._lost()  # pyright: ignore[reportPrivateUsage]
        await settle()
        await h.promise(b, bob)
        w.say(room, ann, "3")
        w.say(secret, ann, "3")
        await settle()
        assert [each["message"]["content"] for each in b.named("MESSAGE_CREATE")] == ["1"]


async def test_an_abandoned_identify_leaves_nothing() -> None:
    async with hub() as h:
        w = h.world
        ann = w.user("ann")
        w.server("Home", ann)
        w.gate = asyncio.Event()
        opening = asyncio.create_task(h.open(ann))
        await settle()
        opening.cancel()
        w.gate.set()
        await settle()
        assert h.gateway.health.sessions == 0
        assert not h.gateway._subscriptions.servers  # pyright: ignore[reportPrivateUsage]
