"""The longest that people can make of what one call answers, between processes: real services, PostgreSQL, Redis, NATS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest
import redis.asyncio

from hubbub.infra import rpc
from hubbub.infra.bus.nats import NatsBus
from hubbub.infra.cache.redis import RedisCache
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.infra.parcels import PART
from hubbub.services.auth.api import Principal
from hubbub.services.channel import server_view
from hubbub.services.channel.api import ChannelApi, NewChannel
from hubbub.services.chat.api import ChatApi, Draft, Page
from hubbub.services.chat.service import ChatService
from hubbub.services.presence.api import PresenceApi
from hubbub.services.presence.service import PresenceService
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Nats, Postgres, Redis, fresh_name
from tests.service.channel_world import World

LONGEST = "🏮" * 4_000  # characters of four bytes
A = TypeVar("A")


class Apart(NamedTuple):
    """Services here, their callers on another connection of the bus; `keys` is Redis itself."""

    world: World
    serving: NatsBus
    asking: NatsBus
    cache: RedisCache
    keys: Any
    prefix: str

    async def api(self, api: type[A], service: Any) -> A:
        await rpc.serve(api, service, self.serving)
        return rpc.remote(api, self.asking)

    def presence(self) -> PresenceService:
        return PresenceService(self.cache, self.world.channels, self.world.clock, self.world.facts.append)


@pytest.fixture
async def apart(postgres_server: Postgres, nats_server: Nats, redis_server: Redis) -> AsyncIterator[Apart]:
    prefix, clock = fresh_name(), HandClock()
    database: Any = await PostgresDatabase.open(postgres_server.migrated_database(), clock=clock)
    buses = [await NatsBus.connect(nats_server.url, prefix, lambda: None) for _ in range(2)]
    cache, keys = RedisCache(redis_server.url, prefix), redis.asyncio.Redis.from_url(redis_server.url)
    yield Apart(World(database, clock), buses[0], buses[1], cache, keys, prefix)
    for each in buses:
        await each.close()
    await cache.close()
    await keys.aclose()
    await database.close()


def size(answer: object) -> int:
    return len(msgspec.msgpack.encode(answer))


async def test_a_page_of_the_longest_messages_that_answer_each_other(apart: Apart) -> None:
    world = apart.world
    chat = ChatService(world.database, world.users, world.channels, world.ids, world.clock, world.facts.append, 0)
    remote = await apart.api(ChatApi, chat)
    mira = await world.person("mira")
    room = (await world.channel(mira, await world.server(mira))).id
    last: int | None = None
    for _ in range(100):
        draft = Draft(channel_id=room, content=LONGEST, nonce=None, reply_to=last)
        last = (await remote.send(mira, draft)).message.id
    page = Page(channel_id=room, before=None, after=None, around=None, limit=100)
    answer = await remote.page(mira, page)
    assert size(answer) > 6 * PART
    assert answer == await chat.page(mira, page)
    assert [each.content for each in answer] == [LONGEST] * 100


async def test_a_server_with_everybody_online(apart: Apart) -> None:
    world = apart.world
    mira = await world.person("mira")
    server = await world.server(mira)
    people = [*range(1 << 62, (1 << 62) + 99_999), mira.user_id]
    second = world.clock.now_ms() / 1000
    await apart.keys.zadd(f"{apart.prefix}:presence:server:{server}", {str(id): second for id in people})
    presence, channels = await apart.api(PresenceApi, apart.presence()), await apart.api(ChannelApi, world.channels)
    online = await presence.online_in(server)
    assert size(online) > PART
    assert set(online) == set(people)
    rows = await channels.member_rows(mira, server, online, 0, 100)
    assert [member.user.id for member in rows.members] == [mira.user_id]


async def test_who_looks_offline_is_not_listed_and_who_comes_back_is(apart: Apart) -> None:
    world, service = apart.world, apart.presence()
    mira = await world.person("mira")
    server = await world.server(mira)
    await service.connected(mira, "one")
    await service.connected(mira, "two")
    assert await service.online_in(server) == (mira.user_id,)
    await service.set_status(mira, "offline", None)
    await service.beat(((mira.user_id, "one"),))
    assert await service.online_in(server) == ()
    await service.set_status(mira, "idle", None)
    assert await service.online_in(server) == (mira.user_id,)
    await service.disconnected(mira, "one")
    assert await service.online_in(server) == (mira.user_id,)
    await service.disconnected(mira, "two")
    assert await service.online_in(server) == ()
    await service.connected(mira, "three")
    other = await world.server(mira)
    world.clock.forward(200)
    await service.beat(((mira.user_id, "three"),))
    world.clock.forward(200)
    for each in (server, other):
        assert await service.online_in(each) == (mira.user_id,), "the beat kept it, and found the new server"
    world.clock.forward(200)
    assert await service.online_in(server) == (), "the gateway died without a word"


async def test_a_thousand_people_with_long_words_about_themselves(apart: Apart) -> None:
    presence, service = await apart.api(PresenceApi, apart.presence()), apart.presence()
    people = [Principal("person", (1 << 62) + number, 1) for number in range(1_000)]
    for each in people:
        await service.set_status(each, "dnd", LONGEST)
    answer = await presence.get(tuple(each.user_id for each in people))
    assert size(answer) > PART
    assert len(answer) == 1_000


async def test_the_rooms_of_a_large_place(apart: Apart) -> None:
    world, channels = apart.world, await apart.api(ChannelApi, apart.world.channels)
    mira = await world.person("mira")
    server = await world.server(mira)
    for number in range(250):
        new = NewChannel(name=f"room {number}", type="text", topic="🏮" * 1_000, parent_id=None)
        await world.channels.create_channel(mira, world.key(), server, new)
    (view,) = (await channels.views(mira)).views
    assert size(view) > PART
    assert len(view.channels) >= 250


async def test_somebody_on_many_large_places(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_view, "LONGEST", 1_000_000)
    world, channels = apart.world, await apart.api(ChannelApi, apart.world.channels)
    mira = await world.person("mira")
    servers = [await world.server(mira, f"place {number}") for number in range(6)]
    for server in servers[:4]:
        for number in range(100):
            new = NewChannel(name=f"room {number}", type="text", topic="🏮" * 1_000, parent_id=None)
            await world.channels.create_channel(mira, world.key(), server, new)
    found = await channels.views(mira)
    assert [view.server.id for view in found.views] + list(found.unanswered) == servers
    assert [len(found.views), len(found.unanswered)] == [2, 4]
    assert size(found) < 1_000_000
    for view in found.views:
        assert view == await channels.view(mira, view.server.id)
