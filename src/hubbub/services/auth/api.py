"""Who is asking: accounts' credentials, sessions and tokens. All that other packages may import of this service."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

PrincipalKind = Literal["person", "guest", "bot", "webhook", "native", "instance"]


class Principal(msgspec.Struct, frozen=True):
    """Who is asking. Services check every id against it; protocols only obtain it from `authenticate`."""

    kind: PrincipalKind
    user_id: int
    session_id: int


INSTANCE = Principal("instance", 0, 0)
"""The instance itself: its own timers and repairs. Never made from a token."""


class Device(msgspec.Struct, frozen=True):
    """Where a session lives, as its owner will see it in the list: a program's name and a network address."""

    name: str
    address: str


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    username: str
    password: str
    email: str | None
    display_name: str | None
    invite: str | None
    setup_token: str | None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_in`: seconds the access token lives."""

    user_id: int
    session_id: int
    access_token: str
    refresh_token: str
    expires_in: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login. Instants in milliseconds UTC."""

    id: int
    device: Device
    created_at: int
    last_used_at: int


class AuthApi(Protocol):
    async def register(self, key: str, registration: Registration, device: Device) -> Tokens:
        """A new account, by invite, by the one-time set-up token (then it owns the instance), or freely where the
        policy is `open`. With an invite the account is also a member of its server when this returns.

        Refused: auth.registration_closed, auth.invite_required, auth.setup_token_invalid, auth.password_short,
        user.username_taken, user.username_invalid, user.email_invalid, invite.not_found, invite.used_up."""
        ...

    async def login(self, username: str, password: str, device: Device) -> Tokens:
        """Refused: auth.wrong_credentials (the same, after the same work, for an unknown name and a wrong password)."""
        ...

    async def refresh(self, refresh_token: str, device: Device) -> Tokens:
        """Rotates: the old token ends here. Repeated within 10 s (two tabs) it gets the same answer; later it is taken
        for stolen and the whole session ends. Refused: auth.refresh_invalid."""
        ...

    async def authenticate(self, access_token: str) -> Principal:
        """Refused: auth.token_invalid, auth.token_expired, auth.session_revoked."""
        ...

    async def logout(self, principal: Principal) -> None: ...

    async def sessions(self, principal: Principal) -> tuple[Session, ...]:
        """The principal's own, newest use first."""
        ...

    async def name_device(self, principal: Principal, name: str) -> None:
        """What the device of the principal's session is called from now on; "" changes nothing. At most 100 characters
        are kept, of those that can be seen."""
        ...

    async def revoke(self, principal: Principal, session_id: int) -> None:
        """End one of the principal's own sessions; its sockets close within a second. Refused: auth.session_not_found."""
        ...

    async def change_password(self, principal: Principal, current: str, new: str, device: Device) -> Tokens:
        """Every session ends and a new one begins. Refused: auth.wrong_credentials, auth.password_short."""
        ...

    async def setup_needed(self) -> bool:
        """True until the owner's account exists."""
        ...
