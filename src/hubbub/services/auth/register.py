"""A new account. Four services take part and there is no transaction over them, so the order carries the safety:

1. an invite's use is reserved (it comes back by itself after 10 minutes);
2. the credential is stored under an id that nobody knows yet;
3. the user is created: from here on the account exists; a refusal takes 1 and 2 back;
4. the session begins, and the invite is accepted with the reserved use.

A request that is repeated with its key finds the credential of 2 and goes on from there.
"""

from __future__ import annotations

from typing import Literal

from hubbub.clock import Clock
from hubbub.errors import HubbubError, Refused
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Conflict, Database, Transaction
from hubbub.services.auth import password as passwords
from hubbub.services.auth import session_start, store
from hubbub.services.auth.api import Device, Principal, Registration, Tokens
from hubbub.services.auth.events import AccountRegistered
from hubbub.services.auth.setup_token import SetupToken
from hubbub.services.channel.api import ChannelApi
from hubbub.services.user.api import NewUser, UserApi

Policy = Literal["invite", "open", "closed"]


class Register:
    def __init__(
        self,
        database: Database,
        users: UserApi,
        channels: ChannelApi,
        ids: Snowflakes,
        clock: Clock,
        hashes: passwords.Passwords,
        sessions: session_start.SessionStart,
        setup: SetupToken,
        policy: Policy,
    ) -> None:
        self._database = database
        self._users = users
        self._channels = channels
        self._ids = ids
        self._clock = clock
        self._hashes = hashes
        self._sessions = sessions
        self._setup = setup
        self._policy: Policy = policy

    async def register(self, key: str, new: Registration, device: Device) -> Tokens:
        if (known := await self._repeated(key, new.password)) is None:
            passwords.check_policy(new.password)
            owner = await self._admit(key, new)
            user_id = await self._store(key, new.password)
        else:
            user_id, owner = known, new.setup_token is not None
        await self._create(key, user_id, new, owner)
        tokens = await self._begin(user_id, device)
        if new.invite is not None:
            await self._channels.accept_invite(Principal("person", user_id, tokens.session_id), new.invite, key)
        if owner:
            self._setup.remove()
        return tokens

    async def _repeated(self, key: str, password: str) -> int | None:
        rows = await self._database.fetch(store.CREDENTIAL_BY_KEY, key=key)
        if not rows:
            return None
        user_id, secret = rows[0]
        if not (await self._hashes.verify(secret, password)).right:
            raise Refused("request.key_reused")
        return user_id

    async def _admit(self, key: str, new: Registration) -> bool:
        """Whether this is the owner; refuses who may not come in."""
        if new.setup_token is not None:
            if not self._setup.matches(new.setup_token) or await self._users.owner_exists():
                raise Refused("auth.setup_token_invalid")
            return True
        if self._policy == "closed":
            raise Refused("auth.registration_closed")
        if new.invite is not None:
            await self._channels.reserve_invite(new.invite, key)
        elif self._policy != "open":
            raise Refused("auth.invite_required")
        return False

    async def _store(self, key: str, password: str) -> int:
        secret, user_id, now = await self._hashes.hash(password), self._ids.next(), self._clock.now_ms()

        async def body(tx: Transaction) -> None:
            await tx.execute(
                store.ADD_CREDENTIAL, user_id=user_id, kind="password", secret=secret, request_key=key, created_at=now
            )

        try:
            await self._database.write(body)
        except Conflict:
            raise Refused("request.in_progress") from None  # the same key twice at the same moment
        return user_id

    async def _create(self, key: str, user_id: int, new: Registration, owner: bool) -> None:
        try:
            await self._users.create(
                NewUser(
                    id=user_id,
                    username=new.username,
                    display_name=new.display_name,
                    email=new.email,
                    instance_owner=owner,
                )
            )
        except Refused:
            await self._undo(key, user_id, new.invite)
            raise

    async def _undo(self, key: str, user_id: int, invite: str | None) -> None:
        async def body(tx: Transaction) -> None:
            await tx.execute(store.DROP_CREDENTIALS, user=user_id)

        await self._database.write(body)
        if invite is not None:
            try:
                await self._channels.release_invite(invite, key)
            except HubbubError:
                return  # the reservation lapses by itself; the refusal is what the caller must see

    async def _begin(self, user_id: int, device: Device) -> Tokens:
        tokens, row = self._sessions.prepare(user_id, device)

        async def body(tx: Transaction) -> None:
            await session_start.insert(tx, row)
            await tx.emit(f"user:{user_id}", AccountRegistered(user_id=user_id))

        await self._database.write(body)
        return tokens
