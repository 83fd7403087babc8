"""Entries on channels: reading, putting, deleting and explaining them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import facts, permissions, store, tree
from hubbub.services.channel.api import Explanation, Overwrite
from hubbub.services.channel.permission_bits import EVERY_PERMISSION, MANAGE_ROLES, VIEW_CHANNEL
from hubbub.services.channel.permissions import GRANTABLE_BY_ENTRY
from hubbub.services.channel.snapshot import Snapshot, Snapshots
from hubbub.services.channel.standing import Standing, Standings

MOST = 500  # entries on one channel

NOT_A_MEMBER = Explanation(allowed=False, decided_by="not_member", channel_id=None, target_id=None, valid_until=None)


class Overwrites:
    """`expiring` is told of each instant at which an entry will end."""

    def __init__(
        self, snapshots: Snapshots, standings: Standings, clock: Clock, expiring: Callable[[int], None]
    ) -> None:
        self._snapshots = snapshots
        self._standings = standings
        self._clock = clock
        self._expiring = expiring

    async def all(self, principal: Principal, channel_id: int) -> tuple[Overwrite, ...]:
        standing = await self._standings.on_channel(principal.user_id, channel_id)
        standing.channel(channel_id, MANAGE_ROLES)
        now = self._clock.now_ms()
        entries = standing.snapshot.entries.get(channel_id, ())
        return tuple(each for each in entries if each.expires_at is None or now < each.expires_at)

    async def put(self, principal: Principal, overwrite: Overwrite) -> Overwrite:
        server_id, entry = await self._standings.server_of(overwrite.channel_id), overwrite

        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id, "channel.not_found")
            standing.channel(entry.channel_id, MANAGE_ROLES)
            now = self._clock.now_ms()
            _check(entry, now)
            await _check_target(tx, standing.snapshot, entry)
            _check_room(standing.snapshot, entry)
            _may_change(standing, _current(standing.snapshot, entry.channel_id, entry.target_id, now), entry)
            await tx.execute(store.PUT_ENTRY, server_id=server_id, **msgspec.structs.asdict(entry))
            await facts.rights_changed(tx, server_id, (entry.target_id,) if entry.target_type == "user" else ())

        await self._snapshots.change(server_id, body)
        if entry.expires_at is not None:
            self._expiring(entry.expires_at)
        return entry

    async def delete(self, principal: Principal, channel_id: int, target_id: int) -> None:
        server_id = await self._standings.server_of(channel_id)

        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id, "channel.not_found")
            standing.channel(channel_id, MANAGE_ROLES)
            entry = _current(standing.snapshot, channel_id, target_id, self._clock.now_ms())
            if entry is None:
                raise Refused("overwrite.not_found")
            _may_change(standing, entry, None)
            await tx.execute(store.DELETE_ENTRY, channel=channel_id, target=target_id)
            await facts.rights_changed(tx, server_id, (target_id,) if entry.target_type == "user" else ())

        await self._snapshots.change(server_id, body)

    async def explain(self, principal: Principal, channel_id: int, user_id: int, permission: int) -> Explanation:
        """One's own rights are everybody's to ask about; those of others need MANAGE_ROLES there."""
        if permission.bit_count() != 1 or permission & ~EVERY_PERMISSION:
            raise Refused("permission.unknown")
        standing = await self._standings.on_channel(principal.user_id, channel_id)
        standing.channel(channel_id, VIEW_CHANNEL if user_id == principal.user_id else MANAGE_ROLES)
        snapshot = standing.snapshot
        member = await self._snapshots.member(snapshot.server_id, user_id)
        if member is None:
            return NOT_A_MEMBER
        path = tree.path(snapshot.channels, channel_id)
        person = snapshot.person(user_id, member.roles)
        now = self._clock.now_ms()
        return permissions.explain(path, snapshot.roles, snapshot.entries, person, now, permission)


def _check(entry: Overwrite, now: int) -> None:
    """Refused: overwrite.invalid."""
    impossible = entry.allow & entry.deny or (entry.allow | entry.deny) & ~GRANTABLE_BY_ENTRY
    if impossible or (entry.expires_at is not None and entry.expires_at <= now):
        raise Refused("overwrite.invalid")


async def _check_target(tx: Transaction, snapshot: Snapshot, entry: Overwrite) -> None:
    """Refused: role.not_found, member.not_found."""
    if entry.target_type == "role":
        if entry.target_id not in snapshot.roles:
            raise Refused("role.not_found")
    elif not await tx.fetch(store.MEMBER, server=snapshot.server_id, user=entry.target_id):
        raise Refused("member.not_found")


def _check_room(snapshot: Snapshot, entry: Overwrite) -> None:
    entries = snapshot.entries.get(entry.channel_id, ())
    if len(entries) >= MOST and all(each.target_id != entry.target_id for each in entries):
        raise Refused("overwrite.invalid", limit=MOST)


def _current(snapshot: Snapshot, channel_id: int, target_id: int, now: int) -> Overwrite | None:
    for each in snapshot.entries.get(channel_id, ()):
        if each.target_id == target_id and (each.expires_at is None or now < each.expires_at):
            return each
    return None


def _may_change(standing: Standing, old: Overwrite | None, new: Overwrite | None) -> None:
    """Taking a denial away grants, so every bit that either entry speaks of must be the principal's own, unless it
    stays as it is. Refused: permission.denied."""
    touched = 0
    for each in (old, new):
        touched |= each.allow | each.deny if each else 0
    if old and new and (old.applies, old.expires_at) == (new.applies, new.expires_at):
        touched = (old.allow ^ new.allow) | (old.deny ^ new.deny)
    present = new or old
    if present is not None:
        standing.channel(present.channel_id, touched)
