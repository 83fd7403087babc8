"""The native gateway on a real socket: every op, every close code, and hostile clients."""

from __future__ import annotations

import asyncio
import gc
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from hubbub.errors import Limited, Refused
from hubbub.infra.bus.memory import MemoryBus
from hubbub.protocols.websocket import adapter, packed, watch
from hubbub.protocols.websocket.adapter import Adapter
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.websocket.http_head import BoundedHttp
from hubbub.protocols.websocket.routes import add_routes
from hubbub.protocols.websocket.socket import GatewaySocket
from hubbub.protocols.wire.things import Instance
from hubbub.services.auth.api import Principal
from hubbub.services.gateway.service import GatewayService
from hubbub.services.user.api import User
from tests.protocols.websocket.gateway_client import INSTANCE
from tests.protocols.websocket.websocket_serving import Serving, close_code, serving
from tests.protocols.websocket.world import HandClock, World, as_any


class Auth:
    """A token is `<user id>:<session id>`."""

    async def authenticate(self, access_token: str) -> Principal:
        try:
            user, session = map(int, access_token.split(":"))
        except ValueError:
            raise Refused("auth.token_invalid") from None
        return Principal("person", user, session)

    async def name_device(self, principal: Principal, name: str) -> None:
        pass


class Limits:
    def __init__(self) -> None:
        self.closed: set[str] = set()
        self.taken: list[tuple[str, str]] = []

    async def take(self, kind: str, who: str, cost: float) -> None:
        self.taken.append((kind, who))
        if kind in self.closed:
            raise Limited(2.5)


class Place:
    def __init__(
        self, served: Serving, world: World, gateway: GatewayService, limits: Limits, clock: HandClock
    ) -> None:
        self.served, self.world, self.gateway, self.limits, self.clock = served, world, gateway, limits, clock
        self.ann = world.user("ann")
        self.server = world.server("Home", self.ann)
        self.room = world.channel(self.server, "general")

    @asynccontextmanager
    async def socket(self, path: str = "/gateway?v=1") -> AsyncIterator[ClientConnection]:
        async with self.served.connect(path) as ws:
            if path.endswith("v=1"):
                assert await receive(ws) == {"op": 10, "d": {"heartbeat_interval": 41250}}
            yield ws

    @asynccontextmanager
    async def identified(self, user: User | None = None) -> AsyncIterator[ClientConnection]:
        async with self.socket() as ws:
            await send(ws, 2, {"token": f"{(user or self.ann).id}:1", "client": "tests 1"})
            assert (await event(ws, "READY"))["s"] == 1
            yield ws


async def send(ws: ClientConnection, op: int, d: Any) -> None:
    await ws.send(json.dumps({"op": op, "d": d}))


async def receive(ws: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(ws.recv(), 5))


async def event(ws: ClientConnection, name: str) -> Any:
    while True:
        frame = await receive(ws)
        if frame.get("t") == name:
            return frame


async def op(ws: ClientConnection, wanted: int) -> Any:
    while True:
        frame = await receive(ws)
        if frame["op"] == wanted:
            return frame


async def command(ws: ClientConnection, name: str, data: Any, id: Any = "1") -> Any:
    await send(ws, 20, {"id": id, "name": name, "data": data})
    reply = await op(ws, 21)
    assert reply["d"]["id"] == id
    return reply["d"]


async def instance(origin: str) -> Instance:
    return INSTANCE


@pytest.fixture
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """The parameter, if any, is the scale of rates."""
    scale: float = getattr(request, "param", 1.0)
    bus, clock, limits = MemoryBus(), HandClock(), Limits()
    world = World(bus)
    at: Any = as_any(world)
    gateway = GatewayService(bus, at, at, at, at, at, at.user_api, clock)
    await gateway.start()
    router = Router(Origins(()), Proxies(()), 0)
    authority: Any = Auth()
    gate: Any = limits
    add_routes(router, gateway, authority, at, at, at, gate, clock, instance, "", scale)
    async with serving(router) as served:
        yield Place(served, world, gateway, limits, clock)
    await gateway.stop()
    await bus.close()


