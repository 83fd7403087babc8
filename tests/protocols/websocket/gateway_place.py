"""The native gateway on a real socket, with a world behind it, and what a client of it says and hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from hubbub.errors import Limited, Refused
from hubbub.infra.bus.memory import MemoryBus
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.websocket.routes import add_routes
from hubbub.protocols.wire.things import Instance
from hubbub.services.auth.api import Principal
from hubbub.services.gateway.service import GatewayService
from hubbub.services.user.api import User
from tests.protocols.websocket.gateway_client import INSTANCE
from tests.protocols.websocket.websocket_serving import Serving, serving
from tests.protocols.websocket.world import HandClock, World
from tests.protocols.websocket.world_answers import Answers


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
    at = Answers(world)
    gateway = GatewayService(bus, at.streams, at.channels, at.chat, at.voice, at.presence, at.users, clock)
    await gateway.start()
    router = Router(Origins(()), Proxies(()), 0)
    authority: Any = Auth()
    gate: Any = limits
    add_routes(router, gateway, authority, at.chat, at.voice, at.presence, gate, clock, instance, "", scale)
    async with serving(router) as served:
        yield Place(served, world, gateway, limits, clock)
    await gateway.stop()
    await bus.close()
