"""A media node as one of several, its way to the cache in the hands of a test."""

from __future__ import annotations

import asyncio

from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.infra.cache.base import Cache, Claim
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import Grants, Lease, SignalSink, signals
from hubbub.services.media.leases import RoomLeases
from hubbub.services.media.membership import Membership
from hubbub.services.media.node import MediaNode
from hubbub.services.media.operator import OperatorRooms
from hubbub.services.media.registry import Registry
from hubbub.services.media.service import MediaService
from tests.contract.hand_clock import HandClock
from tests.fakes.engine import RecordingEngine

R = "1:2"
GRANTS = Grants(speak=True, camera=True, screen=True, data=True, muted=False, deafened=False)
CLIENT = signals.Client(auto_subscribe=True, sdk="", version="")
OPERATOR = "o" * 32


class Line:
    """The way to a cache, which can be cut, and held up: what was asked goes on when it is let go."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.cut = False
        self.before_release = asyncio.Event()
        self.before_release.set()
        self.releasing = asyncio.Event()
        self.after_claim = asyncio.Event()
        self.after_claim.set()

    def __getattr__(self, verb: str) -> object:
        if self.cut:
            raise Unavailable("the line is cut", started=True)
        return getattr(self._cache, verb)

    async def claim(self, key: str, holder: bytes, ttl: float) -> Claim:
        if self.cut:
            raise Unavailable("the line is cut", started=True)
        claim = await self._cache.claim(key, holder, ttl)
        await self.after_claim.wait()
        return claim

    async def release(self, key: str, claim: Claim) -> bool:
        self.releasing.set()
        await self.before_release.wait()
        return await self._cache.release(key, claim)


class Sink(SignalSink):
    def __init__(self) -> None:
        self.told: list[signals.Signal] = []
        self.ended = False

    def signal(self, signal: signals.Signal) -> None:
        self.told.append(signal)

    def hang_up(self) -> None:
        self.ended = True


class Node:
    """One of several; `id` and its own key are given, so that one can come back as the same."""

    def __init__(self, id: str, cache: Cache, clock: HandClock) -> None:
        self.line = Line(cache)
        self.clock = clock
        registry = Registry(self.line, clock)  # type: ignore[arg-type]
        self.leases = RoomLeases(registry, id, clock)
        self.tokens = AccessTokens({"own": "s" * 32, "ops": OPERATOR}, "own", clock)
        events: list[Event] = []
        admissions = Admissions(clock)
        self.node = MediaNode(RecordingEngine(), self.tokens, admissions, clock, events.append, self.leases)
        self.service = MediaService(self.node, self.tokens, admissions, f"wss://{id}")
        self.rooms = OperatorRooms(self.node, self.service, clock)
        self.membership = Membership(registry, self.leases, self.node, id)

    async def admit(self, identity: str = "10") -> str:
        return (await self.service.admit(R, identity, "", GRANTS)).token

    async def join(self, token: str) -> Sink:
        """As a socket does."""
        preparing = self.node.prepare(token, resume=False)
        assert preparing is not None
        await preparing
        return self.sit(token)

    def sit(self, token: str) -> Sink:
        sink = Sink()
        self.node.join(token, CLIENT, sink)
        return sink

    def people(self) -> set[str]:
        room = self.node.room(R)
        return {each.identity for each in room.participants} if room else set()


class Stale:
    """A registry whose first answers about the holder are old ones."""

    def __init__(self, registry: Registry, lease: Lease, answers: int) -> None:
        self._registry = registry
        self._lease = lease
        self._left = answers

    async def holder(self, room: str) -> Lease | None:
        if self._left:
            self._left -= 1
            return self._lease
        return await self._registry.holder(room)

    def __getattr__(self, verb: str) -> object:
        return getattr(self._registry, verb)
