"""Names, places and limits of servers and channels."""

from __future__ import annotations

import pytest

from hubbub.services.auth.api import Principal
from hubbub.services.channel import api, channel_create, role_create, server_create
from hubbub.services.channel import permission_bits as bits
from hubbub.services.channel.api import ChannelPatch
from tests.service.channel_world import World, refused, world

__all__ = ["world"]
GOOD = ("general", "Allgemeines & Büro", "日本語", "🎮 games", "a" * 100, "👩‍👩‍👧", "e\u0301", "#", "مرحبا", "a\u200cb")
BAD = (
    "", " ", "\t", "\n", "\u00a0\u2003", "a" * 101, "a\nb", "a\x00b", "\x7f", "a\u2028b", "\u200b", "\u200d\ufe0f",
    "\u3164", "a\u202eb", "\ud800", "\u2800\u2800", "\u0301",
)  # fmt: skip


async def home(world: World) -> tuple[Principal, int]:
    owner = await world.person("owner")
    return owner, await world.server(owner)


async def order(world: World, owner: Principal, server: int) -> list[tuple[int, str]]:
    """(depth, name) of every channel, as the view gives them."""
    view, depth = await world.channels.view(owner, server), dict[int | None, int]({None: 0})
    shown: list[tuple[int, str]] = []
    for each in view.channels:
        depth[each.channel.id] = depth[each.channel.parent_id] + 1
        shown.append((depth[each.channel.id], each.channel.name))
    return shown


async def test_a_new_server(world: World) -> None:
    owner = await world.person("owner")
    view = await world.channels.create_server(owner, "k", "  My Place ", "Where we\r\nmeet")
    assert (view.server.name, view.server.description) == ("My Place", "Where we\nmeet")
    assert (view.server.owner_id, view.server.member_count) == (owner.user_id, 1)
    assert [(each.channel.name, each.channel.type) for each in view.channels] == [
        ("general", "text"),
        ("Lounge", "voice"),
    ]
    assert all(each.permissions == bits.EVERY_PERMISSION for each in view.channels)
    (everybody,) = view.roles
    assert (everybody.id, everybody.position, everybody.permissions) == (view.server.id, 0, bits.DEFAULT_PERMISSIONS)
    assert view.me.user.id == owner.user_id
    assert view.head == (await world.database.heads([f"server:{view.server.id}"]))[f"server:{view.server.id}"]
    assert await world.channels.views(owner) == api.Memberships(views=(view,), unanswered=())


@pytest.mark.parametrize("name", GOOD)
async def test_names_of_any_script(world: World, name: str) -> None:
    owner, server = await home(world)
    assert (await world.channel(owner, server, f" {name} ")).name
    await world.channels.update_server(owner, server, api.ServerPatch(name=name))
    await world.role(owner, server, 0, name)


@pytest.mark.parametrize("name", BAD)
async def test_names_that_are_none(world: World, name: str) -> None:
    owner, server = await home(world)
    room, at = await world.channel(owner, server), world.channels
    await refused(world.channel(owner, server, name), "channel.name_invalid")
    await refused(at.update_channel(owner, room.id, ChannelPatch(name=name)), "channel.name_invalid")
    await refused(at.create_server(owner, "k", name, ""), "server.name_invalid")
    await refused(at.update_server(owner, server, api.ServerPatch(name=name)), "server.name_invalid")
    await refused(world.role(owner, server, 0, name), "role.name_invalid")
    await refused(at.update_role(owner, server, server, api.RolePatch(name=name)), "role.name_invalid")


async def test_texts_that_are_too_long_or_hide(world: World) -> None:
    owner, server = await home(world)
    room, at = await world.channel(owner, server), world.channels
    for topic in ("x" * 1025, "a\nb", "\x1b[31m"):
        await refused(at.update_channel(owner, room.id, ChannelPatch(topic=topic)), "channel.topic_invalid")
    for about in ("x" * 301, "a\x00b", "\u202e"):
        await refused(at.update_server(owner, server, api.ServerPatch(description=about)), "request.invalid")


