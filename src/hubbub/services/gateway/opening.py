"""A new session: subscribed first, its world read afterwards, so that nothing is missed and nothing told twice."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from hubbub.errors import Limited, Unavailable
from hubbub.services.auth.api import Principal
from hubbub.services.gateway.api import RESUMABLE_SECONDS, Dialect, Greet, Sink, Streams
from hubbub.services.gateway.ending import Ending
from hubbub.services.gateway.events import SessionReady, Snapshot
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.joining import Joining
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.snapshot import Snapshots, contained_heads
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.presence.api import PresenceApi
from hubbub.services.voice.events import SpeakingChanged

SESSIONS_PER_PERSON = 50
AT_ONCE = 48  # sessions being opened; each asks a dozen calls, and more at once only outlast their deadlines together
TURN_WITHIN = 10.0  # seconds for which one of a crowd waits; a client waits 15 for its READY


class Opening:
    """`expect` is told the heads that a snapshot contained."""

    def __init__(
        self,
        streams: Streams,
        subscriptions: Subscriptions,
        joining: Joining,
        presence: PresenceApi,
        snapshots: Snapshots,
        ending: Ending,
        expect: Callable[[dict[str, int]], None],
        health: Health,
        now: Callable[[], float],
    ) -> None:
        self._streams = streams
        self._subscriptions = subscriptions
        self._joining = joining
        self._presence = presence
        self._snapshots = snapshots
        self._ending = ending
        self._expect = expect
        self._health = health
        self._now = now
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def open(self, principal: Principal, dialect: Dialect, greet: Greet, sink: Sink) -> GatewaySession:
        if len(self._subscriptions.of_user(principal.user_id)) >= SESSIONS_PER_PERSON:
            raise Limited(RESUMABLE_SECONDS)
        await self._turn()
        try:
            return await self._open(principal, dialect, greet, sink)
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        """When a gateway dies, all its people come to the others in the same second."""
        try:
            async with asyncio.timeout(TURN_WITHIN):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("too many sessions are being opened", started=False) from None

    async def _open(self, principal: Principal, dialect: Dialect, greet: Greet, sink: Sink) -> GatewaySession:
        session = GatewaySession(secrets.token_urlsafe(18), principal, dialect, sink)
        self._subscriptions.add(session)
        self._health.sessions += 1
        try:
            snapshot, heads = await self._gather(session)
        except BaseException:
            self._ending.remove(session)
            raise
        self._expect(heads)
        session.contain(heads, self._now())
        ready = SessionReady(session_id=session.id, snapshot=snapshot)
        if not session.alive or not session.begin(greet(ready)):
            self._ending.remove(session)
            raise Unavailable("the session ended while it was opened")
        self._health.opened += 1
        for server in snapshot.servers:
            for channel_id, talking in server.speaking.items():
                id = server.view.server.id
                session.tell(SpeakingChanged(server_id=id, channel_id=channel_id, user_ids=talking), self._now())
        return session

    async def _gather(self, session: GatewaySession) -> tuple[Snapshot, dict[str, int]]:
        """What happens in between is held and comes after READY."""
        principal = session.principal
        heads = await self._streams.heads([f"user:{principal.user_id}"])
        await self._joining.join_all(session)
        await self._presence.connected(principal, session.id)
        snapshot = await self._snapshots.whole(principal)
        for server in snapshot.servers:
            heads |= contained_heads(server)
        return snapshot, heads
