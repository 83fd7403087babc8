"""Facts of the user service."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Event, Services, register
from hubbub.services.user.api import User


class ProfileUpdated(Event, frozen=True, kw_only=True):
    """Names and pictures elsewhere are stale now. The gateway shows it to everybody who shares a server."""

    subject: ClassVar[str] = "user.profile.updated"
    user: User

    @property
    def audience(self) -> Services:
        return Services()

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.user.id,)


register(ProfileUpdated)
