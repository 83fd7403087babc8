"""Facts of the chat service. Messages of a channel are in its stream `channel:<id>`."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Audience, Channel, Event, User, register
from hubbub.services.channel.permission_bits import VIEW_CHANNEL
from hubbub.services.chat.api import Message, ReadState


def stream(channel_id: int) -> str:
    return f"channel:{channel_id}"


class _InChannel(Event, frozen=True, kw_only=True):
    server_id: int
    channel_id: int

    @property
    def audience(self) -> Audience:
        return Channel(self.channel_id, VIEW_CHANNEL)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel_id)


class MessageCreated(_InChannel, frozen=True, kw_only=True):
    subject: ClassVar[str] = "message.created"
    message: Message


class MessageUpdated(_InChannel, frozen=True, kw_only=True):
    subject: ClassVar[str] = "message.updated"
    message: Message


class MessageDeleted(_InChannel, frozen=True, kw_only=True):
    subject: ClassVar[str] = "message.deleted"
    message_id: int


class TypingStarted(_InChannel, frozen=True, kw_only=True):
    """Of the moment. `at` in milliseconds UTC."""

    subject: ClassVar[str] = "presence.typing.started"
    user_id: int
    at: int


class ReadStateChanged(Event, frozen=True, kw_only=True):
    """For the reader's other devices."""

    subject: ClassVar[str] = "message.read"
    user_id: int
    state: ReadState

    @property
    def audience(self) -> Audience:
        return User(self.user_id)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.user_id,)


register(MessageCreated, MessageUpdated, MessageDeleted, TypingStarted, ReadStateChanged)
