"""Who gets what, and that events keep every client's state true."""

from __future__ import annotations

import asyncio
import random

import pytest

from hubbub.services.channel.permission_bits import MANAGE_MESSAGES
from tests.protocols.websocket.gateway_client import Hub, hub, settle
from tests.protocols.websocket.world import MEMBER


async def test_ready_then_live_events() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        channel = w.channel(server, "general")
        client = await h.open(ann)
        assert client.names()[0] == "READY"
        ready = client.events[0]["d"]
        assert ready["instance"]["name"] == "Test"
        assert ready["servers"][0]["heads"] == {f"server:{server}": 3, f"channel:{channel}": 0}
        message = w.say(channel, bob, "hello")
        await settle()
        (created,) = client.named("MESSAGE_CREATE")
        assert created["message"]["id"] == str(message.id)
        assert created["seq"] == 1
        await h.promise(client, ann)


async def test_nothing_of_what_may_not_be_seen() -> None:
    async with hub() as h:
        w = h.world
        ann, bob, eve = w.user("ann"), w.user("bob"), w.user("eve")
        server = w.server("Home", ann, bob)
        other = w.server("Elsewhere", eve)
        secret = w.channel(server, "secret", hide=[bob])
        away = w.channel(other, "away")
        a, b = await h.open(ann), await h.open(bob)
        w.say(secret, ann, "psst")
        w.say(away, eve, "far")
        w.type(ann, secret)
        w.channel(server, "also secret", hide=[bob])
        w.rename_channel(secret, "more secret")
        await settle()
        assert [each["message"]["content"] for each in a.named("MESSAGE_CREATE")] == ["psst"]
        assert a.named("TYPING_START") == []  # own typing comes not back
        assert {"CHANNEL_CREATE", "CHANNEL_UPDATE"} <= set(a.names())
        assert set(b.names()) <= {"READY", "PRESENCE_UPDATE"}


async def test_rights_are_corrected_before_the_next_event() -> None:
    """While rights are being asked for, later events of the server wait; the lost room says nothing any more."""
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        room, plain = w.channel(server, "room"), w.channel(server, "plain")
        b = await h.open(bob)
        b.clear()
        w.gate = asyncio.Event()
        w.say(room, ann, "before")
        w.hide(bob, room)
        w.say(room, ann, "after")
        w.say(plain, ann, "everybody")
        await settle()
        assert b.names() == ["MESSAGE_CREATE"]
        w.gate.set()
        await settle()
        assert b.names() == ["MESSAGE_CREATE", "CHANNEL_DELETE", "PERMISSIONS_UPDATE", "MESSAGE_CREATE"]
        assert [each["message"]["content"] for each in b.named("MESSAGE_CREATE")] == ["before", "everybody"]
        await h.promise(b, bob)


async def test_a_room_that_becomes_visible_comes_with_its_people() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        lounge = w.channel(server, "lounge", "voice", hide=[bob])
        w.enter_voice(ann, lounge)
        w.speak(lounge, ann)
        b = await h.open(bob)
        b.clear()
        w.hide(bob, lounge, hidden=False)
        await settle()
        assert b.names() == ["CHANNEL_CREATE", "VOICE_STATE_UPDATE", "VOICE_SPEAKING", "PERMISSIONS_UPDATE"]
        await h.promise(b, bob)
        w.hide(bob, lounge)
        await h.promise(b, bob)


async def test_rooms_are_described_once_per_set_of_rights() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        w.empower(server, ann, MEMBER | MANAGE_MESSAGES)
        a, b = await h.open(ann), await h.open(bob)
        room = w.channel(server, "room")
        w.rename_channel(room, "hall")
        await settle()
        for client, bits in ((a, MEMBER | MANAGE_MESSAGES), (b, MEMBER)):
            (made,), (changed,) = client.named("CHANNEL_CREATE"), client.named("CHANNEL_UPDATE")
            assert made["channel"]["permissions"] == changed["channel"]["permissions"] == str(bits)
            assert (made["seq"], changed["seq"]) == (3, 4)
            assert client.named("PERMISSIONS_UPDATE") == []
        await h.promise(a, ann)


