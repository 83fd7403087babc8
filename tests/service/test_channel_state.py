"""Old state + emitted events = freshly fetched state; and what is kept in memory is never older than the last commit."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from hubbub.errors import Refused
from hubbub.events import Event, decode
from hubbub.infra.database.schema import metadata
from hubbub.services.auth.api import Principal
from hubbub.services.channel import api, events
from hubbub.services.channel import permission_bits as bits
from hubbub.services.channel.service import ChannelService
from tests.service.channel_world import World, by_person, opened, refused, world

__all__ = ["world"]


class Replica:
    """What somebody knows of a server who fetched it once and has listened since."""

    def __init__(self, server: int) -> None:
        self.server_id = server
        self.server: api.Server | None = None
        self.channels: dict[int, api.Channel] = {}
        self.roles: dict[int, api.Role] = {}
        self.members: dict[int, api.Member] = {}

    async def fetch(self, world: World, owner: Principal) -> None:
        view = await world.channels.view(owner, self.server_id)
        everybody = api.MemberQuery(ids=(), query=None, after=0, limit=1000)
        self.server = view.server
        self.channels = {each.channel.id: each.channel for each in view.channels}
        self.roles = {each.id: each for each in view.roles}
        members = await world.channels.members(owner, self.server_id, everybody)
        self.members = {each.user.id: each for each in members}

    def apply(self, event: Event) -> None:
        assert self.server is not None
        match event:
            case events.ServerUpdated():
                self.server = event.server
            case events.ChannelCreated() | events.ChannelUpdated():
                self.channels[event.channel.id] = event.channel
            case events.ChannelDeleted():
                del self.channels[event.channel_id]
            case events.RoleChanged():
                self.roles[event.role.id] = event.role
            case events.RoleDeleted():
                del self.roles[event.role_id]
                for id, member in self.members.items():
                    left = tuple(each for each in member.roles if each != event.role_id)
                    self.members[id] = msgspec.structs.replace(member, roles=left)
            case events.MemberAdded() | events.MemberUpdated():
                self.members[event.member.user.id] = event.member
            case events.MemberRemoved():
                del self.members[event.user_id]
            case _:
                pass
        if isinstance(event, events.MemberAdded | events.MemberRemoved):
            self.server = msgspec.structs.replace(self.server, member_count=event.member_count)

    def state(self) -> tuple[Any, ...]:
        return self.server, self.channels, self.roles, self.members


Deed = Callable[[World, Principal, int, list[Principal], random.Random], Awaitable[Any]]


async def _any_channel(world: World, owner: Principal, server: int, dice: random.Random) -> int:
    view = await world.channels.view(owner, server)
    return dice.choice([each.channel.id for each in view.channels] or [0])


async def _any_role(world: World, owner: Principal, server: int, dice: random.Random) -> api.Role:
    return dice.choice((await world.channels.view(owner, server)).roles)


async def make_channel(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    parent = dice.choice([None, await _any_channel(w, o, s, dice)])
    kinds: tuple[api.ChannelType, ...] = ("text", "voice", "category")
    await w.channel(o, s, f"c{dice.random()}", dice.choice(kinds), parent)


async def move_channel(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    parent = dice.choice([None, msgspec.UNSET, await _any_channel(w, o, s, dice)])
    position = dice.choice([msgspec.UNSET, dice.randrange(6)])
    patch = api.ChannelPatch(parent_id=parent, position=position, name=dice.choice([msgspec.UNSET, "other"]))
    await w.channels.update_channel(o, await _any_channel(w, o, s, dice), patch)


async def drop_channel(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    await w.channels.delete_channel(o, await _any_channel(w, o, s, dice))


async def make_role(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    await w.role(o, s, dice.choice([0, bits.SPEAK, bits.MANAGE_CHANNELS]), f"r{dice.random()}", dice.random() < 0.5)


async def change_role(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    role = await _any_role(w, o, s, dice)
    patch = api.RolePatch(position=dice.randrange(1, 5), hue=dice.choice([None, 3]), permissions=dice.choice([0, 1024]))
    await w.channels.update_role(o, s, role.id, patch)


async def drop_role(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    await w.channels.delete_role(o, s, (await _any_role(w, o, s, dice)).id)


async def come(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    await w.join(dice.choice(people), s, o)


async def go(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    who = dice.choice(people)
    await (w.channels.leave_server(who, s) if dice.random() < 0.5 else w.channels.kick_member(o, s, who.user_id))


async def change_member(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    role = await _any_role(w, o, s, dice)
    patch = api.MemberPatch(nick=dice.choice([None, msgspec.UNSET, "nick"]), roles=dice.choice([(), (role.id,)]))
    await w.channels.update_member(o, s, dice.choice(people).user_id, patch)


async def rename_server(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    await w.channels.update_server(o, s, api.ServerPatch(name=f"n{dice.random()}"))


async def put_entry(w: World, o: Principal, s: int, people: list[Principal], dice: random.Random) -> None:
    role = await _any_role(w, o, s, dice)
    target = dice.choice([role.id, dice.choice(people).user_id])
    await w.entry(o, await _any_channel(w, o, s, dice), target, deny=dice.choice([bits.VIEW_CHANNEL, bits.SPEAK]))


DEEDS: tuple[Deed, ...] = (
    make_channel, make_channel, make_channel, move_channel, move_channel, drop_channel, make_role, change_role,
    drop_role, come, come, go, change_member, change_member, rename_server, put_entry,
)  # fmt: skip


def check_tree(channels: dict[int, api.Channel]) -> None:
    for parent in {each.parent_id for each in channels.values()}:
        assert parent is None or parent in channels
        siblings = sorted(each.position for each in channels.values() if each.parent_id == parent)
        assert siblings == list(range(len(siblings)))
    for each in channels.values():
        above, depth = each, 1
        while above.parent_id is not None:
            if above.type == "category":
                assert channels[above.parent_id].type == "category"
            above, depth = channels[above.parent_id], depth + 1
        assert depth <= 8


@pytest.mark.parametrize("seed", range(4))
async def test_events_lead_to_the_same_state_as_asking_again(world: World, seed: int) -> None:
    dice = random.Random(seed)
    owner, people = await world.person("owner"), [await world.person(f"p{number}") for number in range(5)]
    server = await world.server(owner)
    for each in people[:2]:
        await world.join(each, server, owner)
    replica, fresh = Replica(server), Replica(server)
    await replica.fetch(world, owner)
    rights: dict[int, Any] = {}
    done = 0
    for _ in range(150):
        before = len(world.facts)
        try:
            await dice.choice(DEEDS)(world, owner, server, people, dice)
            done += 1
        except Refused:
            assert len(world.facts) == before
        for event in world.facts[before:]:
            replica.apply(event)
        await fresh.fetch(world, owner)
        assert replica.state() == fresh.state()
        check_tree(fresh.channels)
        told = world.facts[before:]
        await _check_rights(world, server, people, rights, told)
    assert done > 70
    epochs = [each.epoch for each in world.facts if isinstance(each, events.PermissionsChanged)]
    assert epochs == sorted(set(epochs))
    assert len(epochs) > 5


async def _check_rights(
    world: World, server: int, people: list[Principal], known: dict[int, Any], told: list[Event]
) -> None:
    """Whoever's rights on something that was there before are others now was named by an event; and the service that
    remembers says the same as one that has just begun."""
    ids = tuple(each.user_id for each in people)
    fresh = ChannelService(world.database, world.users, world.ids, world.clock)
    now = by_person(await world.channels.access_of(server, ids))
    assert now == by_person(await fresh.access_of(server, ids))
    changed = [each for each in told if isinstance(each, events.PermissionsChanged)]
    made = {each.channel.id for each in told if isinstance(each, events.ChannelCreated)}
    gone = {each.channel_id for each in told if isinstance(each, events.ChannelDeleted)}
    for id in now.keys() & known.keys():
        old = {channel: rights for channel, rights in known[id].channels.items() if channel not in gone}
        new = {channel: rights for channel, rights in now[id].channels.items() if channel not in made}
        if (old, known[id].permissions) != (new, now[id].permissions):
            assert any(not each.user_ids or id in each.user_ids for each in changed)
    known.clear()
    known.update(now)


async def test_a_revoked_right_stops_the_next_call(world: World) -> None:
    owner, friend = await world.person("owner"), await world.person("friend")
    server = await world.server(owner)
    await world.join(friend, server, owner)
    room, role = await world.channel(owner, server), await world.role(owner, server, bits.MANAGE_CHANNELS)
    at, send = world.channels, bits.SEND_MESSAGES

    async def may(permission: int = send) -> bool:
        try:
            await at.authorize(friend, room.id, permission)
        except Refused:
            return False
        return True

    assert await may()
    await world.entry(owner, room.id, server, deny=send)
    assert not await may()
    await world.entry(owner, room.id, friend.user_id, allow=send)
    assert await may()
    await at.delete_overwrite(owner, room.id, friend.user_id)
    assert not await may()
    await at.delete_overwrite(owner, room.id, server)
    assert await may()
    assert not await may(bits.MANAGE_CHANNELS)
    await world.give(owner, server, friend, role)
    assert await may(bits.MANAGE_CHANNELS)
    await at.update_role(owner, server, role.id, api.RolePatch(permissions=0))
    assert not await may(bits.MANAGE_CHANNELS)
    await at.update_role(owner, server, role.id, api.RolePatch(permissions=bits.ADMINISTRATOR))
    assert await may(bits.MANAGE_CHANNELS)
    await at.delete_role(owner, server, role.id)
    assert not await may(bits.MANAGE_CHANNELS)
    await at.kick_member(owner, server, friend.user_id)
    await refused(at.authorize(friend, room.id, send), "channel.not_found")
    await world.join(friend, server, owner)
    assert await may()
    await at.delete_channel(owner, room.id)
    await refused(at.authorize(friend, room.id, send), "channel.not_found")


async def test_a_caller_who_gives_up_leaves_nothing_old_behind(world: World) -> None:
    """Cancelled at every possible step of the way, the change is either whole and seen, or not there."""
    owner, friend = await world.person("owner"), await world.person("friend")
    server = await world.server(owner)
    await world.join(friend, server, owner)
    room = await world.channel(owner, server)
    for steps, allowed in itertools.product(range(12), (False, True)):
        call = world.entry(owner, room.id, server, **({"allow" if allowed else "deny": bits.SEND_MESSAGES}))
        task = asyncio.create_task(call)
        for _ in range(steps):
            await asyncio.sleep(0)
            await world.channels.access(friend.user_id, room.id)  # keeps what it read
        task.cancel()
        await asyncio.wait([task])
        await world.channels.access(friend.user_id, room.id)  # keeps what it read, while the commit may be under way
        await world.invite(owner, server)  # committed after it
        await world.channels.close()  # waits for changes under way
        fresh = ChannelService(world.database, world.users, world.ids, world.clock)
        assert await world.channels.access(friend.user_id, room.id) == await fresh.access(friend.user_id, room.id)


async def test_an_entry_ends_on_time_and_others_are_told(world: World) -> None:
    owner, friend = await world.person("owner"), await world.person("friend")
    server = await world.server(owner)
    await world.join(friend, server, owner)
    room, at = await world.channel(owner, server), world.channels
    await world.entry(owner, room.id, friend.user_id, deny=bits.SEND_MESSAGES, seconds=10)
    await world.entry(owner, room.id, server, deny=bits.SPEAK, seconds=20)
    said = await at.explain(owner, room.id, friend.user_id, bits.SEND_MESSAGES)
    assert (said.allowed, said.decided_by, said.target_id) == (False, "overwrite", friend.user_id)
    assert said.valid_until == world.clock.now_ms() + 10_000
    await refused(at.authorize(friend, room.id, bits.SEND_MESSAGES), "permission.denied")
    world.clock.forward(9.999)
    await at.look()
    await refused(at.authorize(friend, room.id, bits.SEND_MESSAGES), "permission.denied")
    before = len(world.facts)
    world.clock.forward(0.001)
    await at.authorize(friend, room.id, bits.SEND_MESSAGES)  # before anybody swept
    assert len(await at.overwrites(owner, room.id)) == 1
    await at.look()
    assert [each.user_ids for each in world.facts[before:] if isinstance(each, events.PermissionsChanged)] == [
        (friend.user_id,)
    ]
    world.clock.forward(10)
    await at.look()
    await at.look()
    told = [each.user_ids for each in world.facts[before:] if isinstance(each, events.PermissionsChanged)]
    assert told == [(friend.user_id,), ()]
    assert await at.overwrites(owner, room.id) == ()


async def test_the_timer_tells_by_itself_also_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        owner = await world.person("owner")
        server = await world.server(owner)
        room = await world.channel(owner, server)
        await world.entry(owner, room.id, server, deny=bits.SPEAK, seconds=60)
        again = ChannelService(world.database, world.users, world.ids, world.clock)
        await again.start()
        world.clock.forward(60)
        before = len(world.facts)
        async with asyncio.timeout(5):
            while not any(isinstance(each, events.PermissionsChanged) for each in world.facts[before:]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await again.close()


async def test_a_deleted_server_goes_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.services.channel.server_delete.PIECE", 2)
    owner, people = await world.person("owner"), [await world.person(f"p{number}") for number in range(7)]
    server, other = await world.server(owner), await world.server(owner)
    for place in (server, other):
        for each in people:
            await world.join(each, place, owner)
    await world.channels.delete_server(owner, server)
    gone = [each for each in world.facts if isinstance(each, events.ServerDeleted)]
    assert [(each.server_id, len(each.channel_ids)) for each in gone] == [(server, 2)]
    again = ChannelService(world.database, world.users, world.ids, world.clock)  # as after a crash in between
    await again.look()
    for table in ("server_members", "channels", "roles", "invites", "deleted_servers"):
        found = metadata.tables[table]
        column = found.c.id if table == "deleted_servers" else found.c.server_id
        rows = await world.database.fetch(select(func.count()).where(column == server))
        assert rows == [(0,)], table
    assert len((await world.channels.views(people[0])).views) == 1
    assert (await world.channels.view(owner, other)).server.member_count == 8


async def test_a_view_contains_everything_before_its_head(world: World) -> None:
    """While others change the server: whoever applies the events after the head to a view has the newest state."""
    owner = await world.person("owner")
    server = await world.server(owner)
    views: list[api.ServerView] = []
    stop = False

    async def watch() -> None:
        while not stop:
            views.append(await world.channels.view(owner, server))
            views.extend((await world.channels.views(owner)).views)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    rooms = [await world.channel(owner, server, f"r{number}") for number in range(20)]
    await asyncio.gather(*(world.channels.delete_channel(owner, each.id) for each in rooms[::2]))
    stop = True
    await watching
    stream = await world.database.events_after(f"server:{server}", 0, 10_000)
    assert stream is not None
    history = [decode(payload) for payload in stream]
    last = {each.channel.id: each.channel for each in (await world.channels.view(owner, server)).channels}
    assert len({view.head for view in views}) > 5
    for view in views[:: max(1, len(views) // 100)]:
        known = {each.channel.id: each.channel for each in view.channels}
        for fact, event in history:
            if fact.seq > view.head and isinstance(event, events.ChannelCreated | events.ChannelUpdated):
                known[event.channel.id] = event.channel
            elif fact.seq > view.head and isinstance(event, events.ChannelDeleted):
                known.pop(event.channel_id, None)
        assert known == last
