"""A new session: one login of one device, and its first pair of tokens."""

from __future__ import annotations

from typing import Any

from hubbub.clock import Clock
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Transaction
from hubbub.services.auth import refresh_token, store
from hubbub.services.auth.access_token import LIFETIME, AccessTokens
from hubbub.services.auth.api import Device, Tokens
from hubbub.services.auth.device_name import clean


class SessionStart:
    def __init__(self, ids: Snowflakes, clock: Clock, tokens: AccessTokens) -> None:
        self._ids = ids
        self._clock = clock
        self._tokens = tokens

    def prepare(self, user_id: int, device: Device) -> tuple[Tokens, dict[str, Any]]:
        """The answer, and the row that makes it true: signing is too slow for a transaction."""
        now, session_id = self._clock.now_ms(), self._ids.next()
        refresh = refresh_token.first(session_id)
        row = {
            "id": session_id,
            "user_id": user_id,
            "device": clean(device.name),
            "address": device.address,
            "created_at": now,
            "rotated_at": now,
            "expires_at": now + refresh_token.LIFETIME_MS,
            "revoked_at": None,
            "token_hash": refresh_token.digest(refresh),
            "previous_hash": None,
        }
        return self.answer(user_id, session_id, refresh, now), row

    def answer(self, user_id: int, session_id: int, refresh: str, now: int) -> Tokens:
        return Tokens(
            user_id=user_id,
            session_id=session_id,
            access_token=self._tokens.mint(user_id, session_id, now),
            refresh_token=refresh,
            expires_in=LIFETIME,
        )


async def insert(tx: Transaction, row: dict[str, Any]) -> None:
    """Sessions of the same person that expired a month ago go at this occasion."""
    await tx.execute(store.ADD_SESSION, **row)
    month_ago = row["created_at"] - 30 * 86_400_000
    await tx.execute(store.FORGET, user=row["user_id"], before=month_ago)
