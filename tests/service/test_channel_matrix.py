"""Every verb of the Api × who asks × whose id: generated, so that a new verb without a row fails.

The owner's own call comes last: it proves that the row's call was right and only the person was not.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from hubbub.services.auth.api import INSTANCE, Principal
from hubbub.services.channel import api
from hubbub.services.channel import permission_bits as bits
from hubbub.services.channel.api import ChannelApi
from tests.service.channel_world import World, by_person, refused, world

__all__ = ["world"]
NOWHERE = 77


class Scene(NamedTuple):
    """`far` is another server, whose owner is no member of the first."""

    world: World
    owner: Principal
    plain: Principal
    other: Principal
    outsider: Principal
    server: int
    channel: int
    hidden: int
    role: api.Role
    token: str
    far_server: int
    far_channel: int
    far_role: api.Role

    @property
    def at(self) -> api.ChannelApi:
        return self.world.channels


async def scene(world: World) -> Scene:
    owner, plain, other, outsider = [await world.person(name) for name in ("owner", "plain", "other", "outsider")]
    server, far = await world.server(owner), await world.server(outsider)
    for each in (plain, other):
        await world.join(each, server, owner)
    channel, hidden = await world.channel(owner, server), await world.channel(owner, server, "hidden")
    await world.entry(owner, hidden.id, server, deny=bits.VIEW_CHANNEL)
    await world.entry(owner, channel.id, other.user_id, allow=bits.SEND_MESSAGES)
    return Scene(
        world=world,
        owner=owner,
        plain=plain,
        other=other,
        outsider=outsider,
        server=server,
        channel=channel.id,
        hidden=hidden.id,
        role=await world.role(owner, server),
        token=await world.invite(owner, server),
        far_server=far,
        far_channel=(await world.channel(outsider, far)).id,
        far_role=await world.role(outsider, far),
    )


Call = Callable[[Scene, Principal, int], Awaitable[Any]]


class Verb(NamedTuple):
    """`call(scene, who, id)`: `id` is the id of `kind` that is attacked. `denied`: what a plain member hears."""

    kind: str
    call: Call
    denied: str | None


def _entry(channel: int, target: int, kind: api.TargetType) -> api.Overwrite:
    return api.Overwrite(
        channel_id=channel, target_id=target, target_type=kind, allow=1024, deny=0, applies="both", expires_at=None
    )


NEW_CHANNEL = api.NewChannel(name="n", type="text", topic="", parent_id=None)
NEW_ROLE = api.NewRole(name="n", permissions=0, hue=None, hoist=False, mentionable=False)
NEW_INVITE = api.NewInvite(max_uses=0, max_age=0, channel_id=None)
ALL = api.MemberQuery(ids=(), query=None, after=0, limit=50)
DENIED = "permission.denied"

VERBS: dict[str, Verb] = {
    "update_server": Verb("server", lambda s, p, id: s.at.update_server(p, id, api.ServerPatch(name="n")), DENIED),
    "delete_server": Verb("server", lambda s, p, id: s.at.delete_server(p, id), DENIED),
    "view": Verb("server", lambda s, p, id: s.at.view(p, id), None),
    "create_channel": Verb("server", lambda s, p, id: s.at.create_channel(p, s.world.key(), id, NEW_CHANNEL), DENIED),
    "update_channel": Verb("channel", lambda s, p, id: s.at.update_channel(p, id, api.ChannelPatch(name="n")), DENIED),
    "delete_channel": Verb("channel", lambda s, p, id: s.at.delete_channel(p, id), DENIED),
    "channel": Verb("channel", lambda s, p, id: s.at.channel(p, id), None),
    "overwrites": Verb("channel", lambda s, p, id: s.at.overwrites(p, id), DENIED),
    "put_overwrite": Verb(
        "channel", lambda s, p, id: s.at.put_overwrite(p, _entry(id, s.plain.user_id, "user")), DENIED
    ),
    "delete_overwrite": Verb("channel", lambda s, p, id: s.at.delete_overwrite(p, id, s.other.user_id), DENIED),
    "explain": Verb("channel", lambda s, p, id: s.at.explain(p, id, s.owner.user_id, bits.SPEAK), DENIED),
    "create_role": Verb("server", lambda s, p, id: s.at.create_role(p, s.world.key(), id, NEW_ROLE), DENIED),
    "update_role": Verb("role", lambda s, p, id: s.at.update_role(p, s.server, id, api.RolePatch(name="n")), DENIED),
    "delete_role": Verb("role", lambda s, p, id: s.at.delete_role(p, s.server, id), DENIED),
    "members": Verb("server", lambda s, p, id: s.at.members(p, id, ALL), None),
    "member_rows": Verb("server", lambda s, p, id: s.at.member_rows(p, id, (), 0, 9), None),
    "update_member": Verb(
        "member", lambda s, p, id: s.at.update_member(p, s.server, id, api.MemberPatch(nick="n")), DENIED
    ),
    "kick_member": Verb("member", lambda s, p, id: s.at.kick_member(p, s.server, id), DENIED),
    "leave_server": Verb("server", lambda s, p, id: s.at.leave_server(p, id), None),
    "create_invite": Verb("server", lambda s, p, id: s.at.create_invite(p, s.world.key(), id, NEW_INVITE), None),
    "invites": Verb("server", lambda s, p, id: s.at.invites(p, id), None),
    "authorize": Verb("channel", lambda s, p, id: s.at.authorize(p, id, bits.MANAGE_CHANNELS), DENIED),
    "authorize_server": Verb("server", lambda s, p, id: s.at.authorize_server(p, id, bits.MANAGE_SERVER), DENIED),
    "authorize_over": Verb("member", lambda s, p, id: s.at.authorize_over(p, s.server, id, bits.MUTE_MEMBERS), DENIED),
}
ELSEWHERE = {  # verbs that name no place to attack: each has tests of its own
    "create_server", "views", "servers_of", "preview_invite", "reserve_invite", "release_invite", "accept_invite",
    "revoke_invite", "access_of", "access",
}  # fmt: skip


def own_id(scene: Scene, kind: str) -> int:
    ids = {"server": scene.server, "channel": scene.channel, "role": scene.role.id, "member": scene.other.user_id}
    return ids[kind]


def far_id(scene: Scene, kind: str) -> int:
    ids = {
        "server": scene.far_server,
        "channel": scene.far_channel,
        "role": scene.far_role.id,
        "member": scene.outsider.user_id,
    }
    return ids[kind]


def test_every_verb_has_its_row() -> None:
    names = {name for name, _ in inspect.getmembers(ChannelApi, inspect.iscoroutinefunction)}
    assert names == VERBS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", VERBS)
async def test_a_verb_against_everybody(name: str, world: World) -> None:
    verb, place = VERBS[name], await scene(world)
    own, far = own_id(place, verb.kind), far_id(place, verb.kind)
    unseen = f"{verb.kind if verb.kind == 'channel' else 'server'}.not_found"
    before = len(world.facts)
    for stranger in (place.outsider, INSTANCE, Principal("person", NOWHERE, 1)):
        await refused(verb.call(place, stranger, own), unseen)
    await refused(verb.call(place, place.owner, far), f"{verb.kind}.not_found")
    await refused(verb.call(place, place.owner, NOWHERE), f"{verb.kind}.not_found")
    if verb.kind == "channel":
        await refused(verb.call(place, place.plain, place.hidden), "channel.not_found")
        await verb.call(place, place.owner, place.hidden) if name in ("channel", "overwrites", "authorize") else None
    if verb.denied:
        await refused(verb.call(place, place.plain, own), verb.denied)
        assert len(world.facts) == before, "a refusal told something"
    if name == "leave_server":
        await refused(verb.call(place, place.owner, own), "server.owner_stays")
        await verb.call(place, place.plain, own)
        await refused(place.at.view(place.plain, own), "server.not_found")
    else:
        await verb.call(place, place.owner, own)


async def test_nothing_is_left_of_a_deleted_server(world: World) -> None:
    place = await scene(world)
    await world.channels.delete_server(place.owner, place.server)
    for name, verb in VERBS.items():
        code = "channel.not_found" if verb.kind == "channel" else "server.not_found"
        await refused(verb.call(place, place.owner, own_id(place, verb.kind)), code), name
    await refused(world.channels.preview_invite(place.token), "invite.not_found")
    assert (await world.channels.access_of(place.server, (place.owner.user_id,))).groups == ()
    assert await world.channels.access(place.owner.user_id, place.channel) is None
    assert await world.channels.servers_of(place.plain.user_id) == ()


async def test_a_foreign_target_or_parent_is_not_there(world: World) -> None:
    place = await scene(world)
    at, owner = world.channels, place.owner
    await refused(at.put_overwrite(owner, _entry(place.channel, place.far_role.id, "role")), "role.not_found")
    await refused(at.put_overwrite(owner, _entry(place.channel, place.outsider.user_id, "user")), "member.not_found")
    await refused(at.put_overwrite(owner, _entry(place.channel, place.other.user_id, "role")), "role.not_found")
    await refused(at.delete_overwrite(owner, place.channel, place.far_role.id), "overwrite.not_found")
    await refused(
        at.update_member(owner, place.server, place.plain.user_id, api.MemberPatch(roles=(place.far_role.id,))),
        "role.not_found",
    )
    inside = api.NewChannel(name="n", type="text", topic="", parent_id=place.far_channel)
    await refused(at.create_channel(owner, "k", place.server, inside), "channel.parent_invalid")
    await refused(
        at.update_channel(owner, place.channel, api.ChannelPatch(parent_id=place.far_channel)), "channel.parent_invalid"
    )
    away = api.NewInvite(max_uses=0, max_age=0, channel_id=place.far_channel)
    await refused(at.create_invite(owner, "k", place.server, away), "channel.not_found")
    hidden = api.NewInvite(max_uses=0, max_age=0, channel_id=place.hidden)
    await refused(at.create_invite(place.plain, "k", place.server, hidden), "channel.not_found")


async def test_invites_are_their_makers_and_managers(world: World) -> None:
    place = await scene(world)
    at = world.channels
    mine = await world.invite(place.plain, place.server)
    assert [each.token for each in await at.invites(place.plain, place.server)] == [mine]
    assert {each.token for each in await at.invites(place.owner, place.server)} >= {mine, place.token}
    await refused(at.revoke_invite(place.outsider, mine), "invite.not_found")
    await refused(at.revoke_invite(place.other, mine), "permission.denied")
    await refused(at.revoke_invite(place.plain, place.token), "permission.denied")
    await at.revoke_invite(place.plain, mine)
    await refused(at.preview_invite(mine), "invite.not_found")
    await refused(at.accept_invite(place.outsider, mine, "k"), "invite.not_found")


async def test_access_leaves_strangers_out(world: World) -> None:
    place = await scene(world)
    at, asked = world.channels, (place.owner.user_id, place.plain.user_id, place.outsider.user_id, NOWHERE)
    found = by_person(await at.access_of(place.server, asked))
    assert set(found) == {place.owner.user_id, place.plain.user_id}
    assert place.hidden in found[place.owner.user_id].channels
    assert place.hidden not in found[place.plain.user_id].channels
    assert await at.access(place.plain.user_id, place.hidden) is None
    assert await at.access(place.outsider.user_id, place.channel) is None
    access = await at.access(place.plain.user_id, place.channel)
    assert access is not None
    assert access.permissions == found[place.plain.user_id].channels[place.channel]
    await refused(at.access_of(place.server, tuple(range(1001))), "request.too_many_ids")
