"""Newest pages where several processes write: whatever was acknowledged anywhere is in the next page read anywhere."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.services.auth.api import Principal
from hubbub.services.channel.events import ChannelDeleted
from hubbub.services.chat import store
from hubbub.services.chat.api import Draft, Message, Page
from hubbub.services.chat.service import ChatService
from hubbub.services.user.api import ProfilePatch
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Postgres
from tests.service.channel_world import World


class Held:
    """A database whose next read of a page waits, after it has read, until it is let go."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self.hold = False
        self.read, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def fetch(self, statement: Any, /, **values: Any) -> Any:
        rows = await self._database.fetch(statement, **values)
        if self.hold and statement is store.BEFORE:
            self.hold = False
            self.read.set()
            await self.go.wait()
        return rows


class Two(NamedTuple):
    """Chat in two processes: each has its own connections and keeps its own pages."""

    world: World
    chats: tuple[ChatService, ChatService]
    held: Held
    mira: Principal
    room: int

    async def say(self, chat: int, text: str, reply_to: int | None = None) -> int:
        draft = Draft(channel_id=self.room, content=text, nonce=None, reply_to=reply_to)
        return (await self.chats[chat].send(self.mira, draft)).message.id

    async def page(self, chat: int, limit: int = 50) -> tuple[Message, ...]:
        page = Page(channel_id=self.room, before=None, after=None, around=None, limit=limit)
        return await self.chats[chat].page(self.mira, page)

    async def texts(self, chat: int, limit: int = 50) -> list[str]:
        return [message.content for message in await self.page(chat, limit)]

    def used(self) -> list[int]:
        chats: tuple[Any, ...] = self.chats
        return [chat._proved.used for chat in chats]


@pytest.fixture
async def two(postgres_server: Postgres) -> AsyncIterator[Two]:
    url, clock = postgres_server.migrated_database(), HandClock()
    first, second = [await PostgresDatabase.open(url, clock=clock) for _ in range(2)]
    held = Held(second)
    world: Any = World(first, clock)  # type: ignore[arg-type]
    chats = [
        ChatService(each, world.users, world.channels, world.ids, clock, world.facts.append, 0)  # type: ignore[arg-type]
        for each in (first, held)
    ]
    mira = await world.person("mira")
    room = (await world.channel(mira, await world.server(mira))).id
    yield Two(world, (chats[0], chats[1]), held, mira, room)
    await first.close()
    await second.close()


async def test_what_one_wrote_the_other_reads_at_once_and_a_quiet_room_is_read_once(two: Two) -> None:
    ids = [await two.say(number % 2, f"number {number}") for number in range(60)]
    expected = [f"number {number}" for number in range(59, 9, -1)]
    for chat in (0, 1, 0, 1):
        assert await two.texts(chat) == expected
    assert await two.texts(0, 7) == expected[:7]
    assert len(await two.texts(0, 60)) == 60, "more than is kept"
    assert two.used() == [2, 1]
    await two.chats[0].edit(two.mira, ids[-1], "changed")
    assert (await two.texts(1))[0] == "changed"
    await two.chats[1].delete(two.mira, ids[-2])
    for chat in (0, 1):
        assert (await two.texts(chat))[:2] == ["changed", "number 57"]
        assert (await two.texts(chat))[-1] == "number 9", "the place of the deleted one is filled"


async def test_writers_everywhere_and_every_acknowledged_change_is_in_the_next_page(two: Two) -> None:
    chance = random.Random(7)

    async def person(own: int) -> None:
        mine: dict[int, str] = {}
        for number in range(25):
            here, there = chance.sample((0, 1), 2)
            what = chance.random()
            if mine and what < 0.3:
                id = chance.choice(list(mine))
                mine[id] = f"{own} again {number}"
                await two.chats[here].edit(two.mira, id, mine[id])
            elif mine and what < 0.5:
                id = chance.choice(list(mine))
                del mine[id]
                await two.chats[here].delete(two.mira, id)
            else:
                text = f"{own} new {number}"
                mine[await two.say(here, text)] = text
            page = {message.id: message.content for message in await two.page(there)}
            oldest = min(page)
            seen = {id: text for id, text in page.items() if text.startswith(f"{own} ")}
            assert seen == {id: text for id, text in mine.items() if id >= oldest}

    await asyncio.gather(*(person(own) for own in range(6)))
    rows = await two.held.fetch(store.BEFORE, channel=two.room, border=1 << 62, count=50)
    for chat in (0, 1, 0, 1):
        assert await two.texts(chat) == [store.message(row).content for row in rows]
    assert min(two.used()) >= 1


async def test_a_page_that_was_overtaken_while_it_was_read_is_not_used(two: Two) -> None:
    id = await two.say(0, "before")
    two.held.hold = True
    slow = asyncio.create_task(two.texts(1))
    await two.held.read.wait()  # the old rows are read, and nothing is kept yet
    await two.chats[0].edit(two.mira, id, "after")
    assert await two.texts(1) == ["after"], "another reader is quicker"
    two.held.go.set()
    assert await slow == ["before"]
    assert await two.texts(1) == ["after"]
    assert two.used() == [0, 1], "the old page did not take the place of the newer one"


async def test_names_and_answered_messages_are_as_they_are_now(two: Two) -> None:
    first = await two.say(0, "question")
    await two.say(1, "answer", reply_to=first)
    (answer, _) = await two.page(1)
    assert answer.reference is not None
    assert (answer.reference.content, answer.author.display_name) == ("question", "mira")
    await two.chats[0].edit(two.mira, first, "another question")
    await two.world.users.update(two.mira, ProfilePatch(display_name="Mira of the Bay"))
    (answer, _) = await two.page(1)
    assert answer.reference is not None
    assert (answer.reference.content, answer.author.display_name) == ("another question", "Mira of the Bay")
    await two.chats[0].delete(two.mira, first)
    (answer,) = await two.page(1)
    assert answer.reference is not None
    assert answer.reference.content is None


async def test_a_deleted_room_is_forgotten(two: Two) -> None:
    await two.say(0, "last words")
    assert await two.texts(0) == ["last words"]
    gone = ChannelDeleted(server_id=1, channel_id=two.room)
    await two.chats[0].on_event(gone)
    assert await two.texts(0) == []
