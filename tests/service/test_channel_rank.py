"""Nobody touches what is at or above their own highest role, and nobody grants a right that they lack."""

from __future__ import annotations

import asyncio

import pytest

from hubbub.services.auth.api import Principal
from hubbub.services.channel import api
from hubbub.services.channel import permission_bits as bits
from hubbub.services.channel.api import MemberPatch, RolePatch
from tests.service.channel_world import World, refused, world

__all__ = ["world"]
MOD = bits.MANAGE_ROLES | bits.KICK_MEMBERS | bits.MANAGE_NICKNAMES | bits.MUTE_MEMBERS


class Court:
    """From the lowest: plain, low, mod (who may manage), high; the owner above all."""

    def __init__(self, world: World) -> None:
        self.world, self.at = world, world.channels

    async def gather(self) -> Court:
        w = self.world
        self.owner, self.mod, self.low, self.high, self.plain = [
            await w.person(name) for name in ("owner", "mod", "low", "high", "plain")
        ]
        self.server = await w.server(self.owner)
        for each in (self.mod, self.low, self.high, self.plain):
            await w.join(each, self.server, self.owner)
        self.high_role = await w.role(self.owner, self.server, bits.MANAGE_SERVER, "high")
        self.mod_role = await w.role(self.owner, self.server, MOD, "mod")
        self.low_role = await w.role(self.owner, self.server, 0, "low")  # each new one is the lowest
        await w.give(self.owner, self.server, self.high, self.high_role)
        await w.give(self.owner, self.server, self.mod, self.mod_role)
        await w.give(self.owner, self.server, self.low, self.low_role)
        return self

    async def order(self) -> list[str]:
        view = await self.at.view(self.owner, self.server)
        assert [each.position for each in view.roles] == list(range(len(view.roles)))
        return [each.name for each in view.roles]


@pytest.fixture
async def court(world: World) -> Court:
    return await Court(world).gather()


async def test_new_roles_are_the_lowest(court: Court) -> None:
    assert await court.order() == ["everyone", "low", "mod", "high"]


@pytest.mark.parametrize("deed", ["update", "delete", "assign", "take"])
async def test_roles_at_or_above_ones_own_are_out_of_reach(court: Court, deed: str) -> None:
    at, server = court.at, court.server
    for role, holder in ((court.high_role, court.high), (court.mod_role, court.mod)):
        call = {
            "update": at.update_role(court.mod, server, role.id, RolePatch(name="x")),
            "delete": at.delete_role(court.mod, server, role.id),
            "assign": at.update_member(court.mod, server, court.plain.user_id, MemberPatch(roles=(role.id,))),
            "take": at.update_member(court.mod, server, holder.user_id, MemberPatch(roles=())),
        }
        for name, other in call.items():
            if name != deed:
                other.close()
        code = "member.outranked" if deed == "take" and holder is court.high else "role.outranked"
        await refused(call[deed], code)


async def test_lower_roles_are_within_reach(court: Court) -> None:
    at, server = court.at, court.server
    changed = await at.update_role(court.mod, server, court.low_role.id, RolePatch(name="lower", permissions=MOD))
    assert (changed.name, changed.permissions) == ("lower", MOD)
    member = await court.world.give(court.mod, server, court.plain, court.low_role)
    assert member.roles == (court.low_role.id,)
    await at.delete_role(court.mod, server, court.low_role.id)
    assert await court.order() == ["everyone", "mod", "high"]


async def test_nobody_grants_what_they_lack(court: Court) -> None:
    at, server, world = court.at, court.server, court.world
    for wanted in (bits.BAN_MEMBERS, bits.ADMINISTRATOR, MOD | bits.MANAGE_SERVER):
        new = api.NewRole(name="x", permissions=wanted, hue=None, hoist=False, mentionable=False)
        await refused(at.create_role(court.mod, world.key(), server, new), "permission.denied")
        await refused(
            at.update_role(court.mod, server, court.low_role.id, RolePatch(permissions=wanted)), "permission.denied"
        )
    strong = await world.role(court.owner, server, bits.ADMINISTRATOR, "strong")  # lower than mod, but stronger
    await refused(world.give(court.mod, server, court.mod, court.mod_role, strong), "permission.denied")
    await refused(world.give(court.mod, server, court.plain, strong), "permission.denied")
    room = await world.channel(court.owner, server)
    everybody = server
    await refused(world.entry(court.mod, room.id, everybody, allow=bits.MANAGE_CHANNELS), "permission.denied")
    await refused(world.entry(court.mod, room.id, everybody, deny=bits.MANAGE_CHANNELS), "permission.denied")
    await world.entry(court.owner, room.id, everybody, deny=bits.MANAGE_CHANNELS)
    await refused(at.delete_overwrite(court.mod, room.id, everybody), "permission.denied")  # it would grant
    await refused(world.entry(court.mod, room.id, everybody, deny=bits.SPEAK), "permission.denied")
    await world.entry(court.mod, room.id, everybody, deny=bits.MANAGE_CHANNELS | bits.SPEAK)  # leaves what it may not
    for unknown in (1 << 12, 1 << 63, 1 << 64):
        new = api.NewRole(name="x", permissions=unknown, hue=None, hoist=False, mentionable=False)
        await refused(at.create_role(court.owner, world.key(), server, new), "permission.unknown")


async def test_a_role_rises_only_to_below_ones_own(court: Court) -> None:
    at, server = court.at, court.server
    await court.world.role(court.owner, server, 0, "lowest")
    await refused(at.update_role(court.mod, server, court.low_role.id, RolePatch(position=3)), "role.outranked")
    await refused(at.update_role(court.mod, server, court.low_role.id, RolePatch(position=99)), "role.outranked")
    await at.update_role(court.mod, server, court.low_role.id, RolePatch(position=1))
    assert await court.order() == ["everyone", "low", "lowest", "mod", "high"]
    await at.update_role(court.owner, server, court.low_role.id, RolePatch(position=99))
    assert await court.order() == ["everyone", "lowest", "mod", "high", "low"]
    await at.update_role(court.owner, server, court.low_role.id, RolePatch(position=-5))
    assert await court.order() == ["everyone", "low", "lowest", "mod", "high"]


