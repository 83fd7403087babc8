"""In which order online members are listed: hoisted roles from the highest, then everybody else, by name inside each.

Worked out from memory: ranges of one list are asked for one by one, and between two questions few people come or go.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from hubbub.infra.database.base import Database
from hubbub.services.channel import store
from hubbub.services.channel.snapshot import Snapshot

SERVERS = 64  # whose places are remembered
SPARE = 1_000  # places of people who went offline, before they are forgotten

Place = tuple[int, str, int]
"""What to sort by: minus the position of the highest hoisted role, the name, the id."""


class _Server:
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.changes = 0
        self.places: dict[int, Place] = {}
        self.online: tuple[int, ...] | None = None  # whose order `ordered` is
        self.ordered: list[int] = []


class Roster:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._servers: OrderedDict[int, _Server] = OrderedDict()

    def forget(self, server_id: int, user_ids: Sequence[int]) -> None:
        """These people came, went, or have another name or role; nobody named: perhaps all of them."""
        if not user_ids:
            self._servers.pop(server_id, None)
        elif (known := self._servers.get(server_id)) is not None:
            known.changes += 1
            known.online = None
            for user_id in user_ids:
                known.places.pop(user_id, None)

    async def in_order(self, snapshot: Snapshot, online: tuple[int, ...]) -> list[int]:
        """Those of `online` who are members."""
        known = self._servers.get(snapshot.server_id)
        if known is None or known.epoch != snapshot.epoch:
            known = self._servers[snapshot.server_id] = _Server(snapshot.epoch)
        self._servers.move_to_end(snapshot.server_id)
        while len(self._servers) > SERVERS:
            self._servers.popitem(last=False)
        if known.online == online:
            return known.ordered
        changes = known.changes
        places = await self._places(snapshot, known.places, online)
        ordered = [place[2] for place in sorted(places[id] for id in online if id in places)]
        if changes == known.changes:  # what was read before a change is not kept after it
            known.places, known.online, known.ordered = places, online, ordered
        return ordered

    async def _places(self, snapshot: Snapshot, known: dict[int, Place], online: tuple[int, ...]) -> dict[int, Place]:
        if len(known) > 2 * len(online) + SPARE:
            known = {id: known[id] for id in online if id in known}
        missing = [id for id in online if id not in known]
        if not missing:
            return known
        heights: dict[str, int] = {}  # roles as stored -> position of the highest hoisted one
        found: dict[int, Place] = {}
        rows = await self._database.fetch(store.ONLINE_ROWS, server=snapshot.server_id, online=missing)
        for user_id, roles, name in rows:
            if (height := heights.get(roles)) is None:
                height = heights[roles] = _height(snapshot, roles)
            found[user_id] = (-height, name, user_id)
        return {**known, **found}


def _height(snapshot: Snapshot, roles: str) -> int:
    theirs = (snapshot.roles[id] for id in store.role_ids(roles) if id in snapshot.roles)
    return max((role.position for role in theirs if role.hoist), default=0)