async def test_moving(world: World) -> None:
    owner, server = await home(world)
    at = world.channels
    work = await world.channel(owner, server, "Work", "category")
    first, second = (
        await world.channel(owner, server, "1", parent=work.id),
        await world.channel(owner, server, "2", parent=work.id),
    )
    assert await order(world, owner, server) == [(1, "general"), (1, "Lounge"), (1, "Work"), (2, "1"), (2, "2")]
    await at.update_channel(owner, second.id, ChannelPatch(position=0))
    assert await order(world, owner, server) == [(1, "general"), (1, "Lounge"), (1, "Work"), (2, "2"), (2, "1")]
    await at.update_channel(owner, work.id, ChannelPatch(position=0))
    assert await order(world, owner, server) == [(1, "Work"), (2, "2"), (2, "1"), (1, "general"), (1, "Lounge")]
    moved = await at.update_channel(owner, first.id, ChannelPatch(parent_id=None, position=1, name="one"))
    assert (moved.channel.parent_id, moved.channel.position, moved.channel.name) == (None, 1, "one")
    assert await order(world, owner, server) == [(1, "Work"), (2, "2"), (1, "one"), (1, "general"), (1, "Lounge")]
    await at.update_channel(owner, first.id, ChannelPatch(parent_id=work.id))
    assert await order(world, owner, server) == [(1, "Work"), (2, "2"), (2, "one"), (1, "general"), (1, "Lounge")]
    await at.delete_channel(owner, work.id)
    assert await order(world, owner, server) == [(1, "2"), (1, "one"), (1, "general"), (1, "Lounge")]


async def test_places_that_are_impossible(world: World) -> None:
    owner, server = await home(world)
    at = world.channels
    voice = await world.channel(owner, server, "voice", "voice")
    inside = await world.channel(owner, server, "sub-room", "voice", voice.id)  # as in TeamSpeak
    work = await world.channel(owner, server, "Work", "category")
    nested = await world.channel(owner, server, "Deep work", "category", work.id)
    for channel, parent in ((voice, voice), (voice, inside), (work, nested), (work, voice), (nested, inside)):
        patch = ChannelPatch(parent_id=parent.id)
        await refused(at.update_channel(owner, channel.id, patch), "channel.parent_invalid")
    await refused(world.channel(owner, server, "x", "category", voice.id), "channel.parent_invalid")
    await refused(world.channel(owner, server, "x", "text", 77), "channel.parent_invalid")


async def test_eight_deep_and_no_deeper(world: World) -> None:
    owner, server = await home(world)
    parent: int | None = None
    chain: list[int] = []
    for number in range(8):
        parent = (await world.channel(owner, server, str(number), "voice", parent)).id
        chain.append(parent)
    await refused(world.channel(owner, server, "x", "voice", parent), "channel.too_deep")
    other = await world.channel(owner, server, "other", "voice")
    await refused(world.channels.update_channel(owner, chain[0], ChannelPatch(parent_id=other.id)), "channel.too_deep")
    await world.channels.update_channel(owner, chain[1], ChannelPatch(parent_id=other.id))


async def test_limits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (channel_create.MOST, role_create.MOST, server_create.MOST_OWNED) == (500, 250, 100)
    monkeypatch.setattr(channel_create, "MOST", 3)
    monkeypatch.setattr(role_create, "MOST", 2)
    monkeypatch.setattr(server_create, "MOST_OWNED", 2)
    owner, server = await home(world)
    await world.channel(owner, server)
    assert (await refused(world.channel(owner, server), "channel.too_many")).data == {"limit": 3}
    await world.role(owner, server)
    await world.role(owner, server)
    await refused(world.role(owner, server), "role.too_many")
    await world.server(owner)
    await refused(world.server(owner), "server.too_many")


async def test_limits_of_voice_rooms(world: World) -> None:
    owner, server = await home(world)
    at = world.channels
    voice, text = await world.channel(owner, server, "v", "voice"), await world.channel(owner, server, "t")
    changed = await at.update_channel(owner, voice.id, ChannelPatch(user_limit=5, bitrate=96_000))
    assert (changed.channel.user_limit, changed.channel.bitrate) == (5, 96_000)
    for patch in (ChannelPatch(user_limit=-1), ChannelPatch(bitrate=1), ChannelPatch(bitrate=1 << 70)):
        await refused(at.update_channel(owner, voice.id, patch), "request.invalid")
    await refused(at.update_channel(owner, text.id, ChannelPatch(user_limit=5)), "channel.not_voice")


