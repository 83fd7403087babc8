"""Who is here, and how. Records live in the cache for 5 minutes and are refreshed by heartbeats."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from hubbub.services.auth.api import Principal

Status = Literal["online", "idle", "dnd", "offline"]


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """As others see it: who chose `offline` (invisible) looks offline. `last_seen` in milliseconds UTC."""

    user_id: int
    status: Status
    custom_status: str | None
    last_seen: int


class PresenceApi(Protocol):
    async def connected(self, principal: Principal, connection: str) -> Presence:
        """A gateway session exists (again). `connection` is its id; the first of a person makes them online."""
        ...

    async def beat(self, connections: tuple[tuple[int, str], ...]) -> None:
        """(user id, connection) of gateway sessions that are alive; at least every 2 minutes."""
        ...

    async def disconnected(self, principal: Principal, connection: str) -> None:
        """The last one makes the person offline."""
        ...

    async def set_status(self, principal: Principal, status: Status, custom_status: str | None) -> Presence: ...

    async def get(self, user_ids: tuple[int, ...]) -> tuple[Presence, ...]:
        """Of those who are not offline; at most 1,000 ids."""
        ...

    async def online_in(self, server_id: int) -> tuple[int, ...]:
        """User ids that are not offline among the members of a server, as far as anybody connected there; at most
        100,000. Whoever left the server may be among them for 5 minutes."""
        ...
