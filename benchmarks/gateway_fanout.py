"""What a gateway socket costs: KB per idle connection, CPU to connect, CPU per delivered frame, HTTP latency beside it.

Everything is real from the bus to the socket (intake, lanes, fan-out, sessions with replay rings, uvicorn on uvloop);
only what the gateway asks (who is who, who may what) answers from memory. Events are messages of about 300 bytes in
one room that everybody reads. The server runs on core 0, this program on core 1; CPU is the server's own, from
/proc/<pid>/schedstat, so that neighbours do not count.

Run: python benchmarks/gateway_fanout.py [IDLE] [LISTENING]      (needs `ulimit -n` above IDLE + 100)
Prints one JSON object. To compare with: 2.1 KB and 7-9 us for bare sockets with a sequence but without sessions.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from hubbub import events
from hubbub.clock import SystemClock
from hubbub.infra.bus.memory import MemoryBus
from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.websocket.routes import add_routes
from hubbub.protocols.wire.things import Instance
from hubbub.services.auth.api import Principal
from hubbub.services.channel import api as channel
from hubbub.services.channel import permission_bits as bits
from hubbub.services.chat.api import ChannelHead, Message
from hubbub.services.chat.events import MessageCreated
from hubbub.services.gateway.service import GatewayService
from hubbub.services.user.api import Account, User

SERVER, ROOMS = 1, 20
TEXT = "x" * 20
SETTLED = 17.0  # seconds after which a session has forgotten what READY contained
SERVER_ROW = channel.Server(id=SERVER, name="Home", icon=None, description="", owner_id=1, created_at=0, member_count=1)
ROOM_ROWS = tuple(
    channel.Channel(
        id=100 + number,
        server_id=SERVER,
        type="text",
        name=f"room {number}",
        topic="",
        parent_id=None,
        position=number,
        user_limit=0,
        bitrate=64_000,
    )
    for number in range(ROOMS)
)
RIGHTS = {each.id: bits.DEFAULT_PERMISSIONS for each in ROOM_ROWS}


def person(id: int) -> User:
    return User(id=id, username=f"user{id}", display_name=f"User {id}", avatar=None, kind="person")


class Answers:
    """Every service that the gateway asks, with the least possible answer."""

    async def authenticate(self, token: str) -> Principal:
        return Principal("person", int(token), int(token))

    async def take(self, kind: str, who: str, cost: float) -> None: ...

    async def servers_of(self, user_id: int) -> tuple[int, ...]:
        return (SERVER,)

    async def views(self, principal: Principal) -> channel.Memberships:
        member = channel.Member(user=person(principal.user_id), server_id=SERVER, nick=None, roles=(), joined_at=0)
        rooms = tuple(channel.ChannelView(channel=each, permissions=RIGHTS[each.id]) for each in ROOM_ROWS)
        view = channel.ServerView(server=SERVER_ROW, channels=rooms, roles=(), me=member, permissions=1, head=0)
        return channel.Memberships(views=(view,), unanswered=())

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> channel.ServerAccesses:
        group = channel.ServerAccess(user_ids=user_ids, permissions=1, channels=dict(RIGHTS))
        return channel.ServerAccesses(server_id=server_id, groups=(group,), unanswered=())

    async def heads(self, asked: Sequence[Any]) -> Any:
        if asked and isinstance(asked[0], str):
            return dict.fromkeys(asked, 0)
        return tuple(ChannelHead(channel_id=each, last_message_id=None, seq=0) for each in asked)

    async def events_after(self, stream: str, seq: int, limit: int) -> None:
        raise AssertionError("the memory bus loses nothing")

    async def account(self, principal: Principal) -> Account:
        return Account(user=person(principal.user_id), email=None, created_at=0, instance_owner=False)

    async def nothing(self, *asked: Any) -> tuple[()]:
        return ()

    async def speaking(self, server_ids: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
        return {}

    read_states = states = online_in = get = connected = beat = disconnected = nothing


async def instance(origin: str) -> Instance:
    return Instance(
        name="Bench",
        host="localhost",
        version="0",
        registration="invite",
        setup_needed=False,
        secure=False,
        message_length=4000,
        password_length=10,
    )


class Publisher:
    """The control port: `POST /<count>` publishes so many messages, `GET /` is the HTTP whose latency is measured."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._seq = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            for _ in range(int(scope["path"][1:])):
                self._publish()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    def _publish(self) -> None:
        self._seq += 1
        message = Message(
            id=self._seq,
            channel_id=100,
            server_id=SERVER,
            author=person(1),
            content=TEXT,
            edited_at=None,
            nonce=None,
            mentions=(),
            mention_everyone=False,
            reference=None,
        )
        event = MessageCreated(server_id=SERVER, channel_id=100, message=message)
        self._bus.publish(event.topic, events.encode(event, "channel:100", self._seq, 0))


