"""Two media nodes, one of which is stopped, cut off or started again: a room is on one of them at a time, who has a ticket of
an earlier time is refused, and asks again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from livekit import rtc
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.scenarios.apart import MEDIA_ALONE, Apart
from tests.scenarios.place import Person, Place
from tests.scenarios.test_sdk_with_ticket import lounge
from tests.scenarios.test_write_and_read import two
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.link import FAULTS, Link, linked
from tests.waiting import eventually, until

ANSWER = 9.0  # seconds: a socket is opened or refused by then
MOVED = 20.0  # seconds until a silent node's room is elsewhere: its lease, and a call that it does not answer
SEATED = 101
REFUSED = (401, 503)
Ticket = dict[str, Any]


class Nodes(NamedTuple):
    """`links`: the way of each media node to Redis."""

    place: Apart
    links: dict[str, Link]

    def at(self, ticket: Ticket) -> str:
        """The name of the node that a ticket leads to."""
        return next(name for name, part in self.place.parts.items() if part.url.replace("http", "ws") == ticket["url"])

    def node(self, ticket: Ticket) -> Place:
        return self.place.parts[self.at(ticket)]


@pytest.fixture
async def nodes(
    tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> AsyncIterator[Nodes]:
    place = Apart(tmp_path, postgres_server, nats_server, redis_server, MEDIA_ALONE)
    links: dict[str, Link] = {}
    media = [name for name, part in place.parts.items() if part.services == ("media",)]
    try:
        for name in media:
            links[name] = await linked(place.parts[name].settings, "REDIS_URL")
        await asyncio.to_thread(place.start)
        yield Nodes(place, links)
    finally:
        for name in media:
            if (process := place.parts[name].process) is not None:
                process.send_signal(signal.SIGCONT)
        for link in links.values():
            link.thaw()
        await asyncio.to_thread(place.stop)
        for link in links.values():
            await link.stop()


async def ask(person: Person, channel: str) -> httpx.Response:
    """For a ticket; refused with a code when nobody can say where the room is."""
    async with asyncio.timeout(ANSWER):
        answer = await person.http.post(f"/api/channels/{channel}/voice/join", json={})
    assert answer.status_code in (200, 503), answer.text
    if answer.status_code == 503:
        assert answer.json()["code"] == "unavailable"
    return answer


async def ticket(person: Person, channel: str) -> Ticket:
    answer = await ask(person, channel)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ticket_elsewhere(person: Person, channel: str, than: Ticket) -> Ticket:
    async def moved() -> Ticket | None:
        answer = await ask(person, channel)
        return answer.json() if answer.status_code == 200 and answer.json()["url"] != than["url"] else None

    return await eventually(moved, "the room is on the other node", MOVED)


async def enter(ticket: Ticket) -> int:
    """By the bare socket: 101 for who is seated, else the status of the refusal."""
    bearer = {"Authorization": f"Bearer {ticket['token']}"}
    try:
        async with connect(f"{ticket['url']}/rtc", additional_headers=bearer, open_timeout=None) as socket:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            return SEATED
    except InvalidStatus as refused:
        return refused.response.status_code


async def rooms(node: Place) -> int:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{node.url}/health")).json()["counters"]["media.rooms"]


async def test_a_node_that_was_stopped_seats_nobody_in_a_room_that_moved(nodes: Nodes) -> None:
    """Stopped as by a machine that is paused: when it goes on it believes that no time has passed."""
    owner, guest, server = await two(nodes.place)
    channel = lounge(server)
    early = await ticket(owner, channel)
    stopped = nodes.node(early)
    assert stopped.process is not None
    stopped.process.send_signal(signal.SIGSTOP)
    entering = asyncio.create_task(enter(early))  # waits at its door
    late = await ticket_elsewhere(guest, channel, early)
    room = rtc.Room()
    await room.connect(late["url"], late["token"])
    stopped.process.send_signal(signal.SIGCONT)
    async with asyncio.timeout(ANSWER):
        assert await entering in REFUSED
    assert await enter(early) in REFUSED
    assert await rooms(stopped) == 0
    again = await ticket(owner, channel)
    assert again["url"] == late["url"]
    assert await enter(again) == SEATED
    assert room.isconnected()
    await room.disconnect()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_node_without_redis_lets_nobody_in_and_puts_nobody_out(nodes: Nodes, fault: str) -> None:
    begin, end = FAULTS[fault]
    owner, guest, server = await two(nodes.place)
    channel = lounge(server)
    first = await ticket(owner, channel)
    room = rtc.Room()
    await room.connect(first["url"], first["token"])
    early = await ticket(guest, channel)
    assert early["url"] == first["url"], "a room is on one node"
    link = nodes.links[nodes.at(first)]
    await begin(link)
    async with asyncio.timeout(ANSWER):
        assert await enter(early) == 503
    late = await ticket_elsewhere(guest, channel, early)
    async with asyncio.timeout(ANSWER):
        assert await enter(early) == 503
    assert room.isconnected(), "who is in goes on"
    assert await enter(late) == SEATED
    other = rtc.Room()
    await other.connect(late["url"], late["token"])

    gone = asyncio.Event()
    room.on("disconnected", lambda _: gone.set())
    await end(link)
    await asyncio.wait_for(gone.wait(), MOVED)
    old = nodes.node(first)
    await until_empty(old)
    assert await enter(early) in REFUSED
    again = await ticket(owner, channel)
    assert again["url"] == late["url"]
    assert await enter(again) == SEATED
    await until(other.isconnected, "nobody there noticed")
    await other.disconnect()


async def until_empty(node: Place) -> None:
    async def empty() -> bool:
        return not await rooms(node)

    await eventually(empty, "it gave the room up")


async def test_a_node_that_is_started_again_knows_no_old_ticket(nodes: Nodes) -> None:
    owner, _, server = await two(nodes.place)
    early = await ticket(owner, lounge(server))
    node = nodes.node(early)
    node.kill()
    await asyncio.to_thread(node.start)
    assert await enter(early) == 401
    assert await enter(await ticket(owner, lounge(server))) == SEATED
