"""Names of members for search and order, kept up with their profiles."""

from __future__ import annotations

from hubbub.infra.database.base import Database, Transaction
from hubbub.services.channel import names, store
from hubbub.services.channel.roster import Roster
from hubbub.services.user.api import User


class MemberRename:
    def __init__(self, database: Database, roster: Roster) -> None:
        self._database = database
        self._roster = roster

    async def rename(self, user: User) -> None:
        """The fact may come twice, or late: it says how it is now."""
        shown, username = names.folded(user.display_name), names.folded(user.username)

        async def body(tx: Transaction) -> None:
            await tx.execute(store.RENAME_MEMBER, user=user.id, new_name=shown, new_username=username)

        await self._database.write(body)
        for (server_id,) in await self._database.fetch(store.SERVERS_OF, user=user.id):
            self._roster.forget(server_id, (user.id,))
