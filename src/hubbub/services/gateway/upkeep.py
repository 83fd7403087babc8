"""What must be done from time to time: heartbeats of presence, farewells, sessions and rings that grew too old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hubbub.errors import HubbubError
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.presence.api import PresenceApi

TIDY_SECONDS = 5.0
BEAT_SECONDS = 60.0
FAREWELL_SECONDS = 3.0
"""Who comes back so soon (a page that reloads) was never away, and nobody is told of it."""
BEATS = 25  # sessions of one call: some 3 ms of the loop

log = logging.getLogger(__name__)


class Upkeep:
    def __init__(
        self,
        subscriptions: Subscriptions,
        presence: PresenceApi,
        now: Callable[[], float],
        expire: Callable[[GatewaySession], None],
        drop_idle_lanes: Callable[[], None],
    ) -> None:
        self._subscriptions = subscriptions
        self._presence = presence
        self._now = now
        self._expire = expire
        self._drop_idle_lanes = drop_idle_lanes
        self._leaving: list[tuple[float, GatewaySession]] = []
        self._tidied = self._beaten = now()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.step(self._now())
            except HubbubError:
                log.warning("presence could not be told", exc_info=True)
            except Exception:
                log.exception("gateway upkeep failed")

    async def step(self, now: float) -> None:
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            self._tidy(now)
        await self._say_farewell(now)
        if now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            await self._beat()

    def farewell(self, session: GatewaySession) -> None:
        """The session is over; its person may be gone."""
        self._leaving.append((self._now() + FAREWELL_SECONDS, session))

    def _tidy(self, now: float) -> None:
        for session in tuple(self._subscriptions.sessions.values()):
            if session.tidy(now):
                self._expire(session)
        self._drop_idle_lanes()

    async def _say_farewell(self, now: float) -> None:
        while self._leaving and self._leaving[0][0] <= now:
            _, session = self._leaving.pop(0)
            await self._presence.disconnected(session.principal, session.id)

    async def _beat(self) -> None:
        alive = [(session.principal.user_id, session.id) for session in self._subscriptions.sessions.values()]
        for start in range(0, len(alive), BEATS):
            await self._presence.beat(tuple(alive[start : start + BEATS]))
            await asyncio.sleep(0)
