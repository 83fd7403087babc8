"""Chat through the whole path: gateway command, services, durable commit, bus, fan-out, sockets.

- send to deliver at N receivers: 20 messages/s, stamped; from before the command to the event in each receiver.
- acknowledged messages/s: open loop, senders that do not wait; latency from planned time to the REPLY.
- CPU of the server per delivered frame, and memory per connection.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from tests.scenarios.place import Gateway, Person, Place

from benchmarks.crowd import Crowd
from benchmarks.flood import Plan
from benchmarks.measure import cpu_seconds, instance, percentile, resident_mb
from hubbub.services.channel.permission_bits import SEND_MESSAGES, VIEW_CHANNEL

ROOT = Path(__file__).parents[1]


async def people_of(place: Place, count: int) -> tuple[list[Person], str]:
    owner = await place.owner()
    server = await owner.make_server()
    channel = next(each["id"] for each in server["channels"] if each["type"] == "text")
    invite = await owner.invite_to(server["id"])
    return [owner, *[await place.guest(f"guest{number}", invite) for number in range(count)]], channel


async def deliver(receivers: int, messages: int = 200, per_second: float = 20) -> dict[str, Any]:
    """Receivers are sockets of at most 10 accounts."""
    with instance() as place:
        people, channel = await people_of(place, min(receivers, 10))
        sender = await Gateway.open(place, people[0].tokens["access_token"])
        others = people[1:]
        sockets = [
            await Gateway.open(place, others[at % len(others)].tokens["access_token"]) for at in range(receivers)
        ]
        delays: list[float] = []
        before = cpu_seconds(place)
        for number in range(messages):
            started = time.perf_counter()
            nonce = f"n{number}"
            reply = asyncio.create_task(
                sender.command("message.send", {"channel_id": channel, "content": "x" * 100, "nonce": nonce})
            )
            await asyncio.gather(*(_arrived(each, nonce, started, delays) for each in sockets))
            await reply
            await asyncio.sleep(max(0, 1 / per_second - (time.perf_counter() - started)))
        spent = cpu_seconds(place) - before
        for each in (sender, *sockets):
            await each.close()
    return {
        "receivers": receivers,
        "p50_ms": round(percentile(delays, 0.5) * 1000, 2),
        "p99_ms": round(percentile(delays, 0.99) * 1000, 2),
        "server_cpu_us_per_frame": round(spent / len(delays) * 1e6, 1),
    }


async def _arrived(gateway: Gateway, nonce: str, started: float, delays: list[float]) -> None:
    await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["nonce"] == nonce)
    delays.append(time.perf_counter() - started)
    gateway.events.clear()


async def durable(per_second: int, seconds: int = 8, senders: int = 32) -> dict[str, Any]:
    """Open loop over REST on kept-alive connections, two gateway sockets listening: each sender keeps to its plan
    whatever the answers do, and a late answer counts from the planned time."""
    with instance() as place:
        people, channel = await people_of(place, 4)
        listening = [await Gateway.open(place, each.tokens["access_token"]) for each in people[:2]]
        lines = [await _Line.open(place, people[at % len(people)], channel) for at in range(senders)]
        delays: list[float] = []
        before, begun = cpu_seconds(place), time.perf_counter()
        await asyncio.gather(
            *(
                line.keep(begun + at / per_second, senders / per_second, begun + seconds, delays)
                for at, line in enumerate(lines)
            )
        )
        took = time.perf_counter() - begun
        spent = cpu_seconds(place) - before
        for each in listening:
            await each.until(lambda each=each: len(each.events) >= len(delays), "every message")
            await each.close()
    return {
        "asked_per_second": per_second,
        "acknowledged_per_second": round(len(delays) / took),
        "p50_ms": round(percentile(delays, 0.5) * 1000, 1),
        "p99_ms": round(percentile(delays, 0.99) * 1000, 1),
        "server_cpu_us_per_message": round(spent / len(delays) * 1e6),
    }


class _Line:
    """One kept-alive HTTP connection that posts messages, one after the other, as cheaply as Python can."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader, self._writer, self._request = reader, writer, request

    @classmethod
    async def open(cls, place: Place, person: Person, channel: str) -> _Line:
        body = b'{"content":"' + b"x" * 100 + b'"}'
        head = (
            f"POST /api/channels/{channel}/messages HTTP/1.1\r\nHost: {place.host}:{place.port}\r\n"
            f"Authorization: Bearer {person.tokens['access_token']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return cls(*await asyncio.open_connection(place.host, place.port), head.encode() + body)

    async def keep(self, planned: float, every: float, until: float, delays: list[float]) -> None:
        while planned < until:
            await asyncio.sleep(max(0, planned - time.perf_counter()))
            self._writer.write(self._request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 201"), head
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await self._reader.readexactly(int(length))
            delays.append(time.perf_counter() - planned)
            planned += every
        self._writer.close()


async def commands(per_second: int, seconds: float = 6, senders: int = 64) -> dict[str, Any]:
    """Open loop over gateway commands, the load in a process of its own (benchmarks/flood.py): each sender in a room that
    only it and the owner see; two sockets of the owner read all rooms and must get every message."""
    with instance() as place:
        owner, pairs = await rooms(place, senders)
        plan = Plan(
            host=place.host,
            port=place.port,
            senders=pairs,
            readers=[owner.tokens["access_token"]] * 2,
            per_second=per_second,
            seconds=seconds,
        )
        before: list[float] = []
        found = await flooded(plan, lambda: before.append(cpu_seconds(place)))
        spent = cpu_seconds(place) - before[0]
    return {
        "asked_per_second": per_second,
        "acknowledged_per_second": round(found["sent"] / found["took"]),
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "server_cpu_us_per_message": round(spent / found["sent"] * 1e6),
        "client_cpu_us_per_message": round(found["client_cpu"] / found["sent"] * 1e6),
    }


async def rooms(place: Place, count: int) -> tuple[Person, list[tuple[str, str]]]:
    """The owner, and senders (access token, room): each in a room that only it and the owner see."""
    owner = await place.owner()
    server = await owner.make_server()
    invite = await owner.invite_to(server["id"])
    return owner, [await _sender(place, owner, server["id"], invite, number) for number in range(count)]


async def flooded(plan: Plan, begin: Callable[[], None]) -> dict[str, Any]:
    """What the load found, in a process of its own; everything was acknowledged, and read by both readers. `begin()` is
    called when it starts to send."""
    load = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.flood", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    assert load.stdin is not None
    assert load.stdout is not None
    load.stdin.write(msgspec.json.encode(plan) + b"\n")
    assert await load.stdout.readline() == b"ready\n"
    begin()
    load.stdin.write(b"go\n")
    found = json.loads(await load.stdout.readline())
    await load.wait()
    assert found["read"] == [found["sent"]] * 2, found
    assert found["acknowledged"] == found["sent"], found
    assert not found["refused"], found
    return found


async def loop_lag(listeners: int = 2000, per_second: float = 20, seconds: float = 30) -> dict[str, Any]:
    """How late the server's loop is (its own figure, /health) while each message of a room goes to so many sockets.
    40 accounts; the sockets in a process of their own (benchmarks/crowd.py)."""
    with instance() as place:
        people, channel = await people_of(place, 40)
        crowd = Crowd(
            host=place.host,
            port=place.port,
            tokens=[people[1 + at % 40].tokens["access_token"] for at in range(listeners)],
        )
        load = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.crowd", stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdin.write(msgspec.json.encode(crowd) + b"\n")
        assert await load.stdout.readline() == b"ready\n"
        sender = await Gateway.open(place, people[0].tokens["access_token"])
        await asyncio.sleep(1)
        before, begun, sent = cpu_seconds(place), time.perf_counter(), 0
        while time.perf_counter() < begun + seconds:
            await sender.command("message.send", {"channel_id": channel, "content": "x" * 100})
            sent += 1
            await asyncio.sleep(max(0, begun + sent / per_second - time.perf_counter()))
        spent = cpu_seconds(place) - before
        health = (await people[0].http.get("/health")).json()["counters"]
        load.stdin.write(b"%d\n" % (sent * listeners))
        got = int(await load.stdout.readline())
        await load.wait()
        await sender.close()
    assert got == sent * listeners, (got, sent * listeners)
    return {
        "sockets": listeners,
        "broadcasts_per_second": round(sent / seconds, 1),
        "lag_p50_ms": health["loop.p50_us"] / 1000,
        "lag_p99_ms": health["loop.p99_us"] / 1000,
        "lag_worst_ms": health["loop.worst_us"] / 1000,
        "server_cpu_percent": round(spent / seconds * 100),
        "server_cpu_us_per_frame": round(spent / got * 1e6, 1),
    }


async def _sender(place: Place, owner: Person, server: str, invite: str, number: int) -> tuple[str, str]:
    """(access token, room): a room that everybody's role may not see, with an entry for this one."""
    person = await place.guest(f"sender{number}", invite)
    room = await owner.call("POST", f"/api/servers/{server}/channels", {"name": f"room{number}", "type": "text"})
    entries = f"/api/channels/{room['id']}/permissions"
    await owner.call("PUT", f"{entries}/{server}", {"type": "role", "deny": str(VIEW_CHANNEL)})
    allowed = str(VIEW_CHANNEL | SEND_MESSAGES)
    await owner.call("PUT", f"{entries}/{person.id}", {"type": "user", "allow": allowed})
    await person.close()
    return person.tokens["access_token"], room["id"]


async def connections(count: int = 1000) -> dict[str, Any]:
    """Idle, identified gateway connections of 20 accounts in one server."""
    with instance() as place:
        people, _ = await people_of(place, 20)
        warm = await Gateway.open(place, people[0].tokens["access_token"])
        before, cpu = resident_mb(place), cpu_seconds(place)
        sockets = [await Gateway.open(place, people[1 + at % 20].tokens["access_token"]) for at in range(count)]
        spent = cpu_seconds(place) - cpu
        await asyncio.sleep(2)
        grown = resident_mb(place) - before
        for each in (warm, *sockets):
            await each.close()
    return {
        "connections": count,
        "kb_per_connection": round(grown * 1024 / count, 1),
        "cpu_us_per_connect_and_ready": round(spent / count * 1e6),
    }