async def test_a_deleted_room_is_forgotten() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        room = w.channel(server, "room")
        b = await h.open(bob)
        b.clear()
        w.delete_channel(room)
        w.rights_changed(server)
        await settle()
        assert b.names() == ["CHANNEL_DELETE"]
        w.enter_voice(ann, w.channel(server, "voice", "voice"))
        await h.promise(b, bob)


async def test_who_was_put_out_while_identifying_hears_nothing() -> None:
    """The event of it may be over before the session is subscribed."""
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann)
        w.servers_of = lambda user_id: (server,)  # type: ignore[method-assign]
        b = await h.open(bob)
        b.clear()
        w.rename_server(server, "Hideout")
        w.role(server, "spy")
        await settle()
        assert b.names() == []


async def test_joining_and_leaving_a_server() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann)
        room = w.channel(server, "room")
        w.say(room, ann, "old")
        a, b = await h.open(ann), await h.open(bob)
        w.join(server, bob)
        w.say(room, ann, "new")
        await settle()
        assert a.named("MEMBER_ADD")[0]["member_count"] == 2
        assert b.named("MEMBER_ADD") == []
        assert b.named("SERVER_CREATE")[0]["server"]["me"]["user"]["id"] == str(bob.id)
        assert b.named("PRESENCE_UPDATE")
        await h.promise(b, bob)
        b.clear()
        w.put_out(server, bob)
        w.say(room, ann, "alone")
        await settle()
        assert b.names() == ["SERVER_DELETE"]
        assert b.named("SERVER_DELETE")[0]["reason"] == "kicked"
        assert a.named("MEMBER_REMOVE")[0]["user_id"] == str(bob.id)
        w.delete_server(server)
        await settle()
        assert a.named("SERVER_DELETE")[0]["reason"] == "deleted"
        await h.promise(a, ann)


async def test_profiles_presence_and_own_devices() -> None:
    async with hub() as h:
        w = h.world
        ann, bob, eve = w.user("ann"), w.user("bob"), w.user("eve")
        server = w.server("Home", ann, bob)
        w.server("Shared twice", ann, bob)
        w.server("Elsewhere", eve)
        room = w.channel(server, "room")
        phone, desk, b, e = await h.open(ann, 1), await h.open(ann, 2), await h.open(bob), await h.open(eve)
        for each in (phone, desk, b, e):
            each.clear()
        w.rename(ann, "Anna")
        w.read_up_to(ann, room, 5)
        await settle()
        assert phone.names() == desk.names() == ["USER_UPDATE", "READ_STATE_UPDATE"]
        assert b.names() == ["USER_UPDATE"]
        assert e.names() == []
        w.revoke(ann, 2)
        await settle()
        assert desk.ending == "revoked"
        assert phone.ending is None


async def test_what_happens_while_ready_is_gathered_comes_after_it_once() -> None:
    async with hub() as h:
        w = h.world
        ann, bob = w.user("ann"), w.user("bob")
        server = w.server("Home", ann, bob)
        room = w.channel(server, "room")
        w.gate = asyncio.Event()
        opening = asyncio.create_task(h.open(bob))
        await settle()
        w.say(room, ann, "contained in the heads of READY")
        w.gate.set()
        slow, chat = asyncio.Event(), h.answers.chat
        read_states = chat.read_states

        async def waiting(principal: object) -> object:
            await slow.wait()
            return await read_states(principal)

        chat.read_states = waiting
        await settle()
        w.say(room, ann, "after the heads were read")
        w.channel(server, "new")
        w.role(server, "late")
        await settle()
        slow.set()
        b = await opening
        await settle()
        assert b.names()[0] == "READY"
        assert [each["message"]["content"] for each in b.named("MESSAGE_CREATE")] == ["after the heads were read"]
        chat.read_states = read_states
        await h.promise(b, bob)