async def test_whoever_manages_one_category_manages_no_other(world: World) -> None:
    owner, server = await home(world)
    friend, at = await world.person("friend"), world.channels
    await world.join(friend, server, owner)
    mine = await world.channel(owner, server, "Mine", "category")
    other = await world.channel(owner, server, "Other", "category")
    await world.entry(owner, mine.id, friend.user_id, allow=bits.MANAGE_CHANNELS)
    room = await world.channel(friend, server, "room", parent=mine.id)
    await refused(world.channel(friend, server, "x", parent=other.id), "permission.denied")
    await refused(world.channel(friend, server, "x"), "permission.denied")
    await refused(at.update_channel(friend, room.id, ChannelPatch(parent_id=other.id)), "permission.denied")
    await refused(at.update_channel(friend, room.id, ChannelPatch(parent_id=None)), "permission.denied")
    await at.update_channel(friend, room.id, ChannelPatch(name="renamed"))


async def test_a_room_stays_hidden_when_its_private_category_goes(world: World) -> None:
    owner, server = await home(world)
    friend, guest, at = await world.person("friend"), await world.person("guest"), world.channels
    for each in (friend, guest):
        await world.join(each, server, owner)
    private = await world.channel(owner, server, "Private", "category")
    room = await world.channel(owner, server, "room", parent=private.id)
    await world.entry(owner, private.id, server, deny=bits.VIEW_CHANNEL)
    await world.entry(owner, private.id, friend.user_id, allow=bits.VIEW_CHANNEL)
    await at.delete_channel(owner, private.id)
    assert (await at.channel(friend, room.id)).channel.parent_id is None
    await refused(at.channel(guest, room.id), "channel.not_found")
    assert {each.target_id for each in await at.overwrites(owner, room.id)} == {server, friend.user_id}


async def test_impossible_entries(world: World) -> None:
    owner, server = await home(world)
    room, now = await world.channel(owner, server), world.clock.now_ms()
    for allow, deny, end in ((1024, 1024, None), (1 << 12, 0, None), (0, 1 << 63, None), (8, 0, None), (0, 0, now)):
        entry = api.Overwrite(
            channel_id=room.id,
            target_id=server,
            target_type="role",
            allow=allow,
            deny=deny,
            applies="both",
            expires_at=end,
        )
        await refused(world.channels.put_overwrite(owner, entry), "overwrite.invalid")
    for none in (0, 3, 1 << 12, 1 << 63):
        await refused(world.channels.explain(owner, room.id, owner.user_id, none), "permission.unknown")
    said = await world.channels.explain(owner, room.id, 77, bits.SPEAK)
    assert (said.allowed, said.decided_by) == (False, "not_member")


async def test_who_makes_a_room_that_they_may_not_see_gets_it_shown_without_rights(world: World) -> None:
    owner, server = await home(world)
    friend, at = await world.person("friend"), world.channels
    await world.join(friend, server, owner)
    box = await world.channel(owner, server, "Letter box", "category")
    await world.entry(owner, box.id, friend.user_id, allow=bits.MANAGE_CHANNELS)
    below = api.Overwrite(
        channel_id=box.id,
        target_id=server,
        target_type="role",
        allow=0,
        deny=bits.VIEW_CHANNEL,
        applies="subtree",
        expires_at=None,
    )
    await at.put_overwrite(owner, below)
    new = api.NewChannel(name="letter", type="text", topic="", parent_id=box.id)
    made = await at.create_channel(friend, "k", server, new)
    assert (made.channel.parent_id, made.permissions) == (box.id, 0)
    await refused(at.channel(friend, made.channel.id), "channel.not_found")
    await refused(at.create_channel(friend, "k", server, new), "channel.not_found")
    room = await world.channel(owner, server)
    await world.entry(owner, room.id, friend.user_id, allow=bits.MANAGE_CHANNELS)
    moved = await at.update_channel(friend, room.id, ChannelPatch(parent_id=box.id))
    assert moved.permissions == 0
