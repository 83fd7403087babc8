"""The gateway service: holds the parts and implements GatewayApi."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hubbub.clock import Clock
from hubbub.infra.bus.base import Bus
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.chat.api import ChatApi
from hubbub.services.gateway.api import Dialect, Greet, MemberQuestion, OpenSession, Sink, Streams
from hubbub.services.gateway.delivery import Delivery
from hubbub.services.gateway.ending import Ending
from hubbub.services.gateway.events import SessionResumed
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.intake import Intake
from hubbub.services.gateway.joining import Joining
from hubbub.services.gateway.member_list import MemberList
from hubbub.services.gateway.opening import Opening
from hubbub.services.gateway.server_events import ServerEvents
from hubbub.services.gateway.snapshot import Snapshots
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.gateway.upkeep import Upkeep
from hubbub.services.presence.api import PresenceApi
from hubbub.services.user.api import UserApi
from hubbub.services.voice.api import VoiceApi

FACTS = ">"


class GatewayService:
    """Call `start()` before uvicorn serves, `drain()` before it stops, `stop()` after."""

    def __init__(
        self,
        bus: Bus,
        streams: Streams,
        channels: ChannelApi,
        chat: ChatApi,
        voice: VoiceApi,
        presence: PresenceApi,
        users: UserApi,
        clock: Clock,
    ) -> None:
        now = clock.monotonic
        self.health = Health()
        self._bus = bus
        self._now: Callable[[], float] = now
        self._subscriptions = subscriptions = Subscriptions()
        self._ending = ending = Ending(subscriptions, self.health)
        snapshots = Snapshots(channels, chat, voice, presence, users)
        servers = ServerEvents(subscriptions, snapshots, channels, chat, self._expect, now)
        self._delivery = delivery = Delivery(
            subscriptions, channels, servers, self.health, ending.revoked, ending.invalidate, now
        )
        self._intake = Intake(streams, delivery.deliver, delivery.broken, self.health)
        joining = Joining(subscriptions, channels, delivery.lane)
        self._opening = Opening(
            streams, subscriptions, joining, presence, snapshots, ending, self._expect, self.health, now
        )
        self._members = MemberList(channels, presence)
        self._upkeep = Upkeep(subscriptions, presence, now, ending.remove, delivery.drop_idle_lanes)
        ending.farewell = self._upkeep.farewell
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] = lambda: None

    # ---- life

    async def start(self) -> None:
        self._unsubscribe = await self._bus.subscribe(FACTS, self._received, self._lost)
        self._spawn(self._upkeep.run())

    def drain(self) -> None:
        """This process will stop: clients may look for another one already."""
        for session in self._subscriptions.sessions.values():
            if session.sink is not None:
                session.sink.reconnect()

    async def stop(self) -> None:
        self._unsubscribe()
        self._intake.stop()
        self._delivery.stop()
        for task in self._tasks:
            task.cancel()

    @property
    def connected(self) -> int:
        """Sessions with a socket, now."""
        return sum(session.sink is not None for session in self._subscriptions.sessions.values())

    # ---- GatewayApi

    async def open(self, principal: Principal, dialect: Dialect, greet: Greet, sink: Sink) -> OpenSession:
        return await self._opening.open(principal, dialect, greet, sink)

    def resume(self, principal: Principal, session_id: str, sequence: int, sink: Sink) -> OpenSession | None:
        session = self._subscriptions.sessions.get(session_id)
        replayed = None
        if session is not None and session.principal == principal:
            replayed = session.resume(sequence, sink, self._now())
        if session is None or replayed is None:
            self.health.unresumed += 1
            return None
        self.health.resumed += 1
        session.tell(SessionResumed(replayed=replayed), self._now())
        return session

    def detach(self, session: OpenSession, sink: Sink) -> None:
        if (known := self._subscriptions.sessions.get(session.id)) is not None:
            known.detach(sink, self._now())

    def end(self, session: OpenSession) -> None:
        if (known := self._subscriptions.sessions.get(session.id)) is not None:
            self._ending.remove(known)

    async def list_members(self, session: OpenSession, question: MemberQuestion) -> None:
        for piece in await self._members.answer(session.principal, question):
            if (known := self._subscriptions.sessions.get(session.id)) is not None:
                known.tell(piece, self._now())

    # ---- inside

    def _expect(self, heads: dict[str, int]) -> None:
        self._intake.expect(heads)

    def _received(self, subject: str, payload: bytes) -> None:
        self._intake.receive(payload)

    def _lost(self) -> None:
        """The bus dropped facts, also such as are in no stream: ask for all rights again, compare all heads."""
        self._delivery.recheck_rights()
        self._spawn(self._intake.recheck())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
