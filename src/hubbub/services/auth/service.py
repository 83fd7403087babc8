"""The auth service: holds what the verbs need and delegates to them."""

from __future__ import annotations

import hashlib

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Database
from hubbub.services.auth import store
from hubbub.services.auth.access_token import AccessTokens
from hubbub.services.auth.api import Device, Principal, Registration, Session, Tokens
from hubbub.services.auth.device_name import DeviceName
from hubbub.services.auth.events import SessionRevoked
from hubbub.services.auth.login import Login
from hubbub.services.auth.password import Passwords
from hubbub.services.auth.register import Policy, Register
from hubbub.services.auth.session_revoke import SessionRevoke
from hubbub.services.auth.session_start import SessionStart
from hubbub.services.auth.setup_token import SetupToken
from hubbub.services.auth.token_refresh import TokenRefresh
from hubbub.services.channel.api import ChannelApi
from hubbub.services.user.api import UserApi


class AuthService:
    """Implements AuthApi. Call `start()` before anything else."""

    def __init__(
        self,
        database: Database,
        users: UserApi,
        channels: ChannelApi,
        ids: Snowflakes,
        clock: Clock,
        signing_key: bytes,
        setup: SetupToken,
        policy: Policy,
    ) -> None:
        self._database = database
        self._users = users
        self._clock = clock
        self._setup = setup
        self._access = AccessTokens(signing_key)
        self._revoke = SessionRevoke(database, clock)
        self._devices = DeviceName(database)
        hashes, sessions = Passwords(), SessionStart(ids, clock, self._access)
        self._register = Register(database, users, channels, ids, clock, hashes, sessions, setup, policy)
        self._login = Login(database, users, clock, hashes, sessions, self._revoke)
        rotation_key = hashlib.sha256(b"hubbub refresh rotation" + signing_key).digest()
        self._refresh = TokenRefresh(database, clock, sessions, self._revoke, rotation_key)

    async def start(self) -> str | None:
        """Load what is revoked; the set-up token, as long as nobody owns the instance."""
        await self._revoke.load()
        if await self.setup_needed():
            return self._setup.ensure()
        self._setup.remove()
        return None

    async def on_event(self, event: Event) -> None:
        """Facts of other processes of this service, if there are any (assembly subscribes)."""
        if isinstance(event, SessionRevoked):
            self._revoke.remember(event.session_id)

    async def on_gap(self) -> None:
        """Facts may have been lost on the way here."""
        await self._revoke.load()

    async def register(self, key: str, registration: Registration, device: Device) -> Tokens:
        return await self._register.register(key, registration, device)

    async def login(self, username: str, password: str, device: Device) -> Tokens:
        return await self._login.login(username, password, device)

    async def refresh(self, refresh_token: str, device: Device) -> Tokens:
        return await self._refresh.refresh(refresh_token, device)

    async def authenticate(self, access_token: str) -> Principal:
        claims = self._access.verify(access_token, self._clock.now_ms())
        if self._revoke.is_revoked(claims.session_id):
            raise Refused("auth.session_revoked")
        return Principal("person", claims.user_id, claims.session_id)

    async def logout(self, principal: Principal) -> None:
        await self._revoke.revoke(principal.session_id)

    async def sessions(self, principal: Principal) -> tuple[Session, ...]:
        now = self._clock.now_ms()
        rows = await self._database.fetch(store.LIVE_SESSIONS, user=principal.user_id, now=now)
        return tuple(
            Session(
                id=row.id,
                device=Device(row.device, row.address),
                created_at=row.created_at,
                last_used_at=row.rotated_at,
            )
            for row in map(store.session, rows)
        )

    async def name_device(self, principal: Principal, name: str) -> None:
        await self._devices.name(principal, name)

    async def revoke(self, principal: Principal, session_id: int) -> None:
        rows = await self._database.fetch(store.SESSION, session=session_id)
        if not rows or store.session(rows[0]).user_id != principal.user_id:
            raise Refused("auth.session_not_found")
        await self._revoke.revoke(session_id)

    async def change_password(self, principal: Principal, current: str, new: str, device: Device) -> Tokens:
        return await self._login.change_password(principal, current, new, device)

    async def setup_needed(self) -> bool:
        return not await self._users.owner_exists()
