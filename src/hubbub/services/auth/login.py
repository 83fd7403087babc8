"""Logging in with name and password, and changing the password."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth import password as passwords
from hubbub.services.auth import session_start, store
from hubbub.services.auth.api import Device, Principal, Tokens
from hubbub.services.auth.session_revoke import SessionRevoke
from hubbub.services.user.api import UserApi


class Login:
    def __init__(
        self,
        database: Database,
        users: UserApi,
        clock: Clock,
        hashes: passwords.Passwords,
        sessions: session_start.SessionStart,
        revoke: SessionRevoke,
    ) -> None:
        self._database = database
        self._users = users
        self._clock = clock
        self._hashes = hashes
        self._sessions = sessions
        self._revoke = revoke

    async def login(self, username: str, password: str, device: Device) -> Tokens:
        user = await self._users.find(username)
        secret = await self._secret(user.id) if user else None
        verdict = await self._hashes.verify(secret, password[: passwords.MAX_LENGTH])
        if not verdict.right or user is None:
            raise Refused("auth.wrong_credentials")
        fresh = await self._hashes.hash(password) if verdict.stale else None
        tokens, row = self._sessions.prepare(user.id, device)

        async def body(tx: Transaction) -> None:
            if fresh:
                await tx.execute(store.PUT_SECRET, user=user.id, of_kind="password", new_secret=fresh)
            await session_start.insert(tx, row)

        await self._database.write(body)
        return tokens

    async def change_password(self, principal: Principal, current: str, new: str, device: Device) -> Tokens:
        verdict = await self._hashes.verify(await self._secret(principal.user_id), current)
        if not verdict.right:
            raise Refused("auth.wrong_credentials")
        passwords.check_policy(new)
        secret = await self._hashes.hash(new)
        tokens, row = self._sessions.prepare(principal.user_id, device)
        now = self._clock.now_ms()

        async def body(tx: Transaction) -> list[int]:
            await tx.execute(store.PUT_SECRET, user=principal.user_id, of_kind="password", new_secret=secret)
            old = await tx.fetch(store.LIVE_SESSIONS, user=principal.user_id, now=now)
            ended = [store.session(each).id for each in old]
            for session_id in ended:
                await self._revoke.within(tx, session_id)
            await session_start.insert(tx, row)
            return ended

        for session_id in await self._database.write(body):
            self._revoke.remember(session_id)
        return tokens

    async def _secret(self, user_id: int) -> str | None:
        rows = await self._database.fetch(store.CREDENTIAL, user=user_id, kind="password")
        return rows[0][0] if rows else None