async def test_identify_talk_and_say_goodbye(place: Place) -> None:
    async with place.identified() as ws:
        await send(ws, 1, 1)
        assert (await op(ws, 11)) == {"op": 11}
        reply = await command(ws, "message.send", {"channel_id": str(place.room), "content": "hi", "nonce": "n"})
        created = await event(ws, "MESSAGE_CREATE")
        assert created["d"]["message"] == reply["data"]
        assert ("command", next(iter(place.gateway._subscriptions.sessions))) in place.limits.taken  # pyright: ignore[reportPrivateUsage]
        assert ("message", str(place.ann.id)) in place.limits.taken
        page = await command(ws, "messages.page", {"channel_id": str(place.room)}, id=7)
        assert [each["content"] for each in page["data"]] == ["hi"]
        read = await command(ws, "read", {"channel_id": str(place.room), "message_id": reply["data"]["id"]})
        assert read["data"]["last_message_id"] == reply["data"]["id"]
        assert (await command(ws, "typing", {"channel_id": str(place.room)}))["id"] == "1"
    await asyncio.sleep(0.01)
    assert place.gateway.health.sessions == 0


async def test_a_lost_connection_is_resumed(place: Place) -> None:
    async with place.identified() as ws:
        ready = await event(ws, "PRESENCE_UPDATE")
        ws.transport.abort()
    token, id = f"{place.ann.id}:1", next(iter(place.gateway._subscriptions.sessions))  # pyright: ignore[reportPrivateUsage]
    place.world.say(place.room, place.ann, "missed")
    async with place.socket() as ws:
        await send(ws, 6, {"token": token, "session_id": id, "seq": ready["s"]})
        assert (await receive(ws))["d"]["message"]["content"] == "missed"
        assert (await receive(ws)) == {"op": 0, "s": ready["s"] + 2, "t": "RESUMED", "d": {"replayed": 1}}
        await ws.close(1001)
    async with place.socket() as ws:
        await send(ws, 6, {"token": token, "session_id": id, "seq": ready["s"]})
        assert (await receive(ws))["op"] == 9
        await send(ws, 2, {"token": token})  # on the same socket
        assert (await receive(ws))["t"] == "READY"


async def test_a_socket_that_is_gone_leaves_nothing_to_the_collector(place: Place) -> None:
    """Rings of cycles wait for a full collection, which among a process' own objects comes after thousands of sockets."""

    def kept() -> int:
        return sum(type(each) in (GatewaySocket, Adapter, BoundedHttp) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            async with place.identified():
                assert kept() > 0
            async with place.socket() as ws:
                ws.transport.abort()
        for _ in range(500):
            if not kept():
                break
            await asyncio.sleep(0.01)
        assert not kept()
    finally:
        gc.enable()


async def test_status_voice_and_members(place: Place) -> None:
    async with place.identified() as ws:
        await send(ws, 3, {"status": "dnd", "custom_status": "busy"})
        while (await event(ws, "PRESENCE_UPDATE"))["d"]["status"] != "dnd":
            pass
        await send(ws, 4, {"self_mute": True, "self_deaf": False})  # in no room: goes unsaid
        await send(ws, 8, {"server_id": str(place.server), "ranges": [[0, 99]], "nonce": "x"})
        chunk = (await event(ws, "MEMBERS_CHUNK"))["d"]
        assert (chunk["total"], chunk["nonce"], len(chunk["members"])) == (1, "x", 1)


async def test_revoked_and_restarting(place: Place) -> None:
    async with place.identified() as ws:
        place.world.revoke(place.ann, 1)
        assert await close_code(ws) == 4021
    async with place.identified() as ws:
        place.gateway.drain()
        assert await op(ws, 7) == {"op": 7, "d": None}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("nothing.here", {}, "request.invalid"),
        ("message.send", {"channel_id": "404", "content": "x"}, "channel.not_found"),
        ("message.send", {"channel_id": "9999999999999999999", "content": "x"}, "channel.not_found"),
        ("message.send", {"channel_id": 5, "content": "x"}, "request.invalid"),
        ("message.send", {"channel_id": "-1", "content": "x"}, "request.invalid"),
        ("message.send", {"channel_id": "1", "content": "x", "more": 1}, "request.invalid"),
        ("message.send", {"channel_id": "1"}, "request.invalid"),
        ("message.send", [], "request.invalid"),
        ("message.send", None, "request.invalid"),
        ("message.edit", {"message_id": "1", "content": "x"}, "message.not_found"),
        ("message.delete", {"message_id": "1"}, "internal"),
        ("messages.page", {"channel_id": "1", "limit": 101}, "request.invalid"),
        ("messages.page", {"channel_id": "1", "limit": 10**30}, "request.invalid"),
        ("messages.page", {"channel_id": "1", "before": "1", "after": "2"}, "request.invalid"),
        ("read", {"channel_id": "404", "message_id": "1"}, "channel.not_found"),
        ("typing", {"channel_id": "404"}, "channel.not_found"),
    ],
)
async def test_commands_are_refused_in_words(place: Place, name: str, data: Any, code: str) -> None:
    async with place.identified() as ws:
        reply = await command(ws, name, data)
        assert reply["problem"]["code"] == code
        assert "data" not in reply
        assert "Traceback" not in json.dumps(reply)


