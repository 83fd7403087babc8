"""Editing and deleting."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.permission_bits import MANAGE_MESSAGES, SEND_MESSAGES, VIEW_CHANNEL
from hubbub.services.chat import content, events, store
from hubbub.services.chat.api import Message
from hubbub.services.chat.message_build import MessageBuild
from hubbub.services.chat.message_send import MessageSend
from hubbub.services.chat.recent import Recent
from hubbub.services.chat.store import MessageRow


class MessageChange:
    def __init__(
        self,
        database: Database,
        channels: ChannelApi,
        clock: Clock,
        build: MessageBuild,
        send: MessageSend,
        recent: Recent,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._build = build
        self._send = send
        self._recent = recent

    async def edit(self, principal: Principal, message_id: int, new: str) -> Message:
        row = await self._visible(principal, message_id)
        if row.author_id != principal.user_id:
            raise Refused("message.not_yours")
        access = await self._channels.authorize(principal, row.channel_id, VIEW_CHANNEL | SEND_MESSAGES)
        text = content.check(new)
        called, shouted = await self._send.mentioned(text, access), self._send.shouts(text, access)
        (old,) = await self._build.messages([row])
        now = self._clock.now_ms()

        async def body(tx: Transaction) -> Message:
            found = await tx.fetch(store.BY_IDS, ids=[message_id])
            if not found or (current := store.message(found[0])).deleted_at is not None:
                raise Refused("message.not_found")
            message = _edited(old, text, called, shouted, now)
            await tx.execute(store.KEEP_EDIT, message_id=message_id, edited_at=now, content=current.content)
            await tx.execute(
                store.EDIT,
                message=message_id,
                new_content=text,
                new_mentions=store.mentions_text(called),
                new_everyone=int(shouted),
                now=now,
            )
            await tx.execute(store.FORGET_MENTIONS, message=message_id)
            others = [user_id for user_id in called if user_id != principal.user_id]
            rows = [{"user_id": each, "channel_id": row.channel_id, "message_id": message_id} for each in others]
            await tx.fetch_many(store.ADD_MENTION, rows)
            updated = events.MessageUpdated(server_id=row.server_id, channel_id=row.channel_id, message=message)
            await tx.emit(events.stream(row.channel_id), updated)
            return message

        message = await self._database.write(body)
        self._recent.replace(message)
        return message

    async def delete(self, principal: Principal, message_id: int) -> None:
        row = await self._visible(principal, message_id)
        if row.author_id != principal.user_id:
            await self._channels.authorize(principal, row.channel_id, VIEW_CHANNEL | MANAGE_MESSAGES)
        now = self._clock.now_ms()

        async def body(tx: Transaction) -> None:
            found = await tx.fetch(store.BY_IDS, ids=[message_id])
            if not found or store.message(found[0]).deleted_at is not None:
                return  # somebody was first: the same result
            await tx.execute(store.TOMBSTONE, message=message_id, now=now)
            await tx.execute(store.FORGET_EDITS, message=message_id)
            await tx.execute(store.FORGET_MENTIONS, message=message_id)
            deleted = events.MessageDeleted(server_id=row.server_id, channel_id=row.channel_id, message_id=message_id)
            await tx.emit(events.stream(row.channel_id), deleted)

        await self._database.write(body)
        self._recent.remove(row.channel_id, message_id)

    async def _visible(self, principal: Principal, message_id: int) -> MessageRow:
        """The row, if the principal may know that it exists."""
        row = (await self._build.rows((message_id,))).get(message_id)
        if row is None or row.deleted_at is not None:
            raise Refused("message.not_found")
        if await self._channels.access(principal.user_id, row.channel_id) is None:
            raise Refused("message.not_found")
        return row


def _edited(old: Message, text: str, called: tuple[int, ...], shouted: bool, now: int) -> Message:
    return Message(
        id=old.id,
        channel_id=old.channel_id,
        server_id=old.server_id,
        author=old.author,
        content=text,
        edited_at=now,
        nonce=old.nonce,
        mentions=called,
        mention_everyone=shouted,
        reference=old.reference,
    )
