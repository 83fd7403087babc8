"""Messages and what people have read. All that other packages may import of this service."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.services.auth.api import Principal
from hubbub.services.user.api import User

MESSAGE_LENGTH = 4_000
"""Characters (code points) of one message."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The answered message; author and content are None when it was deleted."""

    id: int
    author: User | None
    content: str | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`server_id` 0 for direct messages. Instants in milliseconds UTC. `content` is source text, never HTML."""

    id: int
    channel_id: int
    server_id: int
    author: User
    content: str
    edited_at: int | None
    nonce: str | None
    mentions: tuple[int, ...]
    mention_everyone: bool
    reference: Reference | None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender gives. The same `nonce` from the same author in the same channel within 24 h is the same message."""

    channel_id: int
    content: str
    nonce: str | None
    reply_to: int | None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """`created` False: the nonce was known, this is the first message."""

    message: Message
    created: bool


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """At most one of before, after, around (message ids); limit 1 to 100."""

    channel_id: int
    before: int | None
    after: int | None
    around: int | None
    limit: int


class ReadState(msgspec.Struct, frozen=True, kw_only=True):
    channel_id: int
    last_message_id: int | None
    mention_count: int


class ChannelHead(msgspec.Struct, frozen=True, kw_only=True):
    """`seq`: head of the stream `channel:<id>`."""

    channel_id: int
    last_message_id: int | None
    seq: int


class ChatApi(Protocol):
    """Common refusals: channel.not_found, message.not_found, permission.denied, channel.not_text."""

    async def send(self, principal: Principal, draft: Draft) -> Sent:
        """Durable when this returns. Refused: message.empty, message.too_long {limit}, message.reply_invalid."""
        ...

    async def edit(self, principal: Principal, message_id: int, content: str) -> Message:
        """Only one's own. Refused: message.not_yours."""
        ...

    async def delete(self, principal: Principal, message_id: int) -> None:
        """One's own, or with MANAGE_MESSAGES. A tombstone stays, without the text."""
        ...

    async def message(self, principal: Principal, channel_id: int, message_id: int) -> Message: ...

    async def page(self, principal: Principal, page: Page) -> tuple[Message, ...]:
        """Newest first. Needs READ_HISTORY."""
        ...

    async def calls(self, principal: Principal, before: int | None, limit: int) -> tuple[Message, ...]:
        """What called the principal, by name or with everyone, on all servers; newest first, `limit` 1 to 100. Only
        of rooms whose history they may read now."""
        ...

    async def mark_read(self, principal: Principal, channel_id: int, message_id: int) -> ReadState:
        """Up to and with this message; going back is allowed (mark unread). 0: nothing there is read."""
        ...

    async def read_states(self, principal: Principal) -> tuple[ReadState, ...]: ...

    async def start_typing(self, principal: Principal, channel_id: int) -> None: ...

    async def heads(self, channel_ids: tuple[int, ...]) -> tuple[ChannelHead, ...]:
        """For the gateway, of channels it has already checked; at most 1,000."""
        ...
