"""Facts of the voice service: of the moment, in no stream; READY carries the whole state."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Audience, Channel, Event, Services, register
from hubbub.services.channel.permission_bits import VIEW_CHANNEL
from hubbub.services.voice.api import VoiceState


class VoiceStateChanged(Event, frozen=True, kw_only=True):
    """`channel_id` is where it is seen: the room that was left, when `state.channel_id` is None."""

    subject: ClassVar[str] = "voice.state.changed"
    server_id: int
    channel_id: int
    state: VoiceState

    @property
    def audience(self) -> Audience:
        return Channel(self.channel_id, VIEW_CHANNEL)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel_id)


class SpeakingChanged(Event, frozen=True, kw_only=True):
    """Everybody who speaks in the channel now."""

    subject: ClassVar[str] = "voice.speaking.started"
    server_id: int
    channel_id: int
    user_ids: tuple[int, ...]

    @property
    def audience(self) -> Audience:
        return Channel(self.channel_id, VIEW_CHANNEL)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel_id)


class SessionCreated(Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "voice.session.created"
    user_id: int
    server_id: int
    channel_id: int

    @property
    def audience(self) -> Audience:
        return Services()

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel_id)


class SessionEnded(SessionCreated, frozen=True, kw_only=True):
    subject: ClassVar[str] = "voice.session.ended"


register(VoiceStateChanged, SpeakingChanged, SessionCreated, SessionEnded)
