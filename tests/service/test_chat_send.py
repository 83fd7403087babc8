"""Many people write into one room at once: each has an answer of their own, and the room one order. On every engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hubbub import events, trace
from hubbub.errors import Unavailable
from hubbub.ids import Snowflakes
from hubbub.infra.database.postgres import PostgresDatabase
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.services.auth.api import Principal
from hubbub.services.chat.api import Draft, Page, Sent
from hubbub.services.chat.events import MessageCreated
from hubbub.services.chat.service import ChatService
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Postgres
from tests.service.channel_world import World


class Process:
    """Chat in one process: its own connections, its own line, its own ids."""

    def __init__(self, database: Any, clock: HandClock, worker: int) -> None:
        self.database = database
        self.world = World(database, clock)
        recent = 0 if worker else 100
        users, channels = self.world.users, self.world.channels
        self.chat = ChatService(database, users, channels, Snowflakes(worker, clock), clock, lambda _: None, recent)
        self.told: list[tuple[int, MessageCreated, str]] = []  # sequence, fact, trace

    def published(self, facts: Sequence[tuple[str, bytes]]) -> None:
        for _, payload in facts:
            fact, event = events.decode(payload)
            if isinstance(event, MessageCreated):
                self.told.append((fact.seq, event, fact.trace))

    def writes(self) -> int:
        return sum(sum(series.buckets) for series in self.database.measures.writes.series())


class Room:
    def __init__(self, processes: list[Process], people: list[Principal], channel: int) -> None:
        self.processes, self.people, self.channel = processes, people, channel

    async def send(
        self, text: str, nonce: str | None = None, who: int = 0, process: int = 0, reply_to: int | None = None
    ) -> Sent:
        draft = Draft(channel_id=self.channel, content=text, nonce=nonce, reply_to=reply_to)
        return await self.processes[process].chat.send(self.people[who], draft)

    def told(self) -> list[tuple[int, str]]:
        """(id, text) of every fact by its sequence, which has no gap."""
        told = sorted((seq, event.message) for each in self.processes for seq, event, _ in each.told)
        assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
        return [(message.id, message.content) for _, message in told]

    async def kept(self) -> list[tuple[int, str]]:
        """(id, text) of everything in the room, oldest first, as people read it."""
        found: list[tuple[int, str]] = []
        before = None
        while page := await self._page(before):
            found += [(message.id, message.content) for message in page]
            before = page[-1].id
        return found[::-1]

    async def _page(self, before: int | None) -> Any:
        page = Page(channel_id=self.channel, before=before, after=None, around=None, limit=100 if before else 50)
        return await self.processes[-1].chat.page(self.people[0], page)


async def made(processes: list[Process]) -> Room:
    for each in processes:
        await each.database.publish_to(each.published)
    world = processes[0].world
    owner = await world.person("owner")
    server = await world.server(owner)
    people = [owner]
    for name in ("mira", "wren"):
        people.append(await world.person(name))
        await world.join(people[-1], server, owner)
    return Room(processes, people, (await world.channel(owner, server)).id)


async def closed(processes: list[Process]) -> None:
    for each in processes:
        await each.chat.close()
        await each.world.channels.close()
        await each.database.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Room]:
    clock = HandClock()
    if request.param == "sqlite":
        processes = [Process(await SqliteDatabase.open(str(tmp_path / "db"), clock=clock), clock, 0)]
    else:
        url = request.getfixturevalue("postgres_server").migrated_database()
        processes = [Process(await PostgresDatabase.open(url, clock=clock), clock, 1)]
    yield await made(processes)
    await closed(processes)


@pytest.fixture
async def shared(postgres_server: Postgres) -> AsyncIterator[Room]:
    """Two processes on one database."""
    url, clock = postgres_server.migrated_database(), HandClock()
    processes = [Process(await PostgresDatabase.open(url, clock=clock), clock, worker) for worker in (1, 2)]
    yield await made(processes)
    await closed(processes)


async def test_each_of_many_has_their_own_answer_and_the_room_one_order(room: Room) -> None:
    before = room.processes[0].writes()
    texts = [f"number {number}" for number in range(300)]
    sent = await asyncio.gather(*(room.send(text, text, at % 3) for at, text in enumerate(texts)))
    assert [each.message.content for each in sent] == texts
    assert [each.message.nonce for each in sent] == texts
    assert [each.message.author.id for each in sent] == [room.people[at % 3].user_id for at in range(300)]
    assert all(each.created for each in sent)
    order = sorted((each.message.id, each.message.content) for each in sent)
    assert room.told() == order, "ids rise with the sequence"
    assert await room.kept() == order
    assert room.processes[0].writes() - before <= 10, "what waited together is one transaction"
    assert room.processes[0].chat.sent == 300


async def test_mentions_and_answers_are_those_of_each_message(room: Room) -> None:
    mira = room.people[1].user_id
    first = (await room.send("question")).message.id
    await asyncio.gather(
        *(room.send(f"<@{mira}> {at}" if at % 3 else f"{at}", reply_to=first if at % 2 else None) for at in range(20))
    )
    expected = [f"<@{mira}> {at}" for at in range(20) if at % 3]
    called = await room.processes[0].chat.calls(room.people[1], None, 100)
    assert sorted(message.content for message in called) == sorted(expected)
    for _, event, _ in room.processes[0].told[1:]:
        number = int(event.message.content.rpartition(" ")[2])
        assert event.message.mentions == ((mira,) if number % 3 else ())
        assert (event.message.reference.id if event.message.reference else None) == (first if number % 2 else None)


async def test_a_nonce_is_one_message_also_when_it_comes_twice_at_once(room: Room) -> None:
    known = (await room.send("known", "old")).message
    sent = await asyncio.gather(
        room.send("a", "one"),
        room.send("b", "one"),
        room.send("c", "one", who=1),
        room.send("d", "old"),
        room.send("e"),
        room.send("f"),
        room.send("g", "one"),
        room.send("h", "old", who=1),
        room.send("i", "old"),
    )
    same = [sent[at] for at in (0, 1, 6)]
    (first,) = (each.message.content for each in same if each.created)
    assert {each.message.content for each in same} == {first}
    assert [each.message.content for each in sent[2:6]] == ["c", "known", "e", "f"]
    assert [each.created for each in sent[2:6]] == [True, False, True, True]
    assert (sent[7].message.content, sent[7].created) == ("h", True)
    assert sent[3].message == sent[8].message == known
    assert room.told() == await room.kept()
    assert sorted(text for _, text in room.told()) == sorted(["known", first, "c", "e", "f", "h"])
    assert room.processes[0].chat.sent == 6
    again = await asyncio.gather(room.send("x", "one"), room.send("y", "one", who=1))
    assert [each.message for each in again] == [sent[0].message, sent[2].message]
    assert not any(each.created for each in again), "a batch of what is known writes nothing"
    assert len(room.told()) == 6


async def test_a_bad_one_among_good_ones_fails_alone(room: Room) -> None:
    bad = "\ud800"  # no UTF-8 says that: neither driver takes it
    nonces = [f"n{at}" if at % 9 != 4 else bad for at in range(40)]
    sent = await asyncio.gather(*(room.send(f"{at}", nonce) for at, nonce in enumerate(nonces)), return_exceptions=True)
    assert [isinstance(each, Sent) for each in sent] == [nonce != bad for nonce in nonces]
    assert not any(isinstance(each, Unavailable) for each in sent)
    order = sorted((each.message.id, each.message.content) for each in sent if isinstance(each, Sent))
    assert room.told() == order == await room.kept()


async def test_who_gives_up_harms_nobody_and_leaves_no_half_of_a_message(room: Room) -> None:
    await room.kept()  # the newest page is in memory, where it is kept there
    for turns in range(12):
        tasks = [asyncio.create_task(room.send(f"{turns} {at}", f"{turns} {at}")) for at in range(30)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks[::4]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, Sent) for at, each in enumerate(results) if at % 4)
        await room.send(f"{turns} after")
    told = room.told()
    assert told == await room.kept()
    assert told == sorted(told)
    assert {f"{turns} {at}" for turns in range(12) for at in range(30) if at % 4} <= {text for _, text in told}


async def test_a_fact_belongs_to_the_trace_of_its_sender(room: Room) -> None:
    def parent(at: int) -> str:
        return f"00-{at + 1:032x}-{at + 1:016x}-01"

    async def one(at: int) -> None:
        with trace.span("test", parent=parent(at)):
            await room.send(str(at))

    await asyncio.gather(*(one(at) for at in range(20)))
    assert {event.message.content: cause for _, event, cause in room.processes[0].told} == {
        str(at): parent(at) for at in range(20)
    }


async def test_the_end_answers_who_was_in_line(room: Room) -> None:
    tasks = [asyncio.create_task(room.send(f"{at}")) for at in range(100)]
    await asyncio.sleep(0)
    await room.processes[0].chat.close()
    sent = await asyncio.gather(*tasks)
    assert sorted((each.message.id, each.message.content) for each in sent) == await room.kept()
    with pytest.raises(Unavailable) as refused:
        await room.send("too late")
    assert not refused.value.started


# ---- where several processes write -----------------------------------------------------------------------------------


async def test_two_processes_share_one_order(shared: Room) -> None:
    async def person(number: int) -> None:
        for at in range(20):
            text = f"{number} {at}"
            assert (await shared.send(text, text, number % 3, number % 2)).message.content == text

    await asyncio.gather(*(person(number) for number in range(16)))
    told = shared.told()
    assert len(told) == 16 * 20
    assert told == sorted(told), "ids rise with the sequence, whoever gave them"
    assert told == await shared.kept()
    for each in shared.processes:
        own = [seq for seq, _, _ in each.told]
        assert len(own) == 160
        assert own == sorted(own)
        assert each.writes() < 160


async def test_one_nonce_in_two_processes_is_one_message(shared: Room) -> None:
    sent = await asyncio.gather(*(shared.send(f"{at}", f"nonce {at // 4}", process=at % 2) for at in range(200)))
    assert sum(each.created for each in sent) == 50
    for first in range(0, 200, 4):
        assert len({each.message for each in sent[first : first + 4]}) == 1
    assert len(shared.told()) == 50


async def test_a_batch_takes_the_round_trips_of_one(shared: Room) -> None:
    process = shared.processes[0]
    asked: list[str] = []
    for holder in process.database._pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(lambda query: asked.append(query.query))

    async def trips(name: str, count: int) -> int:
        asked.clear()
        await asyncio.gather(*(shared.send("text", f"{name} {at}") for at in range(count)))
        return len(asked)

    await trips("first", 1)
    assert await trips("one", 1) == 6, "lock, nonce and newest id, row, head, fact, commit"
    assert await trips("many", 60) == 7, "and the other nonces"
