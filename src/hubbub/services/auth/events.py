"""Facts of the auth service."""

from __future__ import annotations

from typing import ClassVar

from hubbub.events import Event, Services, register


class AccountRegistered(Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "auth.user.created"
    user_id: int

    @property
    def audience(self) -> Services:
        return Services()

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.user_id,)


class SessionRevoked(Event, frozen=True, kw_only=True):
    """Sockets of this session must close with 4021, tokens with its sid are refused from now on."""

    subject: ClassVar[str] = "auth.session.revoked"
    user_id: int
    session_id: int

    @property
    def audience(self) -> Services:
        return Services()

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.user_id, self.session_id)


register(AccountRegistered, SessionRevoked)
