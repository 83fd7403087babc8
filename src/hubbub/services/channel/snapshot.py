"""What decides about rights on one server, in memory: tree, roles, entries, and the members that asked lately.

`servers.epoch` is raised by every transaction that changes tree, roles or entries, so a snapshot is exactly the state
at its epoch. It is dropped after each such commit, before the verb returns: a revoked right stops the next call.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy.sql.expression import ClauseElement

from hubbub.infra.database.base import Database, Row, Transaction
from hubbub.services.channel import permissions, store, tree
from hubbub.services.channel.api import Channel, Overwrite, Role, Server
from hubbub.services.channel.store import MemberRow

SNAPSHOTS = 1_000  # servers; one of 500 channels takes about 500 KB
MEMBERS = 20_000  # members of any servers; about 5 MB
CHANNELS = 50_000  # channel -> server
RIGHTS = 512  # sets of rights of one server: people with the same roles and no entry of their own share one

T = TypeVar("T")


class Rights(NamedTuple):
    """`channels`: each visible channel and its bits, parents first. Void at `valid_until`."""

    permissions: int
    channels: dict[int, int]
    valid_until: int | None


class Snapshot:
    """Immutable but for what it has worked out already."""

    def __init__(
        self,
        server: Server,
        epoch: int,
        channels: Sequence[Channel],
        roles: Sequence[Role],
        entries: Sequence[Overwrite],
    ) -> None:
        self.server_id = server.id
        self.owner_id = server.owner_id
        self.epoch = epoch
        self.channels = {each.id: each for each in tree.in_order(channels)}
        self.roles = {each.id: each for each in sorted(roles, key=lambda each: (each.position, each.id))}
        self.entries: dict[int, list[Overwrite]] = {}
        for entry in entries:
            if entry.channel_id in self.channels:
                self.entries.setdefault(entry.channel_id, []).append(entry)
        self._parents = {each.id: each.parent_id for each in self.channels.values()}
        self._named = {entry.target_id for entry in entries if entry.target_type == "user"}
        everybody = self.roles[server.id].permissions
        self._telling = {entry.target_id for entry in entries if entry.target_type == "role"}
        self._telling |= {each.id for each in roles if each.permissions & ~everybody}
        self._rights: dict[tuple[int, frozenset[int]], Rights] = {}

    def person(self, user_id: int, roles: frozenset[int]) -> permissions.Person:
        return permissions.Person(user_id, self.server_id, roles, user_id == self.owner_id)

    def rights(self, user_id: int, roles: frozenset[int], now: int) -> Rights:
        roles = roles & self._telling  # most roles only colour a name
        key = (user_id if user_id in self._named or user_id == self.owner_id else 0, roles)
        found = self._rights.get(key)
        if found is None or (found.valid_until is not None and now >= found.valid_until):
            if len(self._rights) >= RIGHTS:
                self._rights.clear()
            found = self._rights[key] = self._resolved(self.person(user_id, roles), now)
        return found

    def _resolved(self, person: permissions.Person, now: int) -> Rights:
        ends = [
            entry.expires_at
            for entries in self.entries.values()
            for entry in entries
            if entry.expires_at is not None and entry.expires_at > now
        ]
        return Rights(
            permissions.server_wide(self.roles, person),
            permissions.resolve_all(self._parents, self.roles, self.entries, person, now),
            min(ends, default=None),
        )

    def rank(self, user_id: int, roles: frozenset[int]) -> int:
        """Position of the highest role; the owner stands above every position."""
        if user_id == self.owner_id:
            return 1 << 30
        return max((self.roles[id].position for id in roles if id in self.roles), default=0)

    def known(self, roles: frozenset[int]) -> tuple[int, ...]:
        """Without those of deleted roles, in a fixed order."""
        return tuple(sorted(id for id in roles if id in self.roles))


class Reader(Protocol):
    """A database or one of its transactions."""

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]: ...


class Snapshots:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._servers: OrderedDict[int, Snapshot] = OrderedDict()
        self._members: OrderedDict[tuple[int, int], MemberRow] = OrderedDict()
        self._server_of: OrderedDict[int, int] = OrderedDict()
        self._voids = 0  # what was read before a void must not be kept after it
        self._changing: set[asyncio.Task[Any]] = set()
        self.on_void: Callable[[int, Sequence[int]], None] = lambda server_id, user_ids: (
            None
        )  # who else keeps something

    async def get(self, server_id: int, epoch: int = 0) -> Snapshot | None:
        """As of `epoch` or later; None when there is no such server."""
        known = self._servers.get(server_id)
        if known is not None and known.epoch >= epoch:
            self._servers.move_to_end(server_id)
            return known
        voids = self._voids
        read = await load(self._database, server_id)
        if read is not None and voids == self._voids:
            _keep(self._servers, server_id, read, SNAPSHOTS)
            for channel_id in read.channels:
                _keep(self._server_of, channel_id, server_id, CHANNELS)
        return read

    async def within(self, tx: Transaction, server_id: int) -> Snapshot | None:
        """As this transaction sees it; nobody else changes it until the end."""
        await tx.lock(server_id)
        rows = await tx.fetch(store.SERVER, server=server_id)
        if not rows:
            return None
        known = self._servers.get(server_id)
        return known if known is not None and known.epoch == rows[0][7] else await load(tx, server_id)

    def kept(self, user_id: int, channel_id: int) -> tuple[Snapshot, MemberRow] | None:
        """The server of a channel and a member of it, when both are in memory."""
        server_id = self._server_of.get(channel_id, 0)
        snapshot, member = self._servers.get(server_id), self._members.get((server_id, user_id))
        if snapshot is None or member is None:
            return None
        self._servers.move_to_end(server_id)
        self._members.move_to_end((server_id, user_id))
        return snapshot, member

    async def member(self, server_id: int, user_id: int) -> MemberRow | None:
        key = (server_id, user_id)
        if (known := self._members.get(key)) is not None:
            self._members.move_to_end(key)
            return known
        voids = self._voids
        rows = await self._database.fetch(store.MEMBER, server=server_id, user=user_id)
        if not rows:
            return None
        read = store.member(rows[0])
        if voids == self._voids:
            _keep(self._members, key, read, MEMBERS)
        return read

    async def members(self, server_id: int, user_ids: Sequence[int]) -> dict[int, MemberRow]:
        found = {id: known for id in user_ids if (known := self._members.get((server_id, id))) is not None}
        if missing := [id for id in user_ids if id not in found]:
            voids = self._voids
            for row in await self._database.fetch(store.MEMBERS, server=server_id, ids=missing):
                found[row[0]] = store.member(row)
                if voids == self._voids:
                    _keep(self._members, (server_id, row[0]), found[row[0]], MEMBERS)
        return found

    async def fresh_members(self, server_id: int, user_ids: Sequence[int]) -> tuple[Snapshot | None, list[MemberRow]]:
        """As the database has it now, whatever this process has heard: for those who act on an event, which another
        process may have written and we not heard of yet."""
        rows = await self._database.fetch(store.MEMBERS, server=server_id, ids=user_ids)
        server = await self._database.fetch(store.SERVER, server=server_id) if rows else ()
        snapshot = await self.get(server_id, server[0][7]) if server else None
        return snapshot, [store.member(row) for row in rows]

    def heard(self, server_id: int, user_ids: Sequence[int], whole: bool) -> None:
        """Another process may have changed these members, or (`whole`) tree, roles or entries."""
        self._voids += 1
        if whole:
            self._servers.pop(server_id, None)
        for user_id in user_ids:
            self._members.pop((server_id, user_id), None)
        self.on_void(server_id, user_ids)

    def forget(self) -> None:
        """Nobody knows what was missed."""
        self._voids += 1
        for server_id in list(self._servers):
            self.on_void(server_id, ())
        self._servers.clear()
        self._members.clear()

    async def server_of(self, channel_id: int) -> int | None:
        """Never changes, so a deleted channel may still be known here; its server's snapshot has it no more."""
        if (known := self._server_of.get(channel_id)) is not None:
            return known
        rows = await self._database.fetch(store.SERVER_OF, channel=channel_id)
        return rows[0][0] if rows else None

    async def change(
        self, server_id: int, body: Callable[[Transaction], Awaitable[T]], user_ids: Sequence[int] = ()
    ) -> T:
        """Write, then drop what is known of the server and of these members of it."""
        return await self._finished(self._changed(server_id, body, user_ids, True))

    async def change_members(
        self, server_id: int, body: Callable[[Transaction], Awaitable[T]], user_ids: Sequence[int]
    ) -> T:
        """The same for what leaves tree, roles and entries alone."""
        return await self._finished(self._changed(server_id, body, user_ids, False))

    async def _finished(self, change: Coroutine[Any, Any, T]) -> T:
        """In a task of its own: whoever asked may be cancelled while the commit goes on, and what is known must go
        then too."""
        task = asyncio.create_task(change)
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)
        return await asyncio.shield(task)

    async def _changed(
        self, server_id: int, body: Callable[[Transaction], Awaitable[T]], user_ids: Sequence[int], whole: bool
    ) -> T:
        try:
            return await self._database.write(body)
        finally:  # also after Unavailable: the commit may have happened
            self._voids += 1
            if whole:
                self._servers.pop(server_id, None)
            for user_id in user_ids:
                self._members.pop((server_id, user_id), None)
            self.on_void(server_id, user_ids)

    async def close(self) -> None:
        """Let changes that are being written come to their end."""
        if self._changing:
            await asyncio.wait(self._changing)


async def load(reader: Reader, server_id: int) -> Snapshot | None:
    """Read until nothing changed in between: outside of a transaction each statement sees a state of its own."""
    while rows := await reader.fetch(store.SERVER, server=server_id):
        entries = await reader.fetch(store.ENTRIES, server=server_id)
        channels = await reader.fetch(store.CHANNELS, server=server_id)
        roles = await reader.fetch(store.ROLES, server=server_id)
        again = await reader.fetch(store.SERVER, server=server_id)
        if again and again[0][7] == rows[0][7]:
            return Snapshot(
                store.server(rows[0]),
                rows[0][7],
                [store.channel(row) for row in channels],
                [store.role(row) for row in roles],
                [store.entry(row) for row in entries],
            )
    return None


K = TypeVar("K")
V = TypeVar("V")


def _keep(cache: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
