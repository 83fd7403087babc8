"""Who may do what: the questions of other services. Answered from memory."""

from __future__ import annotations

import asyncio

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import VIEW_CHANNEL, Access, ChannelView, ServerAccess
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standings

MOST_IDS = 1_000
SLICE = 16  # people until others get their turn


class Accesses:
    def __init__(self, snapshots: Snapshots, standings: Standings, clock: Clock) -> None:
        self._snapshots = snapshots
        self._standings = standings
        self._clock = clock

    async def authorize(self, principal: Principal, channel_id: int, permission: int) -> Access:
        standing = await self._standings.on_channel(principal.user_id, channel_id)
        channel = standing.channel(channel_id, permission | VIEW_CHANNEL)
        bits = standing.rights.channels[channel_id]
        return Access(server_id=channel.server_id, channel=channel, permissions=bits)

    async def channel(self, principal: Principal, channel_id: int) -> ChannelView:
        return (await self._standings.on_channel(principal.user_id, channel_id)).view(channel_id)

    async def authorize_server(self, principal: Principal, server_id: int, permission: int) -> int:
        standing = await self._standings.on_server(principal.user_id, server_id)
        standing.require(permission)
        return standing.rights.permissions

    async def authorize_over(self, principal: Principal, server_id: int, user_id: int, permission: int) -> None:
        standing = await self._standings.on_server(principal.user_id, server_id)
        standing.require(permission)
        if (other := await self._snapshots.member(server_id, user_id)) is None:
            raise Refused("member.not_found")
        standing.require_over(other)

    async def access(self, user_id: int, channel_id: int) -> Access | None:
        server_id = await self._snapshots.server_of(channel_id)
        standing = await self._standings.find(user_id, server_id) if server_id is not None else None
        bits = standing.rights.channels.get(channel_id) if standing else None
        if standing is None or bits is None:
            return None
        channel = standing.snapshot.channels[channel_id]
        return Access(server_id=channel.server_id, channel=channel, permissions=bits)

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> tuple[ServerAccess, ...]:
        if len(user_ids) > MOST_IDS:
            raise Refused("request.too_many_ids", limit=MOST_IDS)
        members = await self._snapshots.members(server_id, user_ids)
        snapshot = await self._snapshots.get(server_id) if members else None
        if snapshot is None:
            return ()
        now, found = self._clock.now_ms(), list[ServerAccess]()
        for place, (id, member) in enumerate(members.items(), start=1):
            if place % SLICE == 0:
                await asyncio.sleep(0)  # a thousand people with as many sets of roles take half a second
            rights = snapshot.rights(id, member.roles, now)
            found.append(
                ServerAccess(
                    user_id=id,
                    server_id=server_id,
                    permissions=rights.permissions,
                    channels=rights.channels,  # one dictionary for all who may the same: nobody changes it
                )
            )
        return tuple(found)
