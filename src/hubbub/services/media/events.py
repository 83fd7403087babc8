"""Facts of a media node, for services only: the voice service turns them into what people see."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Event, Services, register
from hubbub.services.media.api import LeaveReason, Source


class _OfRoom(Event, frozen=True, kw_only=True):
    room: str

    @property
    def audience(self) -> Services:
        return Services()


class ParticipantJoined(_OfRoom, frozen=True, kw_only=True):
    subject: ClassVar[str] = "media.participant.joined"
    identity: str
    sid: str


class ParticipantLeft(_OfRoom, frozen=True, kw_only=True):
    subject: ClassVar[str] = "media.participant.left"
    identity: str
    sid: str
    reason: LeaveReason


class SourcesChanged(_OfRoom, frozen=True, kw_only=True):
    """`sources`: what the participant publishes and has not muted."""

    subject: ClassVar[str] = "media.participant.sources"
    identity: str
    sources: tuple[Source, ...]


class SpeakingStarted(_OfRoom, frozen=True, kw_only=True):
    """Everybody who speaks in the room from now on (hysteresis applied); empty: silence."""

    subject: ClassVar[str] = "media.speaking.started"
    identities: tuple[str, ...]


register(ParticipantJoined, ParticipantLeft, SourcesChanged, SpeakingStarted)
