"""Sending. Everything that can wait or refuse comes before the transaction; the answer comes after its commit."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.ids import EPOCH_MS, Snowflakes
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import Access, ChannelApi
from hubbub.services.channel.permission_bits import MENTION_EVERYONE, SEND_MESSAGES, VIEW_CHANNEL
from hubbub.services.chat import content, events, mentions, store
from hubbub.services.chat.api import Draft, Message, Reference, Sent
from hubbub.services.chat.message_build import MessageBuild, reference
from hubbub.services.chat.recent import Recent
from hubbub.services.user.api import User

NONCE_MS = 24 * 3_600_000


class MessageSend:
    def __init__(
        self,
        database: Database,
        channels: ChannelApi,
        ids: Snowflakes,
        clock: Clock,
        build: MessageBuild,
        recent: Recent,
    ) -> None:
        self._database = database
        self._channels = channels
        self._ids = ids
        self._clock = clock
        self._build = build
        self._recent = recent

    async def send(self, principal: Principal, draft: Draft) -> Sent:
        access = await self._channels.authorize(principal, draft.channel_id, VIEW_CHANNEL | SEND_MESSAGES)
        if access.channel.type == "category":
            raise Refused("channel.not_text")
        text = content.check(draft.content)
        if draft.nonce is not None and "\0" in draft.nonce:
            raise Refused("message.invalid_text")
        author = (await self._build.authors({principal.user_id}))[principal.user_id]
        referenced = await self._answered(draft, draft.reply_to) if draft.reply_to is not None else None
        called = await self.mentioned(text, access) if "<@" in text else ()
        shouted = self.shouts(text, access)
        sent = await self._database.write(
            lambda tx: self._write(tx, draft, access, author, text, called, shouted, referenced)
        )
        if sent is None:
            return await self._first(principal, draft)
        self._recent.add(sent)
        return Sent(message=sent, created=True)

    async def mentioned(self, text: str, access: Access) -> tuple[int, ...]:
        """Only people who can see the room are called."""
        found: list[int] = []
        for user_id in mentions.users(text):
            if await self._channels.access(user_id, access.channel.id) is not None:
                found.append(user_id)
        return tuple(found)

    def shouts(self, text: str, access: Access) -> bool:
        return bool(access.permissions & MENTION_EVERYONE) and mentions.everyone(text)

    async def _answered(self, draft: Draft, answered: int) -> Reference | None:
        rows = await self._build.rows((answered,))
        row = rows.get(answered)
        if row is None or row.channel_id != draft.channel_id or row.deleted_at is not None:
            raise Refused("message.reply_invalid")
        return reference(row.id, rows, await self._build.authors({row.author_id}))

    async def _write(
        self,
        tx: Transaction,
        draft: Draft,
        access: Access,
        author: User,
        text: str,
        called: tuple[int, ...],
        shouted: bool,
        referenced: Reference | None,
    ) -> Message | None:
        """The message, or None when its nonce is known already."""
        await tx.lock(draft.channel_id)  # ids of a channel become visible in order
        if draft.nonce is not None and await tx.fetch(store.BY_NONCE, **self._nonce(author.id, draft)):
            return None
        newest = await tx.fetch(store.LAST, channel=draft.channel_id) if self._ids.shared else ()
        message = Message(
            id=self._ids.after(newest[0][0] if newest else 0),
            channel_id=draft.channel_id,
            server_id=access.server_id,
            author=author,
            content=text,
            edited_at=None,
            nonce=draft.nonce,
            mentions=called,
            mention_everyone=shouted,
            reference=referenced,
        )
        await insert(tx, message)
        created = events.MessageCreated(server_id=access.server_id, channel_id=draft.channel_id, message=message)
        await tx.emit(events.stream(draft.channel_id), created)
        return message

    async def _first(self, principal: Principal, draft: Draft) -> Sent:
        rows = await self._database.fetch(store.BY_NONCE, **self._nonce(principal.user_id, draft))
        if not rows:
            raise Refused("message.not_found")  # deleted in between: the nonce went with it
        (message,) = await self._build.messages([store.message(rows[0])])
        return Sent(message=message, created=False)

    def _nonce(self, author: int, draft: Draft) -> dict[str, object]:
        since = max(0, self._clock.now_ms() - NONCE_MS - EPOCH_MS) << 22
        return {"author": author, "nonce": draft.nonce, "channel": draft.channel_id, "since": since}


async def insert(tx: Transaction, message: Message) -> None:
    await tx.execute(
        store.ADD,
        id=message.id,
        channel_id=message.channel_id,
        server_id=message.server_id,
        author_id=message.author.id,
        content=message.content,
        nonce=message.nonce,
        mentions=store.mentions_text(message.mentions),
        mention_everyone=int(message.mention_everyone),
        reply_to=message.reference.id if message.reference else None,
        edited_at=None,
        deleted_at=None,
    )
    for user_id in message.mentions:
        if user_id != message.author.id:
            await tx.execute(store.ADD_MENTION, user_id=user_id, channel_id=message.channel_id, message_id=message.id)
