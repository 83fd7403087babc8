"""Lines between processes and their servers go bad: slow, cut, or half open. What cannot be served is refused with a code
within its deadline, nobody sees what they may not, and it is well again when the line is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.place import PASSWORD, Person
from tests.scenarios.returning import Returning
from tests.scenarios.test_write_and_read import text_channel
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.link import FAULTS, Link, linked
from tests.waiting import eventually, until

ANSWER = 9.0  # seconds: a call has 5, two in a row would be 10
GIVEN_UP = 40.0  # seconds: the bus asks twice, 5 s apart, and each refused call takes 5
WELL = 10.0  # seconds until everything works again
VIEW_CHANNEL = 1 << 10
ONE_CORE = {
    "gateway-1": ("gateway",),
    "gateway-2": ("gateway",),
    "core": ("auth", "user", "channel", "chat", "presence", "voice", "media"),
}


class Lined(NamedTuple):
    """`links`: by process and the setting that names the server at its other end."""

    place: Apart
    links: dict[tuple[str, str], Link]


# Lines, and what is refused while nothing passes there: the rest may still be served.
LINES: dict[tuple[str, str], set[str]] = {
    ("gateway-1", "NATS_URL"): {"write", "read", "change", "sit down", "log in"},
    ("gateway-1", "REDIS_URL"): {"write", "read", "change", "log in"},  # limits: nobody counts, so nobody may
    ("core", "DATABASE_URL"): {"write", "change", "sit down", "log in"},
    ("core", "REDIS_URL"): {"sit down"},  # nobody knows which media node has the room
    ("core", "NATS_URL"): {"write", "read", "change", "sit down", "log in"},
}


@pytest.fixture
async def lined(
    tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> AsyncIterator[Lined]:
    place = Apart(tmp_path, postgres_server, nats_server, redis_server, ONE_CORE, HUBBUB_RATE_LIMIT_SCALE="1000")
    links: dict[tuple[str, str], Link] = {}
    try:
        for process, setting in LINES:
            links[process, setting] = await linked(place.parts[process].settings, setting)
        await asyncio.to_thread(place.start)
        yield Lined(place, links)
    finally:
        for link in links.values():
            link.thaw()
        await asyncio.to_thread(place.stop)
        for link in links.values():
            await link.stop()


def calls(person: Person, server: dict[str, Any], at: str) -> dict[str, Callable[[], Awaitable[httpx.Response]]]:
    text = text_channel(server)
    (voice,) = (each["id"] for each in server["channels"] if each["type"] == "voice")
    http = person.http
    return {
        "write": lambda: http.post(f"{at}/api/channels/{text}/messages", json={"content": "hello"}),
        "read": lambda: http.get(f"{at}/api/channels/{text}/messages"),
        "change": lambda: http.patch(f"{at}/api/channels/{text}", json={"topic": f"at {time.monotonic()}"}),
        "sit down": lambda: http.post(
            f"{at}/api/channels/{voice}/voice/join", json={"self_mute": True, "self_deaf": False}
        ),
        "log in": lambda: http.post(f"{at}/api/auth/login", json={"username": "owner", "password": PASSWORD}),
    }


async def answered(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    async with asyncio.timeout(ANSWER):
        answer = await call()
    assert answer.status_code in (200, 201, 429, 503), answer.text
    if answer.status_code >= 400:
        assert answer.json()["code"] in ("unavailable", "rate.limited"), answer.text
    return answer


async def succeeds(call: Callable[[], Awaitable[httpx.Response]]) -> bool:
    return (await answered(call)).is_success


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_be_served_is_refused_in_time(lined: Lined, fault: str) -> None:
    """One line after the other goes bad and is well again, on one instance that nobody touches."""
    place, (begin, end) = lined.place, FAULTS[fault]
    owner = await place.owner()
    server = await owner.make_server()
    all_calls = calls(owner, server, place.gateways[0].url)
    for line, refused in LINES.items():
        for name, call in all_calls.items():
            assert (await answered(call)).is_success, f"{name} before {line}"
        link = lined.links[line]
        await begin(link)
        answers = await asyncio.gather(*(answered(call) for call in all_calls.values()))
        found = {name for name, answer in zip(all_calls, answers, strict=True) if not answer.is_success}
        assert found >= refused, f"{line} is {fault}, and was served: {refused - found}"
        await end(link)
        for name, call in all_calls.items():
            await eventually(partial(succeeds, call), f"{name} after {line}", WELL)
    await owner.close()


async def test_the_other_takes_over_from_one_behind_a_dead_line(
    tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> None:
    """The line stays half open. The one behind it gets its share of the calls until the bus gives it up; then the other
    of its kind serves them all."""
    place = Apart(tmp_path, postgres_server, nats_server, redis_server)
    link = Link(nats_server.port)
    await link.start()
    half = place.parts["core-2"]
    half.settings["NATS_URL"] = nats_server.url.replace(f":{nats_server.port}", f":{link.port}")
    try:
        await asyncio.to_thread(place.start)
        owner = await place.owner()
        write = calls(owner, await owner.make_server(), place.gateways[0].url)["write"]
        link.freeze()
        answers = await asyncio.gather(*(answered(write) for _ in range(16)))
        assert {answer.status_code for answer in answers} == {201, 503}, "half of them went to each"
        served, end = 0, time.monotonic() + GIVEN_UP
        while served < 16:
            assert time.monotonic() < end, "it still gets calls"
            served = served + 1 if (await answered(write)).is_success else 0
        await owner.close()
    finally:
        link.thaw()
        await asyncio.to_thread(place.stop)
        await link.stop()


async def test_a_slow_line_only_slows(lined: Lined) -> None:
    """60 ms each way to everything: messages of both gateways arrive once and in order."""
    place = lined.place
    owner = await place.owner()
    server = await owner.make_server()
    channel = text_channel(server)
    guest = await place.guest("guest", await owner.invite_to(server["id"]))
    for link in lined.links.values():
        link.delay = 0.03
    async with Returning(guest, channel, [place.gateways[0].url]) as reader:

        async def write(writer: int) -> None:
            at = place.gateways[writer % 2].url
            for number in range(5):
                body = {"content": f"{writer}:{number}"}
                async with asyncio.timeout(ANSWER):
                    answer = await owner.http.post(f"{at}/api/channels/{channel}/messages", json=body)
                assert answer.status_code == 201, answer.text

        await asyncio.gather(*(write(writer) for writer in range(4)))
        await reader.until(20)
        assert reader.anew == 1, "nobody had to begin anew"
        for writer in range(4):
            own = [each for each in reader.arrived if each.startswith(f"{writer}:")]
            assert own == [f"{writer}:{number}" for number in range(5)]
    for person in (owner, guest):
        await person.close()


class Listening(NamedTuple):
    """A guest who reads a room at a gateway whose line to the bus goes bad; the owner is at the other one."""

    owner: Person
    guest: Person
    server: str
    channel: str
    elsewhere: str
    deaf: str
    other: str
    link: Link
    reader: Returning


@asynccontextmanager
async def listening(lined: Lined) -> AsyncIterator[Listening]:
    place = lined.place
    deaf, other = (each.url for each in place.gateways)
    owner = await place.owner()
    owner.http.base_url = other
    server = await owner.make_server()
    id, channel = server["id"], text_channel(server)
    second = await owner.call("POST", f"/api/servers/{id}/channels", {"name": "open", "type": "text"})
    guest = await place.guest("guest", await owner.invite_to(id))
    link = lined.links["gateway-1", "NATS_URL"]
    async with Returning(guest, channel, [deaf]) as reader:
        yield Listening(owner, guest, id, channel, second["id"], deaf, other, link, reader)
    for person in (owner, guest):
        await person.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_gateway_without_the_bus_shows_nothing_that_is_forbidden_by_now(lined: Lined, fault: str) -> None:
    begin, end = FAULTS[fault]
    async with listening(lined) as at:
        owner, guest, channel, reader = at.owner, at.guest, at.channel, at.reader
        await owner.send(channel, "for everybody")
        await reader.until(1)
        await begin(at.link)
        everybody = f"/api/channels/{channel}/permissions/{at.server}"
        await owner.call("PUT", everybody, {"type": "role", "deny": str(VIEW_CHANNEL)})
        await owner.send(channel, "secret")
        answer = await answered(lambda: guest.http.get(f"{at.deaf}/api/channels/{channel}/messages"))
        assert answer.status_code == 503
        await end(at.link)
        await until(lambda: ("CHANNEL_DELETE", channel) in reader.told, "the channel vanishes", WELL)
        await owner.send(at.elsewhere, "later")
        heard = ("MESSAGE_CREATE", at.elsewhere)
        await until(lambda: heard in reader.told, "the same socket hears what it may", WELL)
        assert reader.arrived == ["for everybody"]
        assert (await guest.http.get(f"{at.deaf}/api/channels/{channel}/messages")).status_code == 404


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_session_that_was_ended_while_a_gateway_was_deaf(lined: Lined, fault: str) -> None:
    """There it is served nothing and told nothing, and a moment after the gateway hears again its socket is closed."""
    begin, end = FAULTS[fault]
    async with listening(lined) as at:
        guest, reader = at.guest, at.reader
        await begin(at.link)
        (session,) = (await guest.http.get(f"{at.other}/api/auth/sessions")).json()
        assert (await guest.http.delete(f"{at.other}/api/auth/sessions/{session['id']}")).is_success
        assert (await guest.http.get(f"{at.other}/api/users/@me")).status_code == 401
        await at.owner.send(at.channel, "not for who is gone")
        assert (await answered(lambda: guest.http.get(f"{at.deaf}/api/users/@me"))).status_code == 503
        assert reader.ended is None
        await end(at.link)
        await until(lambda: reader.ended == 4021, "its socket is closed", WELL)
        assert reader.arrived == []
        assert (await guest.http.get(f"{at.deaf}/api/users/@me")).status_code == 401
