"""What hung on a deleted channel goes too, a piece at a time: one large delete would hold the writer for seconds."""

from __future__ import annotations

from hubbub.infra.database.base import Database, Transaction
from hubbub.services.chat import store

PIECE = 200


class Purge:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def channel(self, channel_id: int) -> None:
        async def piece(tx: Transaction) -> int:
            ids = [row[0] for row in await tx.fetch(store.SOME_OF_CHANNEL, channel=channel_id, count=PIECE)]
            if ids:
                await tx.execute(store.PURGE_EDITS, ids=ids)
                await tx.execute(store.PURGE_MENTIONS, ids=ids)
                await tx.execute(store.PURGE, ids=ids)
            else:
                await tx.execute(store.PURGE_READ, channel=channel_id)
            return len(ids)

        while await self._database.write(piece):
            pass
