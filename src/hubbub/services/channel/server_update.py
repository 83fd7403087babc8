"""Name and description of a server; its end.

A deleted server loses its row at once, and with it everything is unreachable. What hangs on it goes in pieces, so that
a server of 100,000 members stops nobody; `deleted_servers` remembers the unfinished ones over a restart.
"""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, names, store
from hubbub.services.channel.api import MANAGE_SERVER, ServerPatch, ServerView
from hubbub.services.channel.server_create import DESCRIPTION_LENGTH, NAME_LENGTH
from hubbub.services.channel.server_view import ServerViews
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standings

PIECE = 500  # rows a transaction deletes of each table


class ServerUpdate:
    def __init__(self, database: Database, snapshots: Snapshots, standings: Standings, views: ServerViews) -> None:
        self._database = database
        self._snapshots = snapshots
        self._standings = standings
        self._views = views

    async def update(self, principal: Principal, server_id: int, patch: ServerPatch) -> ServerView:
        name = patch.name
        if isinstance(name, str):
            name = names.name(name, "server.name_invalid", NAME_LENGTH)
        about = patch.description
        if isinstance(about, str):
            about = names.paragraph(about, "A description", DESCRIPTION_LENGTH)

        async def body(tx: Transaction) -> None:
            (await self._standings.within(tx, principal.user_id, server_id)).require(MANAGE_SERVER)
            old = store.server((await tx.fetch(store.SERVER, server=server_id))[0])
            new_name = name if isinstance(name, str) else old.name
            new_about = about if isinstance(about, str) else old.description
            if (new_name, new_about) == (old.name, old.description):
                return
            await tx.execute(store.UPDATE_SERVER, server=server_id, new_name=new_name, new_description=new_about)
            server = store.server((await tx.fetch(store.SERVER, server=server_id))[0])
            await tx.emit(events.stream(server_id), events.ServerUpdated(server_id=server_id, server=server))

        await self._database.write(body)  # a snapshot holds nothing of it
        return await self._views.view(principal, server_id)

    async def delete(self, principal: Principal, server_id: int) -> None:
        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            if standing.snapshot.owner_id != principal.user_id:
                raise Refused("permission.denied")
            await tx.execute(store.DELETE_SERVER, server=server_id)
            await tx.execute(store.REMEMBER_DELETED, server=server_id)
            gone = events.ServerDeleted(server_id=server_id, channel_ids=tuple(standing.snapshot.channels))
            await tx.emit(events.stream(server_id), gone)

        await self._snapshots.change(server_id, body)

    async def sweep(self) -> None:
        """Take away what is left of deleted servers."""
        for (server_id,) in await self._database.fetch(store.DELETED):
            while await self._delete_piece(server_id):
                pass

    async def _delete_piece(self, server_id: int) -> bool:
        """False: nothing is left."""

        async def body(tx: Transaction) -> bool:
            deleted = 0
            for statement in store.REMAINS:
                deleted += await tx.execute(statement, server=server_id, count=PIECE)
            if deleted:
                return True
            for statement in store.REMAINING_TREE:
                await tx.execute(statement, server=server_id)
            await tx.execute(store.FORGET_DELETED, server=server_id)
            return False

        return await self._database.write(body)