async def test_members_are_listed_by_rows_names_and_ids() -> None:
    from hubbub.services.gateway.api import MemberQuestion

    async with hub() as h:
        w = h.world
        people = [w.user(name) for name in ("ann", "bob", "bea")]
        server = w.server("Home", *people)
        client = await h.open(people[1])
        for asked in (
            {"ranges": ((0, 1), (2, 2))},
            {"query": "b"},
            {"ids": (people[0].id,)},
            {"query": "", "server_id": 404},
        ):
            question = {"server_id": server, "ranges": (), "query": None, "ids": (), "nonce": "n", **asked}
            await h.gateway.list_members(client.session, MemberQuestion(**question))  # type: ignore[arg-type]
        chunks = client.named("MEMBERS_CHUNK")
        names = [[each["user"]["username"] for each in chunk["members"]] for chunk in chunks]
        assert names == [["bob", "ann"], ["bea"], ["bob", "bea"], ["ann"], []]
        assert [chunk["total"] for chunk in chunks] == [3, 3, 2, 1, 0]
        assert chunks[0]["presences"][0]["user_id"] == str(people[1].id)


@pytest.mark.parametrize("seed", range(12))
async def test_state_and_events_equal_a_fresh_ready(seed: int) -> None:
    """Everything that can happen, in random order, to people with different rights, some of them cut off at times."""
    chance = random.Random(seed)
    async with hub() as h:
        w = h.world
        people = [w.user(name) for name in ("ann", "bob", "cat", "dan")]
        servers = [w.server("One", *people), w.server("Two", *people[:2])]
        rooms = [w.channel(server, "general") for server in servers] + [w.channel(servers[0], "lounge", "voice")]
        clients = {user.id: await h.open(user) for user in people[:3]}
        for _ in range(150):
            _something(chance, h, people, servers, rooms)
            user = chance.choice(people[:3])
            if chance.random() < 0.1:
                h.cut(clients[user.id])
                _something(chance, h, people, servers, rooms)
                if chance.random() < 0.5:
                    await settle()
                again = await h.resume(clients[user.id], user)
                assert again is not None
                clients[user.id] = again
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        for user in people[:3]:
            await h.promise(clients[user.id], user)


def _something(chance: random.Random, h: Hub, people: list, servers: list[int], rooms: list[int]) -> None:  # type: ignore[type-arg]
    w = h.world
    server, user = chance.choice(servers), chance.choice(people)
    room = chance.choice([id for id in rooms if id in w.channels_by_id])
    member = user.id in w.people[server]
    at_home = user.id in w.people[w.channels_by_id[room].server_id]
    match chance.randrange(14):
        case 0 | 1 | 2:
            w.say(room, user, "hello")
        case 3:
            rooms.append(w.channel(server, "new", chance.choice(("text", "voice")), hide=chance.sample(people, 1)))
        case 4 if len(w.channels_by_id) > 3:
            w.delete_channel(room)
        case 5:
            w.rename_channel(room, f"room {chance.random()}")
        case 6:
            w.hide(user, room, hidden=chance.random() < 0.5)
        case 7 if member:
            w.empower(server, user, chance.choice((MEMBER, MEMBER | MANAGE_MESSAGES)))
        case 8 if member and len(w.people[server]) > 1:
            w.put_out(server, user)
        case 8 | 9 if not member:
            w.join(server, w.users[user.id])
        case 10 if at_home:
            w.enter_voice(user, room)
        case 11:
            w.leave_voice(user)
        case 12:
            w.rename_server(server, f"server {chance.random()}")
        case 13:
            w.read_up_to(user, room, chance.randrange(100))
        case _:
            w.role(server, "role")
