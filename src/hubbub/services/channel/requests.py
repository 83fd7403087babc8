"""Idempotency of create verbs: what one person's key made before. Kept for a day."""

from __future__ import annotations

import hashlib

import msgspec

from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.channel import store

KEEP_MS = 24 * 3_600_000


async def claim(
    tx: Transaction, user_id: int, key: str, arguments: tuple[object, ...], result: str, now: int
) -> str | None:
    """None: the key is new and stands for `result` from now on. Otherwise what it stood for already.

    `arguments`: verb and all that it was called with. Refused: request.key_reused."""
    request = hashlib.blake2b(msgspec.json.encode(arguments), digest_size=16).hexdigest()
    if await tx.execute(store.CLAIM, user_id=user_id, key=key, request=request, result=result, created_at=now):
        return None
    ((known, first),) = await tx.fetch(store.CLAIMED, user=user_id, key=key)
    if known != request:
        raise Refused("request.key_reused")
    return first
