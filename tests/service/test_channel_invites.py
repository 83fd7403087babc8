"""Coming in: an invite for one lets one in, however many ask at once, and a reservation is as good as a use."""

from __future__ import annotations

import asyncio

from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel import api
from hubbub.services.channel import permission_bits as bits
from hubbub.services.channel.events import MemberAdded
from tests.service.channel_world import World, refused, world

__all__ = ["world"]


async def crowd(world: World, count: int) -> list[Principal]:
    return [await world.person(f"guest{number}") for number in range(count)]


async def test_an_invite_for_one_lets_one_in(world: World) -> None:
    owner = await world.person("owner")
    server = await world.server(owner)
    token, guests = await world.invite(owner, server, max_uses=1), await crowd(world, 20)

    async def enter(guest: Principal) -> str:
        try:
            return str((await world.channels.accept_invite(guest, token, world.key())).joined)
        except Refused as error:
            return error.code

    answers = await asyncio.gather(*map(enter, guests))
    assert sorted(answers) == ["True"] + ["invite.used_up"] * 19
    assert (await world.channels.view(owner, server)).server.member_count == 2
    assert len([each for each in world.facts if isinstance(each, MemberAdded)]) == 2
    await refused(world.channels.preview_invite(token), "invite.used_up")


async def test_reservations_of_many_registrations_take_one_use(world: World) -> None:
    owner = await world.person("owner")
    server = await world.server(owner)
    token, guests = await world.invite(owner, server, max_uses=1), await crowd(world, 20)

    async def register(guest: Principal) -> str:
        key = str(guest.user_id)
        try:
            await world.channels.reserve_invite(token, key)
            await world.channels.reserve_invite(token, key)  # a repeated request
            return str((await world.channels.accept_invite(guest, token, key)).joined)
        except Refused as error:
            return error.code

    answers = await asyncio.gather(*map(register, guests))
    assert sorted(answers) == ["True"] + ["invite.used_up"] * 19


async def test_a_reservation_holds_the_place_for_ten_minutes(world: World) -> None:
    owner, first, second = await world.person("owner"), await world.person("first"), await world.person("second")
    server = await world.server(owner)
    token, at = await world.invite(owner, server, max_uses=1), world.channels
    await at.reserve_invite(token, "a")
    await refused(at.reserve_invite(token, "b"), "invite.used_up")
    await refused(at.preview_invite(token), "invite.used_up")
    await refused(at.accept_invite(second, token, "b"), "invite.used_up")
    world.clock.forward(599)
    await refused(at.accept_invite(second, token, "b"), "invite.used_up")
    world.clock.forward(1)
    assert (await at.accept_invite(second, token, "b")).joined
    await refused(at.accept_invite(first, token, "a"), "invite.used_up")


async def test_a_released_place_is_free_again(world: World) -> None:
    owner, guest = await world.person("owner"), await world.person("guest")
    server = await world.server(owner)
    token, at = await world.invite(owner, server, max_uses=1), world.channels
    await at.reserve_invite(token, "a")
    await at.release_invite(token, "a")
    await at.release_invite(token, "a")
    await at.reserve_invite(token, "b")
    assert (await at.accept_invite(guest, token, "b")).joined
    await at.release_invite(token, "b")  # too late: it was confirmed
    await refused(at.reserve_invite(token, "c"), "invite.used_up")


async def test_who_reserved_in_time_comes_in_after_the_end(world: World) -> None:
    owner, guest, late = await world.person("owner"), await world.person("guest"), await world.person("late")
    server = await world.server(owner)
    token, at = await world.invite(owner, server, max_age=60), world.channels
    world.clock.forward(59.999)
    await at.reserve_invite(token, "a")
    assert (await at.preview_invite(token)).server.name == "Home"
    world.clock.forward(0.001)
    await refused(at.preview_invite(token), "invite.expired")
    await refused(at.reserve_invite(token, "b"), "invite.expired")
    await refused(at.accept_invite(late, token, "b"), "invite.expired")
    assert (await at.accept_invite(guest, token, "a")).joined