async def test_over_the_limit(place: Place) -> None:
    async with place.identified() as ws:
        place.limits.closed.add("typing")
        assert "problem" not in await command(ws, "typing", {"channel_id": str(place.room)})
        place.limits.closed.add("message")
        limited = await command(ws, "message.send", {"channel_id": str(place.room), "content": "x"})
        assert (limited["problem"]["status"], limited["problem"]["retry_after"]) == (429, 2.5)
        place.limits.closed.add("command")
        assert (await command(ws, "typing", {"channel_id": str(place.room)}))["problem"]["code"] == "rate.limited"
        await send(ws, 3, {"status": "idle"})
        assert await close_code(ws) == 4008
    place.limits.closed.add("connect")
    refused = (await place.served.refusal("/gateway")).response
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")


BEFORE = [
    ("not json", 4002),
    ("", 4002),
    ("[]", 4002),
    ("{}", 4002),
    ("null", 4002),
    ('{"op":1,"d":null,"s":1}', 4002),
    ('{"op":"1"}', 4002),
    ('{"op":1.5}', 4002),
    ('{"op":true}', 4002),
    ('{"op":1' + "0" * 5000 + "}", 4002),
    ('{"op":2,"d":{"token":5}}', 4002),
    ('{"op":2,"d":{"token":"x","more":1}}', 4002),
    ('{"op":2,"d":null}', 4002),
    ('{"op":2}', 4002),
    ('{"op":2,"d":' + "[" * 30_000 + "]" * 30_000 + "}", 4002),
    ('{"op":2,"d":{"token":"\\ud800"}}', (4002, 4004)),
    ('{"op":99}', 4001),
    ('{"op":0}', 4001),
    ('{"op":-1}', 4001),
    ('{"op":3,"d":{"status":"idle"}}', 4003),
    ('{"op":20,"d":{}}', 4003),
    ('{"op":2,"d":{"token":"wrong"}}', 4004),
    ('{"op":6,"d":{"token":"wrong","session_id":"x","seq":1}}', 4004),
    ('{"op":6,"d":{"token":"1:1","session_id":"x","seq":-1}}', 4007),
    (b"binary", 4002),
    (b'{"op":1}', 4002),
    ("x" * 70_000, 1009),
]


@pytest.mark.parametrize(("frame", "code"), BEFORE)
async def test_hostile_before_identify(place: Place, frame: str | bytes, code: int | tuple[int, ...]) -> None:
    async with place.socket() as ws:
        await ws.send(frame)
        assert await close_code(ws) in (code if isinstance(code, tuple) else (code,))
    assert place.gateway.health.sessions == 0


AFTER = [
    ('{"op":2,"d":{"token":"1001:1"}}', 4005),
    ('{"op":6,"d":{"token":"1001:1","session_id":"x","seq":1}}', 4005),
    ('{"op":1,"d":1000000}', 4007),
    ('{"op":1,"d":-1}', 4007),
    ('{"op":1,"d":' + "9" * 4000 + "}", 4007),
    ('{"op":1,"d":"x"}', 4002),
    ('{"op":20,"d":{"id":"x","name":"typing"}}', 4002),
    ('{"op":20,"d":{"id":9007199254740993,"name":"typing","data":{}}}', 4002),
    ('{"op":20,"d":{"id":%s,"name":"typing","data":{}}}' % ("9" * 400), 4002),
    ('{"op":20,"d":{"id":"%s","name":"typing","data":{}}}' % ("x" * 65), 4002),
    ('{"op":8,"d":{"server_id":"1"}}', 4002),
    ('{"op":8,"d":{"server_id":"1","query":"a","ids":["1"]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[5,1]]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[-1,1]]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[0,99999999999]]}}', 4002),
    ('{"op":4,"d":{"self_mute":1,"self_deaf":false}}', 4002),
    ('{"op":3,"d":{"status":"away"}}', 4002),
]


