"""Coming in by an invite.

`uses` counts who came in; reservations that have not lapsed count as well. One transaction counts and takes, holding
the server's lock: an invite for one lets one in, however many come at once.
"""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import store
from hubbub.services.channel.api import Invite, InvitePreview, Joined
from hubbub.services.channel.invite_create import found, is_token
from hubbub.services.channel.member_add import NewMember
from hubbub.services.channel.server_view import ServerViews
from hubbub.services.channel.snapshot import Reader, Snapshots
from hubbub.services.user.api import UserApi

RESERVED_MS = 600_000


class InviteAccept:
    def __init__(
        self, database: Database, snapshots: Snapshots, users: UserApi, views: ServerViews, clock: Clock
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._users = users
        self._views = views
        self._clock = clock

    async def preview(self, token: str) -> InvitePreview:
        invite, now = await found(self._database, token), self._clock.now_ms()
        await _check_open(self._database, invite, now)
        server = await self._database.fetch(store.SERVER, server=invite.server_id)
        snapshot = await self._snapshots.get(invite.server_id)
        if not server or snapshot is None:
            raise Refused("invite.not_found")
        inviter = await self._users.get((invite.inviter_id,)) if invite.inviter_id is not None else ()
        anybody = snapshot.rights(0, frozenset(), now)
        return InvitePreview(
            server=store.server(server[0]),
            inviter=inviter[0] if inviter else None,
            expires_at=invite.expires_at,
            public_channels=tuple(id for id in anybody.channels if snapshot.channels[id].type in ("voice", "stage")),
        )

    async def reserve(self, token: str, key: str) -> None:
        async def body(tx: Transaction) -> None:
            invite, now = await _locked(tx, token), self._clock.now_ms()
            if not await tx.fetch(store.RESERVATION, token=token, key=key, now=now):
                await _check_open(tx, invite, now)
                await tx.execute(store.PUT_RESERVATION, token=token, key=key, expires_at=now + RESERVED_MS)

        await self._database.write(body)

    async def release(self, token: str, key: str) -> None:
        if not is_token(token):
            return

        async def body(tx: Transaction) -> None:
            await tx.execute(store.DROP_RESERVATION, token=token, key=key)

        await self._database.write(body)

    async def accept(self, principal: Principal, token: str, key: str) -> Joined:
        comer = await NewMember.of(self._users, principal)
        server_id = (await found(self._database, token)).server_id

        async def body(tx: Transaction) -> bool:
            return await self._join(tx, await _locked(tx, token), key, comer)

        joined = await self._snapshots.change_members(server_id, body, (principal.user_id,))
        return Joined(view=await self._views.view(principal, server_id), joined=joined)

    async def _join(self, tx: Transaction, invite: Invite, key: str, comer: NewMember) -> bool:
        now, server_id = self._clock.now_ms(), invite.server_id
        reserved = bool(await tx.fetch(store.RESERVATION, token=invite.token, key=key, now=now))
        await tx.execute(store.DROP_RESERVATION, token=invite.token, key=key)
        if await tx.fetch(store.MEMBER, server=server_id, user=comer.user.id):
            return False
        if await tx.fetch(store.BANNED, server=server_id, user=comer.user.id):
            raise Refused("member.banned")
        if not reserved:
            await _check_open(tx, invite, now)
        await tx.execute(store.USE_INVITE, token=invite.token)
        await comer.join(tx, server_id, now)
        return True


async def _locked(tx: Transaction, token: str) -> Invite:
    """The lock first, then what the invite says: uses may have been taken while waiting."""
    await tx.lock((await found(tx, token)).server_id)
    return await found(tx, token)


async def _check_open(reader: Reader, invite: Invite, now: int) -> None:
    """Refused: invite.expired, invite.used_up."""
    if invite.expires_at is not None and now >= invite.expires_at:
        raise Refused("invite.expired")
    if invite.max_uses:
        ((reserved,),) = await reader.fetch(store.RESERVED, token=invite.token, now=now)
        if invite.uses + reserved >= invite.max_uses:
            raise Refused("invite.used_up")
