"""How far each person has read, and what calls them after that."""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.permission_bits import VIEW_CHANNEL
from hubbub.services.chat import store
from hubbub.services.chat.api import ReadState
from hubbub.services.chat.events import ReadStateChanged


class ReadStates:
    def __init__(self, database: Database, channels: ChannelApi) -> None:
        self._database = database
        self._channels = channels

    async def mark(self, principal: Principal, channel_id: int, message_id: int) -> ReadState:
        await self._channels.authorize(principal, channel_id, VIEW_CHANNEL)
        user_id = principal.user_id

        async def body(tx: Transaction) -> ReadState:
            if message_id and not await tx.fetch(store.IN_CHANNEL, channel=channel_id, message=message_id):
                raise Refused("message.not_found")
            await tx.execute(store.PUT_READ, user_id=user_id, channel_id=channel_id, last_message_id=message_id)
            counted = await tx.fetch(store.COUNT_MENTIONS, user=user_id, channel=channel_id, border=message_id)
            state = ReadState(channel_id=channel_id, last_message_id=message_id, mention_count=counted[0][0])
            await tx.emit(f"user:{user_id}", ReadStateChanged(user_id=user_id, state=state))
            return state

        return await self._database.write(body)

    async def all(self, principal: Principal) -> tuple[ReadState, ...]:
        user_id = principal.user_id
        read = dict(await self._database.fetch(store.READ_STATES, user=user_id))  # pyright: ignore[reportCallIssue, reportArgumentType]
        calls: dict[int, int] = {}
        for channel_id, count in await self._database.fetch(store.MENTION_COUNTS, user=user_id):
            calls[channel_id] = count
        for channel_id, count in await self._database.fetch(store.EVERYONE_COUNTS, user=user_id, author=user_id):
            calls[channel_id] = calls.get(channel_id, 0) + count
        return tuple(
            ReadState(channel_id=each, last_message_id=read.get(each), mention_count=calls.get(each, 0))
            for each in read.keys() | calls.keys()
        )