@pytest.mark.parametrize(("frame", "code"), AFTER)
async def test_hostile_after_identify(place: Place, frame: str, code: int) -> None:
    async with place.identified() as ws:
        await ws.send(frame)
        assert await close_code(ws) == code


async def test_long_frames_are_packed_for_whoever_unpacks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FROM", 300)
    async with place.socket() as ws:
        await send(ws, 2, {"token": f"{place.ann.id}:1", "capabilities": ["deflate", "unheard of"]})
        ready = json.loads(zlib.decompress(await asyncio.wait_for(ws.recv(decode=False), 5)))
        assert (ready["op"], ready["s"], ready["t"]) == (0, 1, "READY")
        await send(
            ws, 20, {"id": 1, "name": "message.send", "data": {"channel_id": str(place.room), "content": "y" * 400}}
        )
        events, reply = dict[str, Any](), None
        while "MESSAGE_CREATE" not in events or reply is None:
            came = await asyncio.wait_for(ws.recv(), 5)
            if isinstance(came, bytes):
                reply = json.loads(zlib.decompress(came))
            else:  # events are shared by all: never packed
                event_frame = json.loads(came)
                events[event_frame["t"]] = event_frame["d"]
        assert reply["op"] == 21
        assert reply["d"]["data"] == events["MESSAGE_CREATE"]["message"]
        await send(ws, 20, {"id": 2, "name": "read", "data": {"channel_id": "1", "message_id": "1"}})
        assert isinstance(await asyncio.wait_for(ws.recv(), 5), str)  # short


async def test_foreign_servers_have_no_members(place: Place) -> None:
    stranger = place.world.user("eve")
    async with place.identified(stranger) as ws:
        await send(ws, 8, {"server_id": str(place.server), "query": ""})
        assert (await event(ws, "MEMBERS_CHUNK"))["d"]["total"] == 0


async def test_other_versions_and_floods(place: Place) -> None:
    async with place.socket("/gateway?v=2") as ws:
        assert await close_code(ws) == 4012
    async with place.socket() as ws:
        for _ in range(adapter.FRAMES + 1):
            await ws.send('{"op":1}')
        assert await close_code(ws) == 4008
    async with place.identified() as ws:
        place.world.gate = asyncio.Event()
        ws.transport.pause_reading()
        typing = json.dumps({"op": 20, "d": {"id": 1, "name": "typing", "data": {"channel_id": "1"}}})
        for _ in range(300):
            await ws.send(typing)
        ws.transport.resume_reading()
        await close_code(ws)


@pytest.mark.parametrize("place", [0.01], indirect=True)
async def test_the_bound_of_frames_is_scaled(place: Place) -> None:
    async with place.socket() as ws:
        for _ in range(round(adapter.FRAMES * 0.01) + 1):
            await ws.send('{"op":1}')
        assert await close_code(ws) == 4008


@pytest.mark.parametrize("place", [0.0], indirect=True)
async def test_scale_0_is_no_bound(place: Place) -> None:
    async with place.socket() as ws:
        for _ in range(adapter.FRAMES + 1):
            await ws.send('{"op":1}')
            await op(ws, 11)


async def test_silence_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.01)
    async with place.socket() as quiet:
        place.clock.seconds += 10.1
        assert await close_code(quiet) == 4003
    async with place.identified() as ws:
        place.clock.seconds += 61
        await send(ws, 1, None)
        await op(ws, 11)
        place.clock.seconds += 62
        assert await close_code(ws) == 4009
    assert place.gateway.health.sessions == 1  # to be resumed


async def test_lost_events_ask_to_identify_again(place: Place) -> None:
    async with place.identified() as ws:
        place.world.say(place.room, place.ann, "1")
        await event(ws, "MESSAGE_CREATE")
        place.world.losing = True
        place.world.say(place.room, place.ann, "2")
        place.world.losing = False
        place.world.forgotten.add(f"channel:{place.room}")
        place.world.say(place.room, place.ann, "3")
        assert (await op(ws, 9))["d"]["reason"]
        await send(ws, 20, {"id": 1, "name": "typing", "data": {}})
        assert await close_code(ws) == 4003
