"""The presence service: online while a gateway session lives, in the way the person chose.

Three kinds of keys in the cache: `presence:user:<id>` is the record of SO-05 (hash, 5 minutes, refreshed by beats);
`presence:connections:<id>` is a sorted set of gateway sessions by the second of their last beat, so that a gateway
that dies without a word takes its people offline within 5 minutes; `presence:server:<id>` is a sorted set of those who
look online on a server, likewise: one question, however many they are. The chosen status outlives a connection: it is
kept for 30 days under `presence:chosen:<id>`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.infra.cache.base import Cache
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.presence.api import Presence, Status
from hubbub.services.presence.events import StatusChanged

TTL = 300.0  # seconds: SO-05
MOST_LISTED = 100_000  # people of one server that look online
_CHOSEN_TTL = 30 * 86_400.0
_STATUSES: frozenset[str] = frozenset(("online", "idle", "dnd", "offline"))


class _Chosen(msgspec.Struct, frozen=True):
    status: Status
    custom_status: str | None


class PresenceService:
    """Implements PresenceApi."""

    def __init__(self, cache: Cache, channels: ChannelApi, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._cache = cache
        self._channels = channels
        self._clock = clock
        self._publish = publish

    async def connected(self, principal: Principal, connection: str) -> Presence:
        user_id = principal.user_id
        key = f"presence:connections:{user_id}"
        others = await self._cache.range(key, self._second() - TTL, float("inf"), 1)
        await self._touch(user_id, connection)
        presence = await self._record(user_id, await self._chosen(user_id))
        if others:  # a second device changes nothing for anybody else
            await self._list(presence, await self._channels.servers_of(user_id))
        else:
            await self._tell(presence)
        return presence

    async def beat(self, connections: tuple[tuple[int, str], ...]) -> None:
        for user_id, connection in connections:
            await self._touch(user_id, connection)
            presence = await self._record(user_id, await self._chosen(user_id))
            await self._list(presence, await self._channels.servers_of(user_id))

    async def disconnected(self, principal: Principal, connection: str) -> None:
        user_id, key = principal.user_id, f"presence:connections:{principal.user_id}"
        await self._cache.score(key, connection, 0, TTL)  # below every living one: the range below drops it
        if await self._cache.range(key, self._second() - TTL, float("inf"), 1):
            return
        await self._cache.delete(f"presence:user:{user_id}", key)
        chosen = await self._chosen(user_id)
        gone = Presence(
            user_id=user_id, status="offline", custom_status=chosen.custom_status, last_seen=self._clock.now_ms()
        )
        await self._tell(gone)

    async def set_status(self, principal: Principal, status: Status, custom_status: str | None) -> Presence:
        custom = " ".join(custom_status.split())[:128] if custom_status else None
        chosen = _Chosen(status, custom or None)
        await self._cache.put(f"presence:chosen:{principal.user_id}", msgspec.msgpack.encode(chosen), _CHOSEN_TTL)
        presence = await self._record(principal.user_id, chosen)
        await self._tell(presence)
        return presence

    async def get(self, user_ids: tuple[int, ...]) -> tuple[Presence, ...]:
        found: list[Presence] = []
        asked = user_ids[:1_000]
        records = await self._cache.get_hashes([f"presence:user:{user_id}" for user_id in asked])
        for user_id, record in zip(asked, records, strict=True):
            status = record.get("status", b"offline").decode()
            if status != "offline" and status in _STATUSES:
                found.append(
                    Presence(
                        user_id=user_id,
                        status=status,  # pyright: ignore[reportArgumentType]  (checked against the four above)
                        custom_status=record["custom_status"].decode() or None,
                        last_seen=int(record["last_seen"]),
                    )
                )
        return tuple(found)

    async def online_in(self, server_id: int) -> tuple[int, ...]:
        since = self._second() - TTL
        listed = await self._cache.range(f"presence:server:{server_id}", since, float("inf"), MOST_LISTED)
        return tuple(int(member) for member, _ in listed)

    def _second(self) -> float:
        return self._clock.now_ms() / 1000

    async def _touch(self, user_id: int, connection: str) -> None:
        await self._cache.score(f"presence:connections:{user_id}", connection, self._second(), TTL)

    async def _chosen(self, user_id: int) -> _Chosen:
        (stored,) = await self._cache.get([f"presence:chosen:{user_id}"])
        return msgspec.msgpack.decode(stored, type=_Chosen) if stored else _Chosen("online", None)

    async def _record(self, user_id: int, chosen: _Chosen) -> Presence:
        now = self._clock.now_ms()
        fields = {
            "status": chosen.status.encode(),
            "custom_status": (chosen.custom_status or "").encode(),
            "last_seen": str(now).encode(),
        }
        await self._cache.put_hash(f"presence:user:{user_id}", fields, TTL)
        return Presence(user_id=user_id, status=chosen.status, custom_status=chosen.custom_status, last_seen=now)

    async def _tell(self, presence: Presence) -> None:
        servers = await self._channels.servers_of(presence.user_id)
        await self._list(presence, servers)
        if servers:
            self._publish(StatusChanged(presence=presence, server_ids=servers))

    async def _list(self, presence: Presence, servers: tuple[int, ...]) -> None:
        """Who looks offline gets a place below every living one: the next reading drops it."""
        second = 0 if presence.status == "offline" else self._second()
        for server_id in servers:
            await self._cache.score(f"presence:server:{server_id}", str(presence.user_id), second, TTL)
