"""A server as one member sees it.

Heads are read first. Everything else is read from the database after that, or is in memory with the epoch that was
read after that: so nothing before the head is missing.
"""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, store
from hubbub.services.channel.api import ChannelView, Memberships, Server, ServerView
from hubbub.services.channel.standing import Standing, Standings
from hubbub.services.user.api import User, UserApi

LONGEST = 4 * 1024 * 1024  # bytes of all views in one answer; the largest server that can be made has 2.5


class ServerViews:
    def __init__(self, database: Database, standings: Standings, users: UserApi) -> None:
        self._database = database
        self._standings = standings
        self._users = users

    async def view(self, principal: Principal, server_id: int) -> ServerView:
        stream = events.stream(server_id)
        heads = await self._database.heads([stream])
        rows = await self._database.fetch(store.SERVER, server=server_id)
        user = await self._user(principal)
        mine = await self._database.fetch(store.MEMBER, server=server_id, user=principal.user_id)
        standing = await self._standings.of(store.member(mine[0]), server_id, rows[0][7]) if rows and mine else None
        if standing is None or user is None:
            raise Refused("server.not_found")
        return _view(store.server(rows[0]), standing, user, heads[stream])

    async def views(self, principal: Principal) -> Memberships:
        ids = await self.servers_of(principal.user_id)
        user = await self._user(principal) if ids else None
        if user is None:
            return Memberships(views=(), unanswered=())
        heads = await self._database.heads([events.stream(id) for id in ids])
        found: list[ServerView] = []
        rest: list[int] = []
        size = 0
        for row in await self._database.fetch(store.MEMBERSHIPS, user=principal.user_id):
            server = store.server(row)
            standing = await self._standings.of(store.member(row[8:]), server.id, row[7])
            if standing is not None and (head := heads.get(events.stream(server.id))) is not None:
                view = _view(server, standing, user, head)
                size += _size(view)
                if found and size > LONGEST:
                    rest.append(server.id)
                else:
                    found.append(view)
        return Memberships(views=tuple(found), unanswered=tuple(rest))

    async def servers_of(self, user_id: int) -> tuple[int, ...]:
        return tuple(row[0] for row in await self._database.fetch(store.SERVERS_OF, user=user_id))

    async def _user(self, principal: Principal) -> User | None:
        found = await self._users.get((principal.user_id,))
        return found[0] if found else None


def _view(server: Server, standing: Standing, user: User, head: int) -> ServerView:
    snapshot, rights = standing.snapshot, standing.rights
    return ServerView(
        server=server,
        channels=tuple(
            ChannelView(channel=snapshot.channels[id], permissions=bits) for id, bits in rights.channels.items()
        ),
        roles=tuple(snapshot.roles.values()),
        me=facts.member(snapshot, standing.member, user),
        permissions=rights.permissions,
        head=head,
    )


def _size(view: ServerView) -> int:
    """Bytes between processes, rather too many: four for each character that people wrote."""
    written = sum(len(each.channel.name) + len(each.channel.topic) for each in view.channels)
    return 4 * written + 200 * len(view.channels) + 300 * len(view.roles) + 2_000
