"""The one gate for rates (SE-03) that every protocol calls. It fails closed: no answer from the cache is a refusal."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Class = Literal["read", "write", "message", "auth_account", "auth_address", "command", "typing", "invite", "connect"]


class Rate(msgspec.Struct, frozen=True):
    """`count` per `seconds`, all of it at once if nothing was used."""

    count: int
    seconds: float


RATES: dict[Class, Rate] = {
    "read": Rate(600, 60),  # per person
    "write": Rate(60, 60),  # per person
    "message": Rate(10, 10),  # per person
    "auth_account": Rate(5, 60),  # per account and address
    "auth_address": Rate(30, 60),  # per address: a classroom shares one
    "command": Rate(120, 60),  # per gateway session
    "typing": Rate(10, 10),  # per person; over it, dropped silently
    "invite": Rate(60, 60),  # per address: looking at invites before login
    "connect": Rate(120, 60),  # per address: sockets opened
}
"""Defaults. `HUBBUB_RATE_LIMIT_SCALE` multiplies every count."""


class LimitsApi(Protocol):
    async def take(self, kind: Class, who: str, cost: float) -> None:
        """`who`: a user id, an address, or both joined. Raises Limited(retry_after in seconds)."""
        ...
