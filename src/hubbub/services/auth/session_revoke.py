"""Ending sessions. The sids of the last hour (the life of an access token) are known to every process that verifies."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth import store
from hubbub.services.auth.access_token import LIFETIME
from hubbub.services.auth.events import SessionRevoked


class SessionRevoke:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._revoked: dict[int, int] = {}  # sid -> when (ms); older than an access token's life is dropped

    async def load(self) -> None:
        """Call once before the first token is verified."""
        now = self._clock.now_ms()
        for (session_id,) in await self._database.fetch(store.REVOKED_SINCE, since=now - LIFETIME * 1000):
            self._revoked[session_id] = now

    def is_revoked(self, session_id: int) -> bool:
        return session_id in self._revoked

    async def revoke(self, session_id: int) -> None:
        async def body(tx: Transaction) -> None:
            await self.within(tx, session_id)

        await self._database.write(body)
        self.remember(session_id)

    async def within(self, tx: Transaction, session_id: int) -> None:
        """As part of a larger transaction; call `remember` once that is committed."""
        rows = await tx.fetch(store.REVOKE, session=session_id, now=self._clock.now_ms())
        for (user_id,) in rows:
            await tx.emit(f"user:{user_id}", SessionRevoked(user_id=user_id, session_id=session_id))

    def remember(self, session_id: int) -> None:
        now = self._clock.now_ms()
        self._revoked[session_id] = now
        while self._revoked and next(iter(self._revoked.values())) < now - LIFETIME * 1000:
            del self._revoked[next(iter(self._revoked))]
