"""What called somebody, over all servers: complete, in order, and never from a room they may not read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hubbub.services.auth.api import Principal
from hubbub.services.channel.permission_bits import READ_HISTORY, VIEW_CHANNEL
from hubbub.services.chat.api import Draft
from hubbub.services.chat.service import ChatService
from tests.service.channel_world import World, opened, refused


class Talk(NamedTuple):
    world: World
    chat: ChatService

    async def say(self, who: Principal, channel: int, text: str) -> int:
        draft = Draft(channel_id=channel, content=text, nonce=None, reply_to=None)
        return (await self.chat.send(who, draft)).message.id

    async def calls(self, who: Principal, before: int | None = None, limit: int = 100) -> list[str]:
        return [message.content for message in await self.chat.calls(who, before, limit)]


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with opened(tmp_path) as world:
        yield Talk(
            world,
            ChatService(world.database, world.users, world.channels, world.ids, world.clock, world.facts.append, 100),
        )


async def two_servers(talk: Talk) -> tuple[Principal, Principal, list[int], list[int]]:
    """Mira owns both, Wren is in both; a room in each."""
    world = talk.world
    mira, wren = await world.person("mira"), await world.person("wren")
    servers = [await world.server(mira, name) for name in ("Bay", "Kiln")]
    for server in servers:
        await world.join(wren, server, mira)
    return mira, wren, servers, [(await world.channel(mira, server)).id for server in servers]


async def test_by_name_and_with_everyone_on_all_servers_newest_first(talk: Talk) -> None:
    mira, wren, _, (first, second) = await two_servers(talk)
    await talk.say(mira, first, f"one <@{wren.user_id}>")
    await talk.say(mira, second, "two @everyone")
    await talk.say(mira, first, "nobody")
    await talk.say(mira, second, f"three <@{wren.user_id}> and @everyone")
    await talk.say(wren, first, f"myself <@{wren.user_id}>")
    expected = [f"three <@{wren.user_id}> and @everyone", "two @everyone", f"one <@{wren.user_id}>"]
    assert await talk.calls(wren) == expected
    assert await talk.calls(mira) == []


async def test_pages_join_without_gap_or_repetition(talk: Talk) -> None:
    mira, wren, _, rooms = await two_servers(talk)
    ids = [
        await talk.say(mira, rooms[each % 2], f"@everyone {each}" if each % 3 else f"<@{wren.user_id}> {each}")
        for each in range(12)
    ]
    read: list[int] = []
    while page := await talk.chat.calls(wren, read[-1] if read else None, 5):
        read += [message.id for message in page]
    assert read == ids[::-1]
    for limit in (0, 101):
        await refused(talk.chat.calls(wren, None, limit), "message.page_invalid")


@pytest.mark.parametrize("right", [VIEW_CHANNEL, READ_HISTORY])
@pytest.mark.parametrize("text", ["<@{}> psst", "@everyone psst"])
async def test_a_room_that_closed_says_nothing_any_more(talk: Talk, right: int, text: str) -> None:
    mira, wren, _, (first, second) = await two_servers(talk)
    await talk.say(mira, first, text.format(wren.user_id))
    await talk.say(mira, second, f"<@{wren.user_id}> open")
    assert len(await talk.calls(wren)) == 2
    await talk.world.entry(mira, first, wren.user_id, deny=right)
    assert await talk.calls(wren) == [f"<@{wren.user_id}> open"]


async def test_a_server_that_one_left_and_what_was_taken_back(talk: Talk) -> None:
    mira, wren, servers, (first, second) = await two_servers(talk)
    await talk.say(mira, first, f"<@{wren.user_id}> left behind")
    deleted = await talk.say(mira, second, f"<@{wren.user_id}> deleted")
    edited = await talk.say(mira, second, f"<@{wren.user_id}> edited")
    await talk.chat.delete(mira, deleted)
    await talk.chat.edit(mira, edited, "calls nobody now")
    assert await talk.calls(wren) == [f"<@{wren.user_id}> left behind"]
    await talk.world.channels.leave_server(wren, servers[0])
    assert await talk.calls(wren) == []
    stranger = await talk.world.person("stranger")
    await talk.say(mira, second, "@everyone inside")
    assert await talk.calls(stranger) == []
