"""One member on one server at a moment: what verbs ask before they do anything.

Whoever is no member, or may not view a channel, learns that it does not exist.
"""

from __future__ import annotations

from typing import NamedTuple

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.channel import store
from hubbub.services.channel.api import Channel, ChannelView
from hubbub.services.channel.snapshot import Rights, Snapshot, Snapshots
from hubbub.services.channel.store import MemberRow


class Standing(NamedTuple):
    snapshot: Snapshot
    member: MemberRow
    rights: Rights

    @property
    def user_id(self) -> int:
        return self.member.user_id

    @property
    def rank(self) -> int:
        return self.snapshot.rank(self.member.user_id, self.member.roles)

    def require(self, permission: int) -> None:
        _require(self.rights.permissions, permission)

    def channel(self, channel_id: int, permission: int) -> Channel:
        """Refused: channel.not_found, permission.denied."""
        bits = self.rights.channels.get(channel_id)
        if bits is None:
            raise Refused("channel.not_found")
        _require(bits, permission)
        return self.snapshot.channels[channel_id]

    def view(self, channel_id: int) -> ChannelView:
        return ChannelView(channel=self.channel(channel_id, 0), permissions=self.rights.channels[channel_id])

    def require_over(self, other: MemberRow) -> None:
        """Refused: member.outranked, also for oneself."""
        if self.rank <= self.snapshot.rank(other.user_id, other.roles):
            raise Refused("member.outranked")


class Standings:
    def __init__(self, snapshots: Snapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = clock

    async def find(self, user_id: int, server_id: int) -> Standing | None:
        member = await self._snapshots.member(server_id, user_id)
        return await self.of(member, server_id, 0) if member else None

    async def fresh(self, user_id: int, server_id: int) -> Standing | None:
        """As the database has it now."""
        snapshot, members = await self._snapshots.fresh_members(server_id, (user_id,))
        if snapshot is None:
            return None
        rights = snapshot.rights(user_id, members[0].roles, self._clock.now_ms())
        return Standing(snapshot, members[0], rights)

    async def of(self, member: MemberRow, server_id: int, epoch: int) -> Standing | None:
        """As of the server's `epoch` or later."""
        snapshot = await self._snapshots.get(server_id, epoch)
        if snapshot is None:
            return None
        return Standing(snapshot, member, snapshot.rights(member.user_id, member.roles, self._clock.now_ms()))

    async def on_server(self, user_id: int, server_id: int) -> Standing:
        """Refused: server.not_found."""
        if (found := await self.find(user_id, server_id)) is None:
            raise Refused("server.not_found")
        return found

    async def on_channel(self, user_id: int, channel_id: int) -> Standing:
        """Refused: channel.not_found. Whether it is visible is asked with `channel`."""
        if (known := self._known(user_id, channel_id)) is not None:
            return known
        found = await self.find(user_id, await self.server_of(channel_id))
        if found is None:
            raise Refused("channel.not_found")
        return found

    def _known(self, user_id: int, channel_id: int) -> Standing | None:
        """The same from memory, as for nearly every message; None when something must be read."""
        if (kept := self._snapshots.kept(user_id, channel_id)) is None:
            return None
        snapshot, member = kept
        return Standing(snapshot, member, snapshot.rights(user_id, member.roles, self._clock.now_ms()))

    async def server_of(self, channel_id: int) -> int:
        if (server_id := await self._snapshots.server_of(channel_id)) is None:
            raise Refused("channel.not_found")
        return server_id

    async def seen(self, user_id: int, channel: Channel) -> ChannelView:
        """A channel that was just written, with the rights on it now: perhaps none, if the place took them away."""
        found = await self.find(user_id, channel.server_id)
        return ChannelView(channel=channel, permissions=found.rights.channels.get(channel.id, 0) if found else 0)

    async def within(self, tx: Transaction, user_id: int, server_id: int, code: str = "server.not_found") -> Standing:
        """As the transaction sees it: nobody's right is taken away between the question and the write."""
        await tx.lock(server_id)
        rows = await tx.fetch(store.MEMBER, server=server_id, user=user_id)
        snapshot = await self._snapshots.within(tx, server_id) if rows else None
        if snapshot is None:
            raise Refused(code)
        member = store.member(rows[0])
        return Standing(snapshot, member, snapshot.rights(user_id, member.roles, self._clock.now_ms()))


def _require(bits: int, permission: int) -> None:
    if missing := permission & ~bits:
        raise Refused("permission.denied", permission=str(missing))
