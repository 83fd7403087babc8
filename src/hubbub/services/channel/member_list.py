"""Who is on a server: by id, by the beginning of a name, or as rows of the list at the side of the screen."""

from __future__ import annotations

from typing import Any

from hubbub.errors import Refused
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, names, store
from hubbub.services.channel.api import Member, MemberQuery, MemberRows
from hubbub.services.channel.roster import Roster
from hubbub.services.channel.snapshot import Snapshot
from hubbub.services.channel.standing import Standings
from hubbub.services.channel.store import MemberRow
from hubbub.services.user.api import UserApi

MOST_IDS = 1_000
MOST_ROWS = 200
_PAST_ALL = "\U0010ffff"


class MemberList:
    def __init__(self, database: Database, standings: Standings, roster: Roster, users: UserApi) -> None:
        self._database = database
        self._standings = standings
        self._roster = roster
        self._users = users

    async def query(self, principal: Principal, server_id: int, query: MemberQuery) -> tuple[Member, ...]:
        snapshot = (await self._standings.on_server(principal.user_id, server_id)).snapshot
        limit = max(1, min(query.limit, MOST_IDS))
        if len(query.ids) > MOST_IDS:
            raise Refused("request.too_many_ids", limit=MOST_IDS)
        if query.ids:
            rows = await self._database.fetch(store.MEMBERS, server=server_id, ids=query.ids)
            found = sorted(map(store.member, rows))
        elif query.query:
            found = await self._by_prefix(server_id, names.folded(query.query), limit)
        else:
            rows = await self._database.fetch_proved(
                events.stream(server_id), store.MEMBERS_AFTER, server=server_id, after=query.after, count=limit
            )
            found = list(map(store.member, rows))
        return await self._members(snapshot, found)

    async def _by_prefix(self, server_id: int, prefix: str, limit: int) -> list[MemberRow]:
        """At most `limit`, by name."""
        if not names.printable(prefix):
            return []
        found: dict[int, tuple[Any, ...]] = {}
        for statement in store.BY_PREFIX.values():
            rows = await self._database.fetch(
                statement, server=server_id, prefix=prefix, beyond=prefix + _PAST_ALL, count=limit
            )
            found.update({row[0]: row for row in rows})
        ordered = sorted(found.values(), key=lambda row: (row[4], row[0]))
        return [store.member(row) for row in ordered[:limit]]

    async def rows(
        self, principal: Principal, server_id: int, online: tuple[int, ...], first: int, last: int
    ) -> MemberRows:
        snapshot = (await self._standings.on_server(principal.user_id, server_id)).snapshot
        first = max(0, first)
        count = max(0, min(last - first + 1, MOST_ROWS))
        here = await self._roster.in_order(snapshot, online)
        shown = here[first : first + count]
        if count > len(shown):
            skipped, wanted = max(0, first - len(here)), count - len(shown)
            offline = await self._database.fetch_proved(
                events.stream(server_id),
                store.OFFLINE_IDS,
                server=server_id,
                online=here,
                count=wanted,
                skipped=skipped,
            )
            shown = [*shown, *(id for (id,) in offline)]
        rows = await self._database.fetch(store.MEMBERS, server=server_id, ids=shown) if shown else ()
        by_id = {row[0]: store.member(row) for row in rows}
        server = await self._database.fetch(store.SERVER, server=server_id)
        members = await self._members(snapshot, [by_id[id] for id in shown if id in by_id])
        return MemberRows(first=first, total=server[0][6] if server else 0, members=members)

    async def _members(self, snapshot: Snapshot, rows: list[MemberRow]) -> tuple[Member, ...]:
        """Whoever has no account any more is left out."""
        users = {user.id: user for user in await self._users.get(tuple(row.user_id for row in rows))}
        return tuple(facts.member(snapshot, row, users[row.user_id]) for row in rows if row.user_id in users)
