"""A gateway session without a socket: the sink that a test reads, and a client that keeps its state by events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from hubbub.infra.bus.memory import MemoryBus
from hubbub.protocols.websocket.encode import NativeDialect
from hubbub.protocols.websocket.ready import ready
from hubbub.protocols.wire.things import Instance
from hubbub.services.gateway.api import Ending, OpenSession
from hubbub.services.gateway.service import GatewayService
from hubbub.services.user.api import User
from tests.protocols.websocket.client_state import State, apply, comparable, state_of, wrong_presences
from tests.protocols.websocket.world import HandClock, World, principal_of
from tests.protocols.websocket.world_answers import Answers

INSTANCE = Instance(
    name="Test",
    host="chat.example",
    version="0",
    registration="invite",
    setup_needed=False,
    secure=True,
    message_length=4000,
    password_length=10,
)
DIALECT = NativeDialect()


def frames(data: bytes) -> list[State]:
    """JSON of unmasked text frames, as a server writes them."""
    found: list[State] = []
    while data:
        assert data[0] == 0x81, data[:20]
        size, start = data[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        found.append(json.loads(data[start : start + size]))
        data = data[start + size :]
    return found


class Client:
    """A Sink. Checks that sequences have no hole. What goes wrong is kept: the service guards itself against sinks."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.events: list[State] = []
        self.writes = 0
        self.invalid_for: str | None = None
        self.ending: Ending | None = None
        self.asked_to_reconnect = False
        self.sequence = 0
        self.state: State = {}
        self.session: OpenSession

    def write(self, prebuilt: bytes) -> None:
        self.writes += 1
        try:
            self._handle(prebuilt)
        except Exception as error:
            self.errors.append(error)
            raise

    def _handle(self, prebuilt: bytes) -> None:
        for frame in frames(prebuilt):
            assert frame["s"] == self.sequence + 1, f"{frame['s']} after {self.sequence}"
            self.sequence = frame["s"]
            self.events.append(frame)
            if frame["t"] == "READY":
                self.state = state_of(frame["d"])
            else:
                apply(self.state, frame)

    def invalid(self, reason: str) -> None:
        self.invalid_for = reason

    def reconnect(self) -> None:
        self.asked_to_reconnect = True

    def ended(self, ending: Ending) -> None:
        self.ending = ending

    def named(self, name: str) -> list[Any]:
        return [each["d"] for each in self.events if each["t"] == name]

    def names(self) -> list[str]:
        return [each["t"] for each in self.events]

    def clear(self) -> None:
        self.events.clear()


class Hub:
    """The gateway service on a world."""

    def __init__(self, world: World, answers: Answers, gateway: GatewayService, clock: HandClock) -> None:
        self.world, self.answers, self.gateway, self.clock = world, answers, gateway, clock
        self.clients: list[Client] = []

    async def open(self, user: User, session_id: int = 1) -> Client:
        client = Client()
        greet = partial(ready, instance=INSTANCE)
        client.session = await self.gateway.open(principal_of(user, session_id), DIALECT, greet, client)
        self.clients.append(client)
        await settle()
        return client

    async def resume(self, old: Client, user: User) -> Client | None:
        client = Client()
        self.clients.append(client)
        client.sequence, client.state = old.sequence, old.state
        session = self.gateway.resume(principal_of(user), old.session.id, old.sequence, client)
        if session is None:
            return None
        client.session = session
        return client

    def cut(self, client: Client) -> None:
        self.gateway.detach(client.session, client)

    async def promise(self, client: Client, user: User) -> None:
        """The client's state is that of somebody who connects now."""
        await settle()
        fresh = await self.open(user)
        await settle()
        known, now = comparable(client.state), comparable(fresh.state)
        assert known == now, _difference(known, now)
        assert not wrong_presences(client.state, fresh.state)
        self.gateway.end(fresh.session)


@asynccontextmanager
async def hub() -> AsyncIterator[Hub]:
    bus, clock = MemoryBus(), HandClock()
    world = World(bus)
    at = Answers(world)
    gateway = GatewayService(bus, at.streams, at.channels, at.chat, at.voice, at.presence, at.users, clock)
    await gateway.start()
    running = Hub(world, at, gateway, clock)
    try:
        yield running
        await settle()
        assert [each for client in running.clients for each in client.errors] == []
    finally:
        await gateway.stop()
        await bus.close()


async def settle() -> None:
    """Everything that is under way has arrived: no timer is part of any delivery."""
    for _ in range(60):
        await asyncio.sleep(0)


def _difference(known: Any, now: Any, path: str = "") -> str:
    if isinstance(known, dict) and isinstance(now, dict):
        return "; ".join(
            _difference(known.get(key), now.get(key), f"{path}.{key}")
            for key in sorted(known.keys() | now.keys())
            if known.get(key) != now.get(key)
        )
    return f"{path}: client {known!r}, fresh {now!r}"
