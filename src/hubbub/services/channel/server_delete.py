"""The end of a server.

It loses its row at once, and with it everything is unreachable. What hangs on it goes in pieces, so that a server of
100,000 members stops nobody; `deleted_servers` remembers the unfinished ones over a restart.
"""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, store
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standings

PIECE = 500  # rows a transaction deletes of each table


class ServerDelete:
    def __init__(self, database: Database, snapshots: Snapshots, standings: Standings) -> None:
        self._database = database
        self._snapshots = snapshots
        self._standings = standings
        self.pending = True  # something may be left to take away

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
        self.pending = True

    async def sweep(self) -> None:
        """Take away what is left of deleted servers."""
        self.pending = False
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
