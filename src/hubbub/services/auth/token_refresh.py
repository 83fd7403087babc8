"""Rotation of refresh tokens (RFC 9700, section 4.14.2): each is good once; an old one ends the whole session."""

from __future__ import annotations

import hmac

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth import refresh_token, store
from hubbub.services.auth.api import Device, Tokens
from hubbub.services.auth.session_revoke import SessionRevoke
from hubbub.services.auth.session_start import SessionStart


class TokenRefresh:
    def __init__(
        self, database: Database, clock: Clock, sessions: SessionStart, revoke: SessionRevoke, key: bytes
    ) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._revoke = revoke
        self._key = key

    async def refresh(self, token: str, device: Device) -> Tokens:
        session_id, given = refresh_token.session_of(token), refresh_token.digest(token)
        after = refresh_token.following(token, self._key)
        now = self._clock.now_ms()

        async def body(tx: Transaction) -> store.SessionRow | None:
            """The session as it is after this call; None when the token was stolen (the session is ended then)."""
            rows = await tx.fetch(store.SESSION, session=session_id)
            row = store.session(rows[0]) if rows else None
            if row is None or row.revoked_at is not None or row.expires_at <= now:
                raise Refused("auth.refresh_invalid")
            if hmac.compare_digest(row.token_hash, given):
                await tx.execute(
                    store.ROTATE,
                    session=session_id,
                    new_hash=refresh_token.digest(after),
                    old_hash=given,
                    now=now,
                    until=now + refresh_token.LIFETIME_MS,
                    from_address=device.address,
                )
                return row._replace(rotated_at=now)
            if row.previous_hash is None or not hmac.compare_digest(row.previous_hash, given):
                raise Refused("auth.refresh_invalid")  # a guess, or two rotations old: says nothing about a thief
            if now - row.rotated_at <= refresh_token.REPEAT_MS and row.address == device.address:
                return row  # another tab asked at the same moment
            await self._revoke.within(tx, session_id)
            return None

        row = await self._database.write(body)
        if row is None:
            self._revoke.remember(session_id)
            raise Refused("auth.refresh_invalid")
        return self._sessions.answer(row.user_id, session_id, after, row.rotated_at)
