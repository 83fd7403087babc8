"""What called somebody, over all their servers: the list of mentions."""

from __future__ import annotations

import asyncio

from hubbub.errors import Refused
from hubbub.ids import MAX_ID
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.permission_bits import READ_HISTORY
from hubbub.services.chat import store
from hubbub.services.chat.api import Message
from hubbub.services.chat.history import LONGEST
from hubbub.services.chat.message_build import MessageBuild


class Calls:
    def __init__(self, database: Database, channels: ChannelApi, build: MessageBuild) -> None:
        self._database = database
        self._channels = channels
        self._build = build

    async def newest(self, principal: Principal, before: int | None, limit: int) -> tuple[Message, ...]:
        if not 1 <= limit <= LONGEST:
            raise Refused("message.page_invalid")
        page = {
            "channels": await self._readable(principal.user_id),
            "border": MAX_ID if before is None else before,
            "author": principal.user_id,
            "count": limit,
        }
        by_name = await self._database.fetch(store.CALLED, user=principal.user_id, **page)
        with_everyone = await self._database.fetch(store.CALLED_WITH_EVERYONE, **page)
        rows = {row.id: row for row in map(store.message, [*by_name, *with_everyone])}
        return await self._build.messages([rows[id] for id in sorted(rows, reverse=True)[:limit]])

    async def _readable(self, user_id: int) -> list[int]:
        """Rooms whose history this person may read at this moment, of every server they are in."""
        servers = await self._channels.servers_of(user_id)
        rights = await asyncio.gather(*(self._channels.access_of(each, (user_id,)) for each in servers))
        return [
            channel_id
            for found in rights
            for group in found.groups
            for channel_id, bits in group.channels.items()
            if bits & READ_HISTORY
        ]
