"""Name and description of a server."""

from __future__ import annotations

from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, names, store
from hubbub.services.channel.api import ServerPatch, ServerView
from hubbub.services.channel.permission_bits import MANAGE_SERVER
from hubbub.services.channel.server_create import DESCRIPTION_LENGTH, NAME_LENGTH
from hubbub.services.channel.server_view import ServerViews
from hubbub.services.channel.standing import Standings


class ServerUpdate:
    def __init__(self, database: Database, standings: Standings, views: ServerViews) -> None:
        self._database = database
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
