"""Facts of the presence service: of the moment, in no stream."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Audience, Event, Servers, register
from hubbub.services.presence.api import Presence


class StatusChanged(Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "presence.status.changed"
    presence: Presence
    server_ids: tuple[int, ...]

    @property
    def audience(self) -> Audience:
        return Servers(self.server_ids)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.presence.user_id,)


register(StatusChanged)