async def test_everybodys_role_stays(court: Court) -> None:
    at, server = court.at, court.server
    for patch in (RolePatch(name="x"), RolePatch(position=2)):
        await refused(at.update_role(court.owner, server, server, patch), "role.everybody_stays")
    await refused(at.delete_role(court.owner, server, server), "role.everybody_stays")
    await refused(at.update_role(court.plain, server, server, RolePatch(permissions=0)), "permission.denied")
    await at.update_role(court.owner, server, server, RolePatch(permissions=bits.MANAGE_ROLES | bits.VIEW_CHANNEL))
    await refused(at.update_role(court.plain, server, server, RolePatch(permissions=0)), "role.outranked")
    member = await at.update_member(court.owner, server, court.plain.user_id, MemberPatch(roles=(server,)))
    assert member.roles == ()


async def test_people_at_or_above_are_out_of_reach(court: Court) -> None:
    at, server = court.at, court.server
    peer = court.plain
    await court.world.give(court.owner, server, peer, court.mod_role)
    for other in (court.owner, court.high, peer):
        await refused(at.kick_member(court.mod, server, other.user_id), "member.outranked")
        await refused(at.update_member(court.mod, server, other.user_id, MemberPatch(nick="x")), "member.outranked")
        await refused(at.authorize_over(court.mod, server, other.user_id, bits.MUTE_MEMBERS), "member.outranked")
    await refused(at.kick_member(court.mod, server, court.mod.user_id), "member.outranked")
    await refused(at.kick_member(court.owner, server, court.owner.user_id), "member.outranked")
    await at.authorize_over(court.mod, server, court.low.user_id, bits.MUTE_MEMBERS)
    await at.kick_member(court.mod, server, court.low.user_id)
    await refused(at.view(court.low, server), "server.not_found")
    await at.kick_member(court.owner, server, court.high.user_id)


async def test_nicknames(court: Court) -> None:
    at, server, me = court.at, court.server, court.plain

    async def nick(by: Principal, of: Principal, text: str | None) -> str | None:
        return (await at.update_member(by, server, of.user_id, MemberPatch(nick=text))).nick

    assert await nick(me, me, "  Me ") == "Me"
    assert await nick(court.mod, me, "You") == "You"
    assert await nick(me, me, "   ") is None
    for wrong in ("x" * 33, "a\nb", "\u200b", "a\u202eb", "\u3164"):
        await refused(at.update_member(me, server, me.user_id, MemberPatch(nick=wrong)), "member.nick_invalid")
    await at.update_role(court.owner, server, server, RolePatch(permissions=bits.VIEW_CHANNEL))
    await refused(at.update_member(me, server, me.user_id, MemberPatch(nick="x")), "permission.denied")


async def test_the_owner_stays_and_only_they_delete(court: Court) -> None:
    at, server = court.at, court.server
    await court.world.give(
        court.owner, server, court.high, await court.world.role(court.owner, server, bits.ADMINISTRATOR)
    )
    await refused(at.leave_server(court.owner, server), "server.owner_stays")
    await refused(at.delete_server(court.high, server), "permission.denied")
    await at.delete_server(court.owner, server)


async def test_one_creates_once_per_key(court: Court) -> None:
    at, server, owner = court.at, court.server, court.owner
    room = api.NewChannel(name="room", type="text", topic="", parent_id=None)
    role = api.NewRole(name="x", permissions=0, hue=None, hoist=False, mentionable=False)
    invite = api.NewInvite(max_uses=0, max_age=0, channel_id=None)
    rooms = await asyncio.gather(*(at.create_channel(owner, "a", server, room) for _ in range(5)))
    roles = await asyncio.gather(*(at.create_role(owner, "b", server, role) for _ in range(5)))
    invites = await asyncio.gather(*(at.create_invite(owner, "c", server, invite) for _ in range(5)))
    servers = await asyncio.gather(*(at.create_server(owner, "d", "Second", "") for _ in range(5)))
    assert len({each.channel.id for each in rooms}) == len({each.id for each in roles}) == 1
    assert len({each.token for each in invites}) == len({each.server.id for each in servers}) == 1
    assert len(await at.servers_of(owner.user_id)) == 2
    await refused(at.create_channel(owner, "b", server, room), "request.key_reused")
    await refused(
        at.create_channel(owner, "a", server, api.NewChannel(name="y", type="text", topic="", parent_id=None)),
        "request.key_reused",
    )
    theirs = await at.create_server(court.plain, "d", "Second", "")  # keys are one's own
    assert theirs.server.id != servers[0].server.id
    await at.delete_channel(owner, rooms[0].channel.id)
    await refused(at.create_channel(owner, "a", server, room), "channel.not_found")
    court.world.clock.forward(24 * 3600)
    await at.look()
    assert (await at.create_channel(owner, "a", server, room)).channel.id != rooms[0].channel.id


async def test_a_refused_request_leaves_its_key_free(court: Court) -> None:
    at, server = court.at, court.server
    room = api.NewChannel(name="room", type="text", topic="", parent_id=None)
    await refused(at.create_channel(court.plain, "a", server, room), "permission.denied")
    await at.update_role(court.owner, server, server, RolePatch(permissions=bits.VIEW_CHANNEL | bits.MANAGE_CHANNELS))
    await at.create_channel(court.plain, "a", server, room)
