"""Who is on a server: by id, by the beginning of a name, or as rows of the list at the side of the screen."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

from hubbub.errors import Refused
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel import facts, names, store
from hubbub.services.channel.api import Member, MemberQuery, MemberRows
from hubbub.services.channel.snapshot import Snapshot
from hubbub.services.channel.standing import Standings
from hubbub.services.channel.store import MemberRow
from hubbub.services.user.api import UserApi

MOST_IDS = 1_000
MOST_ROWS = 200
_PAST_ALL = "\U0010ffff"
_SORTED = 64  # servers whose online members' order is remembered: ranges of one list are asked for one by one


class _Sorted(NamedTuple):
    epoch: int
    online: tuple[int, ...]
    ids: list[int]


class MemberList:
    def __init__(self, database: Database, standings: Standings, users: UserApi) -> None:
        self._database = database
        self._standings = standings
        self._users = users
        self._sorted: OrderedDict[int, _Sorted] = OrderedDict()

    def forget(self, server_id: int) -> None:
        """Somebody there came, went or has another name or role."""
        self._sorted.pop(server_id, None)

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
            rows = await self._database.fetch(store.MEMBERS_AFTER, server=server_id, after=query.after, count=limit)
            found = list(map(store.member, rows))
        return await self._members(snapshot, found)

    async def _by_prefix(self, server_id: int, prefix: str, limit: int) -> list[MemberRow]:
        """At most `limit`, by name."""
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
        here = await self._in_order(snapshot, online)
        shown = here[first : first + count]
        rows = await self._database.fetch(store.MEMBERS, server=server_id, ids=shown) if shown else ()
        by_id = {row[0]: store.member(row) for row in rows}
        found = [by_id[id] for id in shown if id in by_id]
        if count > len(shown):
            skipped, count = max(0, first - len(here)), count - len(shown)
            rows = await self._database.fetch(
                store.OFFLINE_ROWS, server=server_id, online=online, count=count, skipped=skipped
            )
            found += map(store.member, rows)
        server = await self._database.fetch(store.SERVER, server=server_id)
        total = server[0][6] if server else 0
        return MemberRows(first=first, total=total, members=await self._members(snapshot, found))

    async def _in_order(self, snapshot: Snapshot, online: tuple[int, ...]) -> list[int]:
        """Members that are online: hoisted roles from the highest, then the others, by name inside each."""
        known = self._sorted.get(snapshot.server_id)
        if known is not None and known.epoch == snapshot.epoch and known.online == online:
            return known.ids
        heights: dict[str, int] = {}  # roles as stored -> position of the highest hoisted one
        keys: list[tuple[int, str, int]] = []
        for user_id, text, name in await self._database.fetch(
            store.ONLINE_ROWS, server=snapshot.server_id, online=online
        ):
            if (height := heights.get(text)) is None:
                height = heights[text] = _height(snapshot, text)
            keys.append((-height, name, user_id))
        ids = [user_id for _, _, user_id in sorted(keys)]
        self._sorted[snapshot.server_id] = _Sorted(snapshot.epoch, online, ids)
        while len(self._sorted) > _SORTED:
            self._sorted.popitem(last=False)
        return ids

    async def _members(self, snapshot: Snapshot, rows: list[MemberRow]) -> tuple[Member, ...]:
        """Whoever has no account any more is left out."""
        users = {user.id: user for user in await self._users.get(tuple(row.user_id for row in rows))}
        return tuple(facts.member(snapshot, row, users[row.user_id]) for row in rows if row.user_id in users)


def _height(snapshot: Snapshot, roles: str) -> int:
    theirs = (snapshot.roles[id] for id in store.role_ids(roles) if id in snapshot.roles)
    return max((role.position for role in theirs if role.hoist), default=0)