async def test_a_member_consumes_nothing(world: World) -> None:
    owner, guest, other = await world.person("owner"), await world.person("guest"), await world.person("other")
    server = await world.server(owner)
    token, at = await world.invite(owner, server, max_uses=2), world.channels
    assert (await at.accept_invite(guest, token, "a")).joined
    again = await at.accept_invite(guest, token, "a")
    assert not again.joined
    assert again.view.me.user.id == guest.user_id
    await at.reserve_invite(token, "c")
    assert not (await at.accept_invite(owner, token, "c")).joined  # gives the reserved place back
    assert [each.uses for each in await at.invites(owner, server)] == [1]
    assert (await at.accept_invite(other, token, "d")).joined


async def test_one_person_comes_in_once(world: World) -> None:
    owner, guest = await world.person("owner"), await world.person("guest")
    server = await world.server(owner)
    token = await world.invite(owner, server, max_uses=5)
    answers = await asyncio.gather(*(world.channels.accept_invite(guest, token, world.key()) for _ in range(8)))
    assert sorted(each.joined for each in answers) == [False] * 7 + [True]
    view = await world.channels.view(owner, server)
    assert view.server.member_count == 2
    assert [each.uses for each in await world.channels.invites(owner, server)] == [1]


async def test_a_preview_shows_what_guests_may_know(world: World) -> None:
    owner = await world.person("owner", "The Owner")
    server = await world.server(owner, "Home")
    hidden = await world.channel(owner, server, "secret", "voice")
    await world.entry(owner, hidden.id, server, deny=bits.VIEW_CHANNEL)
    lounge = next(
        each.channel for each in (await world.channels.view(owner, server)).channels if each.channel.type == "voice"
    )
    found = await world.channels.preview_invite(await world.invite(owner, server, max_age=5))
    assert found.server.name == "Home"
    assert found.server.member_count == 1
    assert found.inviter is not None
    assert found.inviter.display_name == "The Owner"
    assert found.expires_at == world.clock.now_ms() + 5_000
    assert found.public_channels == (lounge.id,)
    for wrong in ("", "nothing", "x" * 10_000, "'; DROP TABLE invites; --", "\x00", "\ud800", "é"):
        await refused(world.channels.preview_invite(wrong), "invite.not_found")


async def test_tokens_are_not_to_be_guessed(world: World) -> None:
    owner = await world.person("owner")
    server = await world.server(owner)
    tokens = {await world.invite(owner, server) for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(each) >= 10 and each.isascii() and each.isalnum() for each in tokens)


async def test_a_deleted_room_leaves_the_invite(world: World) -> None:
    owner = await world.person("owner")
    server = await world.server(owner)
    room = await world.channel(owner, server)
    new = api.NewInvite(max_uses=0, max_age=0, channel_id=room.id)
    invite = await world.channels.create_invite(owner, "k", server, new)
    assert invite.channel_id == room.id
    await world.channels.delete_channel(owner, room.id)
    assert [each.channel_id for each in await world.channels.invites(owner, server)] == [None]


async def test_impossible_invites(world: World) -> None:
    owner = await world.person("owner")
    server = await world.server(owner)
    for uses, age in ((-1, 0), (0, -1), (1 << 40, 0), (0, 1 << 40)):
        new = api.NewInvite(max_uses=uses, max_age=age, channel_id=None)
        await refused(world.channels.create_invite(owner, "k", server, new), "request.invalid")


async def test_upkeep_takes_away_what_has_lapsed(world: World) -> None:
    owner, guest = await world.person("owner"), await world.person("guest")
    server = await world.server(owner)
    token = await world.invite(owner, server, max_age=60)
    await world.channels.reserve_invite(token, "a")
    world.clock.forward(8 * 24 * 3600)
    await world.channels.look()
    await refused(world.channels.preview_invite(token), "invite.not_found")
    await refused(world.channels.accept_invite(guest, token, "a"), "invite.not_found")
