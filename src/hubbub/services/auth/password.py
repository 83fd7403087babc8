"""Passwords: Argon2id (RFC 9106) for new ones; imported bcrypt hashes are verified once and replaced at that login.

19 MiB, 2 passes, 1 lane: the OWASP minimum that keeps a login at about 30 ms of one core. At most two run at once, off
the loop, so that a flood of logins costs 40 MiB and never a frame of speech.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hubbub.errors import Refused

MIN_LENGTH = 10
MAX_LENGTH = 1_024

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


class Verdict(NamedTuple):
    right: bool
    stale: bool  # right, but by an older scheme or cheaper parameters: hash again


class Passwords:
    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(2)
        self._decoy = _hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(_hasher.hash, password)

    async def verify(self, secret: str | None, password: str) -> Verdict:
        """With None the same work is done and the answer is no: nobody learns whether the account exists."""
        async with self._turn:
            verdict = await asyncio.to_thread(_verify, secret or self._decoy, password)
        return verdict if secret else Verdict(right=False, stale=False)


def check_policy(password: str) -> None:
    """Length alone: rules about kinds of characters make passwords worse (NIST SP 800-63B, 5.1.1.2)."""
    if len(password) < MIN_LENGTH:
        raise Refused("auth.password_short", limit=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise Refused("auth.password_long", limit=MAX_LENGTH)


def _verify(secret: str, password: str) -> Verdict:
    if secret.startswith("$2"):
        import bcrypt  # only instances with imported accounts need it

        try:
            return Verdict(bcrypt.checkpw(password.encode()[:72], secret.encode()), stale=True)
        except ValueError:
            return Verdict(right=False, stale=False)
    try:
        _hasher.verify(secret, password)
    except (VerificationError, InvalidHashError):
        return Verdict(right=False, stale=False)
    return Verdict(right=True, stale=_hasher.check_needs_rehash(secret))
