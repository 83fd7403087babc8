"""The gateway service: holds the parts and implements GatewayApi."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from hubbub.clock import Clock
from hubbub.errors import Limited, Unavailable
from hubbub.infra.bus.base import Bus
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.chat.api import ChatApi
from hubbub.services.gateway.api import RESUMABLE_SECONDS, Dialect, Greet, MemberQuestion, OpenSession, Sink, Streams
from hubbub.services.gateway.delivery import Delivery
from hubbub.services.gateway.dispatch import Batch, Outgoing
from hubbub.services.gateway.events import Notice, SessionReady, SessionResumed, Snapshot
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.intake import Intake
from hubbub.services.gateway.joining import Joining
from hubbub.services.gateway.member_list import MemberList
from hubbub.services.gateway.server_events import ServerEvents
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.snapshot import Snapshots, contained_heads
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.gateway.upkeep import Upkeep
from hubbub.services.presence.api import PresenceApi
from hubbub.services.user.api import UserApi
from hubbub.services.voice.api import VoiceApi
from hubbub.services.voice.events import SpeakingChanged

FACTS = ">"
SESSIONS_PER_PERSON = 50


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
        self._streams = streams
        self._presence = presence
        self._now: Callable[[], float] = now
        self._subscriptions = subscriptions = Subscriptions()
        self._snapshots = Snapshots(channels, chat, voice, presence, users)
        servers = ServerEvents(subscriptions, self._snapshots, channels, chat, self._expect, now)
        self._delivery = delivery = Delivery(
            subscriptions, channels, servers, self.health, self._revoked, self._invalidate, now
        )
        self._intake = Intake(streams, delivery.deliver, delivery.broken, self.health)
        self._joining = Joining(subscriptions, channels, delivery.lane)
        self._members = MemberList(channels, presence)
        self._upkeep = Upkeep(subscriptions, presence, now, self._remove, delivery.drop_idle_lanes)
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
        if len(self._subscriptions.of_user(principal.user_id)) >= SESSIONS_PER_PERSON:
            raise Limited(RESUMABLE_SECONDS)
        session = GatewaySession(secrets.token_urlsafe(18), principal, dialect, sink)
        self._subscriptions.add(session)
        self.health.sessions += 1
        try:
            snapshot, heads = await self._gather(session)
        except BaseException:
            self._remove(session)
            raise
        self._expect(heads)
        session.contain(heads, self._now())
        ready = SessionReady(session_id=session.id, snapshot=snapshot)
        if not session.alive or not session.begin(greet(ready)):
            self._remove(session)
            raise Unavailable("the session ended while it was opened")
        self.health.opened += 1
        for server in snapshot.servers:
            for channel_id, talking in server.speaking.items():
                id = server.view.server.id
                self._tell(session, SpeakingChanged(server_id=id, channel_id=channel_id, user_ids=talking))
        return session

    def resume(self, principal: Principal, session_id: str, sequence: int, sink: Sink) -> OpenSession | None:
        session = self._subscriptions.sessions.get(session_id)
        replayed = None
        if session is not None and session.principal == principal:
            replayed = session.resume(sequence, sink, self._now())
        if session is None or replayed is None:
            self.health.unresumed += 1
            return None
        self.health.resumed += 1
        self._tell(session, SessionResumed(replayed=replayed))
        return session

    def detach(self, session: OpenSession, sink: Sink) -> None:
        if (known := self._subscriptions.sessions.get(session.id)) is not None:
            known.detach(sink, self._now())

    def end(self, session: OpenSession) -> None:
        if (known := self._subscriptions.sessions.get(session.id)) is not None:
            self._remove(known)

    async def list_members(self, session: OpenSession, question: MemberQuestion) -> None:
        for piece in await self._members.answer(session.principal, question):
            if (known := self._subscriptions.sessions.get(session.id)) is not None:
                self._tell(known, piece)

    # ---- inside

    async def _gather(self, session: GatewaySession) -> tuple[Snapshot, dict[str, int]]:
        """Subscribed first, read afterwards: what happens in between is held and comes after READY."""
        principal = session.principal
        heads = await self._streams.heads([f"user:{principal.user_id}"])
        await self._joining.join_all(session)
        await self._presence.connected(principal, session.id)
        snapshot = await self._snapshots.whole(principal)
        for server in snapshot.servers:
            heads |= contained_heads(server)
        return snapshot, heads

    def _tell(self, session: GatewaySession, notice: Notice) -> None:
        session.dispatch(Batch((Outgoing(notice, "", 0, self._now()),)))

    def _expect(self, heads: dict[str, int]) -> None:
        self._intake.expect(heads)

    def _received(self, subject: str, payload: bytes) -> None:
        self._intake.receive(payload)

    def _lost(self) -> None:
        """The bus dropped facts, also such as are in no stream: ask for all rights again, compare all heads."""
        self._delivery.recheck_rights()
        self._spawn(self._intake.recheck())

    def _revoked(self, session: GatewaySession) -> None:
        sink = session.sink
        self._remove(session)
        if sink is not None:
            sink.ended("revoked")

    def _invalidate(self, session: GatewaySession, reason: str) -> None:
        self.health.invalid += 1
        sink = session.sink
        self._remove(session)
        if sink is not None:
            sink.invalid(reason)

    def _remove(self, session: GatewaySession) -> None:
        if session.id in self._subscriptions.sessions:
            self._subscriptions.remove(session)
            session.end()
            self.health.sessions -= 1
            self._upkeep.farewell(session)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
