"""Who may do what: the questions of other services. Answered from memory."""

from __future__ import annotations

import asyncio

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import Access, ChannelView, ServerAccess, ServerAccesses
from hubbub.services.channel.permission_bits import VIEW_CHANNEL
from hubbub.services.channel.snapshot import Rights, Snapshots
from hubbub.services.channel.standing import Standings

MOST_IDS = 1_000
MOST_RIGHTS = 20_000  # rights on channels in one answer: about 400 KB between processes
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
        standing = await self._standings.fresh(user_id, server_id) if server_id is not None else None
        bits = standing.rights.channels.get(channel_id) if standing else None
        if standing is None or bits is None:
            return None
        channel = standing.snapshot.channels[channel_id]
        return Access(server_id=channel.server_id, channel=channel, permissions=bits)

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> ServerAccesses:
        if len(user_ids) > MOST_IDS:
            raise Refused("request.too_many_ids", limit=MOST_IDS)
        snapshot, members = await self._snapshots.fresh_members(server_id, user_ids)
        if snapshot is None:
            return ServerAccesses(server_id=server_id, groups=(), unanswered=())
        now, size = self._clock.now_ms(), 0
        groups: dict[int, tuple[Rights, list[int]]] = {}  # people with equal rights share one object
        for place, member in enumerate(members, start=1):
            if place % SLICE == 0:
                await asyncio.sleep(0)  # a thousand people with as many sets of roles take half a second
            rights = snapshot.rights(member.user_id, member.roles, now)
            group = groups.get(id(rights))
            if group is None:
                if groups and size + len(rights.channels) > MOST_RIGHTS:
                    unanswered = tuple(each.user_id for each in members[place - 1 :])
                    return ServerAccesses(server_id=server_id, groups=_groups(groups), unanswered=unanswered)
                size += len(rights.channels)
                group = groups[id(rights)] = (rights, [])
            group[1].append(member.user_id)
        return ServerAccesses(server_id=server_id, groups=_groups(groups), unanswered=())


def _groups(found: dict[int, tuple[Rights, list[int]]]) -> tuple[ServerAccess, ...]:
    return tuple(
        ServerAccess(user_ids=tuple(ids), permissions=rights.permissions, channels=rights.channels)
        for rights, ids in found.values()
    )