async def serve(port: int) -> None:
    bus, clock, answers = MemoryBus(), SystemClock(), Answers()
    of: Any = answers
    gateway = GatewayService(bus, of, of, of, of, of, of, clock)
    await gateway.start()
    router = Router(Origins(()), Proxies(()), 0)
    add_routes(router, gateway, of, of, of, of, of, clock, instance, "", 1.0)
    config = uvicorn.Config(
        Publisher(bus),
        port=port,
        ws=functools.partial(Connection, router),  # type: ignore[arg-type]
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=75,
    )
    await uvicorn.Server(config).serve()


# ---- the measuring side

HEAD = (
    b"GET /gateway?v=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Listener(asyncio.Protocol):
    """A client that counts bytes."""

    total = 0
    frame = 0  # bytes of one message event, learned from the first

    def __init__(self, number: int) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = number
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.transport.write(HEAD)

    def data_received(self, data: bytes) -> None:
        Listener.total += len(data)
        if self.ready.done():
            return
        self._seen += data
        if self._seen.endswith(b'{"op":10,"d":{"heartbeat_interval":41250}}'):
            self.say(2, {"token": str(self._number)})
        elif b'"t":"READY"' in self._seen and self._seen.endswith(b"}}"):
            self._seen = b""
            self.ready.set_result(None)

    def say(self, op: int, d: Any) -> None:
        text = json.dumps({"op": op, "d": d}).encode()
        assert len(text) < 126
        self.transport.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)


class Http(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"ok") and not self.answer.done():
            self.answer.set_result(None)

    async def ask(self, line: bytes) -> float:
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(line + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        await self.answer
        return time.perf_counter() - began


def cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def quantile(values: list[float], share: float) -> float:
    return round(1e3 * sorted(values)[int((len(values) - 1) * share)], 2)


async def drained() -> None:
    seen = -1
    while seen != Listener.total:
        seen = Listener.total
        await asyncio.sleep(0.05)


async def burst_cost(pid: int, http: Http, listening: int, burst: int) -> float:
    began, rounds = cpu(pid), 60 // burst
    for _ in range(rounds):
        await http.ask(b"POST /%d" % burst)
        await drained()
    return round((cpu(pid) - began) / (rounds * burst * listening) * 1e6, 2)


async def measure(pid: int, port: int, idle: int, listening: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    _, http = await loop.create_connection(Http, "127.0.0.1", port)
    await http.ask(b"GET /")
    listeners = [await connected(loop, port, number) for number in range(1, 201)]  # pools and caches are warm then
    before, began = resident(pid), cpu(pid)
    listeners += [await connected(loop, port, number) for number in range(201, 201 + idle)]
    await asyncio.sleep(1)
    found: dict[str, Any] = {"connect_and_identify_us": round((cpu(pid) - began) / idle * 1e6)}
    for each in listeners:
        each.say(1, 1)
    await asyncio.sleep(SETTLED)
    found["idle_kb"] = round((resident(pid) - before) / idle, 2)
    for each in listeners[listening:]:
        each.transport.abort()
    await asyncio.sleep(1)
    for burst in (1, 10):
        found[f"frame_us_burst_{burst}"] = await burst_cost(pid, http, listening, burst)
    found["http_alone_ms"] = await latencies(http, None, port, loop)
    found["http_beside_20000_frames_ms"] = await latencies(http, 20_000 // listening, port, loop)
    return found


async def connected(loop: asyncio.AbstractEventLoop, port: int, number: int) -> Listener:
    _, listener = await loop.create_connection(lambda: Listener(number), "127.0.0.1", port)
    await asyncio.wait_for(listener.ready, 10)
    return listener


async def latencies(http: Http, per_second: int | None, port: int, loop: asyncio.AbstractEventLoop) -> dict[str, float]:
    values: list[float] = []
    _, publisher = await loop.create_connection(Http, "127.0.0.1", port)

    async def publish() -> None:
        for _ in range(per_second * 4 if per_second else 0):
            await asyncio.gather(publisher.ask(b"POST /1"), asyncio.sleep(1 / (per_second or 1)))

    task = asyncio.create_task(publish())
    while not task.done() or len(values) < 500:
        values.append(await http.ask(b"GET /"))
        await asyncio.sleep(0.003)
    return {"p50": quantile(values, 0.5), "p99": quantile(values, 0.99)}


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(int(sys.argv[2])))
        return
    idle = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    listening = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    server = subprocess.Popen(["taskset", "-c", "0", sys.executable, __file__, "serve", str(port)])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        print(json.dumps(uvloop.run(measure(server.pid, port, idle, listening)), indent=1))
    finally:
        server.terminate()
        server.wait(15)


if __name__ == "__main__":
    main()
