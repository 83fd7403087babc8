"""Reading back: pages before, after and around a message."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.ids import MAX_ID, created_ms
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.permission_bits import READ_HISTORY, VIEW_CHANNEL
from hubbub.services.chat import events, store
from hubbub.services.chat.api import Message, Page
from hubbub.services.chat.message_build import MessageBuild
from hubbub.services.chat.proved import Proved
from hubbub.services.chat.recent import LENGTH, Recent
from hubbub.services.chat.store import MessageRow

LONGEST = 100
SETTLED_MS = 60_000  # what is older a read replica has long had, if there is one


class History:
    def __init__(
        self,
        database: Database,
        channels: ChannelApi,
        build: MessageBuild,
        recent: Recent,
        proved: Proved,
        clock: Clock,
    ) -> None:
        self._database = database
        self._channels = channels
        self._build = build
        self._recent = recent
        self._proved = proved
        self._clock = clock

    async def page(self, principal: Principal, page: Page) -> tuple[Message, ...]:
        await self._channels.authorize(principal, page.channel_id, VIEW_CHANNEL | READ_HISTORY)
        borders = (page.before, page.after, page.around)
        if not 1 <= page.limit <= LONGEST or sum(border is not None for border in borders) > 1:
            raise Refused("message.page_invalid")
        if page.around is not None:
            rows = await self._around(page.channel_id, page.around, page.limit)
        elif page.after is not None:
            rows = (await self._after(page.channel_id, page.after, page.limit))[::-1]
        elif page.before is not None:
            rows = await self._before(page.channel_id, page.before, page.limit)
        else:
            return await self._newest(page.channel_id, page.limit)
        return await self._build.messages(rows)

    async def message(self, principal: Principal, channel_id: int, message_id: int) -> Message:
        await self._channels.authorize(principal, channel_id, VIEW_CHANNEL | READ_HISTORY)
        row = (await self._build.rows((message_id,))).get(message_id)
        if row is None or row.channel_id != channel_id or row.deleted_at is not None:
            raise Refused("message.not_found")
        return (await self._build.messages([row]))[0]

    async def _newest(self, channel_id: int, limit: int) -> tuple[Message, ...]:
        if (known := self._recent.newest(channel_id, limit)) is not None:
            return known
        if not self._recent.keeps and limit <= LENGTH:
            newest = await self._proved.newest(channel_id)
            return await self._build.messages(newest.rows[:limit], newest.answered)
        version = self._recent.version
        rows = await self._before(channel_id, MAX_ID, max(limit, LENGTH))
        messages = await self._build.messages(rows)
        self._recent.load(channel_id, messages, version)
        return messages[:limit]

    async def _around(self, channel_id: int, middle: int, limit: int) -> list[MessageRow]:
        """The message itself, if it is there, and about as many on each side; newest first."""
        older = await self._before(channel_id, middle + 1, limit - limit // 2)
        newer = await self._after(channel_id, middle, limit // 2)
        return newer[::-1] + older

    async def _before(self, channel_id: int, border: int, count: int) -> list[MessageRow]:
        old = created_ms(border) < self._clock.now_ms() - SETTLED_MS
        values = {"channel": channel_id, "border": border, "count": count}
        if old:
            rows = await self._database.fetch_proved(events.stream(channel_id), store.BEFORE, **values)
        else:
            rows = await self._database.fetch(store.BEFORE, **values)
        return [store.message(row) for row in rows]

    async def _after(self, channel_id: int, border: int, count: int) -> list[MessageRow]:
        rows = await self._database.fetch(store.AFTER, channel=channel_id, border=border, count=count)
        return [store.message(row) for row in rows]
