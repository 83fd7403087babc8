"""A new server: everybody's role, a room to write in and one to talk in, and its owner as the first member."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import channel_create, events, names, requests, role_create, store
from hubbub.services.channel.api import ChannelType, Role, ServerView
from hubbub.services.channel.member_add import NewMember
from hubbub.services.channel.permission_bits import DEFAULT_PERMISSIONS
from hubbub.services.channel.server_view import ServerViews
from hubbub.services.user.api import UserApi

MOST_OWNED = 100
NAME_LENGTH = 100
DESCRIPTION_LENGTH = 300
_FIRST: tuple[tuple[str, ChannelType], ...] = (("general", "text"), ("Lounge", "voice"))


class ServerCreate:
    def __init__(self, database: Database, users: UserApi, views: ServerViews, ids: Snowflakes, clock: Clock) -> None:
        self._database = database
        self._users = users
        self._views = views
        self._ids = ids
        self._clock = clock

    async def create(self, principal: Principal, key: str, name: str, description: str) -> ServerView:
        called = names.name(name, "server.name_invalid", NAME_LENGTH)
        about = names.paragraph(description, "A description", DESCRIPTION_LENGTH)
        owner = await NewMember.of(self._users, principal)

        async def body(tx: Transaction) -> int:
            now, server_id = self._clock.now_ms(), self._ids.next()
            arguments = ("server.create", called, about)
            known = await requests.claim(tx, owner.user.id, key, arguments, str(server_id), now)
            if known is not None:
                return int(known)
            await tx.lock(owner.user.id)
            if (await tx.fetch(store.OWNED, user=owner.user.id))[0][0] >= MOST_OWNED:
                raise Refused("server.too_many", limit=MOST_OWNED)
            await self._write(tx, server_id, called, about, owner, now)
            return server_id

        return await self._views.view(principal, await self._database.write(body))

    async def _write(
        self, tx: Transaction, server_id: int, name: str, description: str, owner: NewMember, now: int
    ) -> None:
        await tx.execute(
            store.ADD_SERVER,
            id=server_id,
            name=name,
            icon=None,
            description=description,
            owner_id=owner.user.id,
            created_at=now,
            member_count=0,
            epoch=1,
        )
        await role_create.insert(tx, everybody(server_id))
        for position, (called, kind) in enumerate(_FIRST):
            channel = channel_create.fresh(self._ids.next(), server_id, called, kind, "", None, position)
            await channel_create.insert(tx, channel)
        await tx.emit(events.stream(server_id), events.ServerCreated(server_id=server_id, owner_id=owner.user.id))
        await owner.join(tx, server_id, now)


def everybody(server_id: int) -> Role:
    return Role(
        id=server_id,
        server_id=server_id,
        name="everyone",
        hue=None,
        hoist=False,
        mentionable=False,
        position=0,
        permissions=DEFAULT_PERMISSIONS,
    )
