"""Sending. Everything that can wait or refuse comes before the line of the channel; the answer comes after the commit."""

from __future__ import annotations

from hubbub import trace
from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import Access, ChannelApi
from hubbub.services.channel.permission_bits import MENTION_EVERYONE, SEND_MESSAGES, VIEW_CHANNEL
from hubbub.services.chat import content, mentions
from hubbub.services.chat.api import Draft, Reference, Sent
from hubbub.services.chat.line import Lines
from hubbub.services.chat.message_batch import MessageBatch, Prepared
from hubbub.services.chat.message_build import MessageBuild, reference


class MessageSend:
    def __init__(self, channels: ChannelApi, build: MessageBuild, batch: MessageBatch) -> None:
        self._channels = channels
        self._build = build
        self._lines = Lines(batch.write)

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
        with trace.span("chat/line") as span:
            prepared = Prepared(
                draft=draft,
                server_id=access.server_id,
                author=author,
                content=text,
                mentions=called,
                mention_everyone=shouted,
                reference=referenced,
                cause=trace.traceparent(),
            )
            answer, together = await self._lines.put(draft.channel_id, prepared)
            span.note("messages", together)
        if isinstance(answer, Sent):
            return answer
        return await self._known(answer)

    async def close(self) -> None:
        """Finish the messages accepted so far, then refuse."""
        await self._lines.close()

    async def mentioned(self, text: str, access: Access) -> tuple[int, ...]:
        """Only people who can see the room are called."""
        found: list[int] = []
        for user_id in mentions.users(text):
            if await self._channels.access(user_id, access.channel.id) is not None:
                found.append(user_id)
        return tuple(found)

    def shouts(self, text: str, access: Access) -> bool:
        return bool(access.permissions & MENTION_EVERYONE) and mentions.everyone(text)

    async def _known(self, message_id: int) -> Sent:
        row = (await self._build.rows((message_id,))).get(message_id)
        if row is None or row.deleted_at is not None:
            raise Refused("message.not_found")  # deleted in between: the nonce went with it
        (message,) = await self._build.messages([row])
        return Sent(message=message, created=False)

    async def _answered(self, draft: Draft, answered: int) -> Reference | None:
        rows = await self._build.rows((answered,))
        row = rows.get(answered)
        if row is None or row.channel_id != draft.channel_id or row.deleted_at is not None:
            raise Refused("message.reply_invalid")
        return reference(row.id, rows, await self._build.authors({row.author_id}))
