"""Making, listing and revoking invites."""

from __future__ import annotations

import secrets
import string

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import requests, store
from hubbub.services.channel.api import Invite, NewInvite
from hubbub.services.channel.permission_bits import CREATE_INVITE, MANAGE_SERVER
from hubbub.services.channel.snapshot import Reader
from hubbub.services.channel.standing import Standings

_LETTERS = string.ascii_letters + string.digits
_LENGTH = 12  # 71 bits: not to be guessed
MOST_USES = 100_000
LONGEST = 31_536_000  # seconds: a year


class InviteCreate:
    def __init__(self, database: Database, standings: Standings, clock: Clock) -> None:
        self._database = database
        self._standings = standings
        self._clock = clock

    async def create(self, principal: Principal, key: str, server_id: int, new: NewInvite) -> Invite:
        if not (0 <= new.max_uses <= MOST_USES and 0 <= new.max_age <= LONGEST):
            reason = f"An invite is good for at most {MOST_USES} people and {LONGEST} seconds."
            raise Refused("request.invalid", reason=reason)

        async def body(tx: Transaction) -> Invite:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            if new.channel_id is None:
                standing.require(CREATE_INVITE)
            else:
                standing.channel(new.channel_id, CREATE_INVITE)
            now, token = self._clock.now_ms(), "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            arguments = ("invite.create", server_id, new)
            known = await requests.claim(tx, principal.user_id, key, arguments, token, now)
            if known is not None:
                return await found(tx, known)
            invite = Invite(
                token=token,
                server_id=server_id,
                channel_id=new.channel_id,
                inviter_id=principal.user_id,
                max_uses=new.max_uses,
                uses=0,
                created_at=now,
                expires_at=now + new.max_age * 1000 if new.max_age else None,
            )
            await tx.execute(store.ADD_INVITE, **msgspec.structs.asdict(invite))
            return invite

        return await self._database.write(body)

    async def all(self, principal: Principal, server_id: int) -> tuple[Invite, ...]:
        standing = await self._standings.on_server(principal.user_id, server_id)
        now = self._clock.now_ms()
        if standing.rights.permissions & MANAGE_SERVER:
            rows = await self._database.fetch(store.INVITES, server=server_id, now=now)
        else:
            rows = await self._database.fetch(store.INVITES_BY, server=server_id, now=now, user=principal.user_id)
        return tuple(map(store.invite, rows))

    async def revoke(self, principal: Principal, token: str) -> None:
        async def body(tx: Transaction) -> None:
            invite = await found(tx, token)
            standing = await self._standings.within(tx, principal.user_id, invite.server_id, "invite.not_found")
            if invite.inviter_id != principal.user_id:
                standing.require(MANAGE_SERVER)
            await tx.execute(store.DELETE_INVITE, token=token)
            await tx.execute(store.DELETE_RESERVATIONS, token=token)

        await self._database.write(body)


def is_token(text: str) -> bool:
    """Whether it may be one; what cannot is asked of no database (PostgreSQL keeps no NUL)."""
    return text.isascii() and text.isprintable()


async def found(reader: Reader, token: str) -> Invite:
    """Refused: invite.not_found."""
    rows = await reader.fetch(store.INVITE, token=token) if is_token(token) else ()
    if not rows:
        raise Refused("invite.not_found")
    return store.invite(rows[0])
