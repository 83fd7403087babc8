"""Member lists: order, search, paging, names that change."""

from __future__ import annotations

from hubbub.services.auth.api import Principal
from hubbub.services.channel import api
from hubbub.services.channel.api import MemberPatch, MemberQuery
from tests.service.channel_world import World, refused, world

__all__ = ["world"]


class Town:
    def __init__(self, world: World) -> None:
        self.world, self.at = world, world.channels
        self.people: dict[str, Principal] = {}

    async def build(self, *names: str) -> Town:
        self.owner = await self.world.person("zz_owner", "Owner")
        self.server = await self.world.server(self.owner)
        self.people["Owner"] = self.owner
        for number, name in enumerate(names):
            self.people[name] = await self.world.person(f"user{number}", name)
            await self.world.join(self.people[name], self.server, self.owner)
        return self

    async def rows(self, *online: str, first: int = 0, last: int = 99) -> list[str]:
        ids = tuple(self.people[name].user_id for name in online)
        found = await self.at.member_rows(self.owner, self.server, ids, first, last)
        assert found.total == len(self.people)
        assert found.first == first
        return [each.nick or each.user.display_name for each in found.members]

    async def found(self, prefix: str, limit: int = 50) -> list[str]:
        query = MemberQuery(ids=(), query=prefix, after=0, limit=limit)
        return [each.user.display_name for each in await self.at.members(self.owner, self.server, query)]


async def test_rows_are_hoisted_then_online_then_offline_by_name(world: World) -> None:
    town = await Town(world).build("anna", "Bert", "Carl", "dora", "Émile", "zoe")
    high = await world.role(town.owner, town.server, 0, "high", hoist=True)
    low = await world.role(town.owner, town.server, 0, "low", hoist=True)
    plain = await world.role(town.owner, town.server, 0, "plain")
    await world.give(town.owner, town.server, town.people["zoe"], high, plain)
    await world.give(town.owner, town.server, town.people["dora"], low)
    await world.give(town.owner, town.server, town.people["Carl"], low)
    await world.give(town.owner, town.server, town.people["anna"], plain)
    assert await town.rows() == ["anna", "Bert", "Carl", "dora", "Owner", "zoe", "Émile"]
    everybody = ["zoe", "Carl", "dora", "anna", "Bert", "Owner", "Émile"]
    assert await town.rows(*town.people) == everybody
    assert await town.rows("Bert", "zoe", "dora") == ["zoe", "dora", "Bert", "anna", "Carl", "Owner", "Émile"]
    for first in range(8):
        for last in range(first, 9):
            assert await town.rows(*town.people, first=first, last=last) == everybody[first : last + 1]
            assert await town.rows("Bert", "zoe", "dora", first=first, last=last) == [
                "zoe", "dora", "Bert", "anna", "Carl", "Owner", "Émile"
            ][first : last + 1]  # fmt: skip
    await town.at.update_role(town.owner, town.server, high.id, api.RolePatch(hoist=False))
    assert (await town.rows(*town.people))[:3] == ["Carl", "dora", "anna"]
    await town.at.delete_role(town.owner, town.server, low.id)
    assert (await town.rows(*town.people))[:3] == ["anna", "Bert", "Carl"]


async def test_strangers_online_and_odd_ranges(world: World) -> None:
    town = await Town(world).build("anna")
    stranger = await world.person("stranger")
    rows = await town.at.member_rows(town.owner, town.server, (stranger.user_id, 77, town.owner.user_id), 0, 10_000)
    assert [each.user.display_name for each in rows.members] == ["Owner", "anna"]
    assert (await town.at.member_rows(town.owner, town.server, (), 5, 2)).members == ()
    assert (await town.at.member_rows(town.owner, town.server, (), -5, -2)).members == ()
    assert (await town.at.member_rows(town.owner, town.server, (), 1 << 40, 1 << 41)).members == ()


async def test_names_follow_nick_and_profile(world: World) -> None:
    town = await Town(world).build("anna", "Bert")
    anna = town.people["anna"]
    assert await town.rows("anna") == ["anna", "Bert", "Owner"]
    assert await town.rows() == ["anna", "Bert", "Owner"]
    await town.at.update_member(anna, town.server, anna.user_id, MemberPatch(nick="Xena"))
    assert await town.rows() == ["Bert", "Owner", "Xena"]
    await world.rename(anna, "Yvonne")
    assert await town.rows() == ["Bert", "Owner", "Xena"]
    assert await town.found("yv") == await town.found("XE") == ["Yvonne"]
    await town.at.update_member(anna, town.server, anna.user_id, MemberPatch(nick=None))
    assert await town.rows(*town.people) == ["Bert", "Owner", "Yvonne"]
    await world.rename(anna, "Arne")
    assert await town.rows(*town.people) == ["Arne", "Bert", "Owner"]
    await town.at.leave_server(anna, town.server)
    del town.people["anna"]
    assert await town.rows(*town.people) == ["Bert", "Owner"]


async def test_search_by_the_beginning_of_any_name(world: World) -> None:
    town = await Town(world).build("Straße", "STRASSE", "ＷＩＤＥ", "a%b", "a_b", "İstanbul")
    assert set(await town.found("strass")) == {"Straße", "STRASSE"}
    assert await town.found("wi") == ["ＷＩＤＥ"]
    assert await town.found("a%") == ["a%b"]
    assert await town.found("a_") == ["a_b"]
    assert await town.found("user0") == ["Straße"]
    assert await town.found("zz_") == ["Owner"]
    assert await town.found("nobody") == []
    assert len(await town.found("user", limit=3)) == 3
    for odd in ("\U0010ffff", "\ud800", "\x00", "\u202e", "x" * 10_000):
        assert await town.found(odd) == []


async def test_lists_by_id_and_by_page(world: World) -> None:
    town = await Town(world).build("a", "b", "c", "d")
    ids = sorted(each.user_id for each in town.people.values())
    seen: list[int] = []
    after = 0
    while page := await town.at.members(town.owner, town.server, MemberQuery(ids=(), query=None, after=after, limit=2)):
        seen += [each.user.id for each in page]
        after = seen[-1]
    assert seen == ids
    some = MemberQuery(ids=(ids[1], 77, ids[3]), query="ignored", after=0, limit=1)
    assert [each.user.id for each in await town.at.members(town.owner, town.server, some)] == [ids[1], ids[3]]
    many = MemberQuery(ids=tuple(range(1001)), query=None, after=0, limit=1)
    await refused(town.at.members(town.owner, town.server, many), "request.too_many_ids")


async def test_views_are_oldest_membership_first(world: World) -> None:
    owner, guest = await world.person("owner"), await world.person("guest")
    servers = [await world.server(owner, str(number)) for number in range(4)]
    for server in (servers[2], servers[0], servers[3]):
        world.clock.forward(1)
        await world.join(guest, server, owner)
    found = (await world.channels.views(guest)).views
    assert [each.server.id for each in found] == [servers[2], servers[0], servers[3]]
    assert await world.channels.servers_of(guest.user_id) == (servers[2], servers[0], servers[3])
    for each in found:
        assert each == await world.channels.view(guest, each.server.id)
